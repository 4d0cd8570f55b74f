"""The live state of every channel that one may see: what /ws/events pushes, as a list."""

from fastapi import APIRouter

from viewer.access import Action, CallerHere, GuardedRoute
from viewer.api.channels import LiveChannel, live_channel
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Search, Sort, cut_page
from viewer.objects import device_object
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/streams", route_class=GuardedRoute, tags=["streams"])

_SORT_KEYS = {
    "device": lambda statistics: f"{statistics.device_id}/{statistics.channel}",
    "state": lambda statistics: statistics.state,
    "since": lambda statistics: f"{statistics.since_utc_ns:020}",
}


@router.get("")
async def list_streams(
    caller: CallerHere,
    services: ServicesHere,
    q: Search = "",
    state: str | None = None,
    sort: Sort = "device",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[LiveChannel]:
    await caller.enter()
    matching = [
        statistics
        for statistics in services.hub.statistics()
        if q.lower() in statistics.device_id.lower()
        and state in (None, statistics.state)
        and caller.sees(Action.DEVICE_READ, device_object(services.registry, statistics.device_id))
    ]
    channels, following, total = cut_page(matching, _SORT_KEYS, "device", sort, cursor, limit)
    return Page(items=[live_channel(statistics) for statistics in channels], next_cursor=following, total=total)

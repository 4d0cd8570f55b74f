"""What will be deleted in the next days, by which rule, before it is: by day and unit, and of each channel.

Only what goes by age: of what a full disk takes before its time the forecast speaks (archive_health). Not here: how it
is reckoned (recorder.retention.outlook).
"""

from collections import defaultdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from recorder.retention import Planned
from storage import DAY_NS, iso_from_ns, utc_from_ns
from viewer.access import CallerHere, GuardedRoute, Principal
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Sort, cut_page
from viewer.services import Services, ServicesHere

DAYS_DEFAULT = 7
DAYS_MAX = 31

router = APIRouter(prefix="/api/v1/retention/plan", route_class=GuardedRoute, tags=["retention"])

Days = Annotated[int, Query(ge=1, le=DAYS_MAX, description="From today on.")]


class PlannedDay(BaseModel):
    """What of a unit's footage goes on a day of UTC. `rule` is the unit whose policy says so; empty: the settings.
    `freed` counts clips and holds that kept some of it until two people let it go.
    """

    day: str
    unit: str
    rule: str
    segments: int
    seconds: int
    bytes: int
    freed: int


class Plan(BaseModel):
    made_at: str
    until: str
    segments: int
    seconds: int
    bytes: int
    days: list[PlannedDay]


class PlannedChannel(BaseModel):
    """`freed` are ids of clips and holds."""

    day: str
    device: str
    channel: str
    unit: str
    rule: str
    start: str
    end: str
    segments: int
    seconds: int
    bytes: int
    freed: list[str]


@router.get("")
async def read_plan(caller: CallerHere, services: ServicesHere, days: Days = DAYS_DEFAULT) -> Plan:
    principal = await caller.enter()
    now_ns = services.retention.now_utc_ns()
    planned = await _planned(services, principal, days)
    groups: dict[tuple[int, str, str], list[Planned]] = defaultdict(list)
    for one in planned:
        groups[one.day, one.unit, one.rule].append(one)
    return Plan(
        made_at=iso_from_ns(now_ns),
        until=iso_from_ns(_end_ns(now_ns, days)),
        segments=sum(one.segments for one in planned),
        seconds=sum(one.seconds for one in planned),
        bytes=sum(one.size_bytes for one in planned),
        days=[
            PlannedDay(
                day=_day(day),
                unit=unit,
                rule=rule,
                segments=sum(one.segments for one in some),
                seconds=sum(one.seconds for one in some),
                bytes=sum(one.size_bytes for one in some),
                freed=len({keeping for one in some for keeping in one.freed}),
            )
            for (day, unit, rule), some in sorted(groups.items())
        ],
    )


@router.get("/channels")
async def list_planned_channels(
    caller: CallerHere,
    services: ServicesHere,
    days: Days = DAYS_DEFAULT,
    day: Annotated[date | None, Query(description="This day alone.")] = None,
    unit: Annotated[str | None, Query(max_length=64)] = None,
    freed: Annotated[bool | None, Query(description="True: only what a clip or hold kept once.")] = None,
    sort: Sort = "day",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[PlannedChannel]:
    principal = await caller.enter()
    planned = [
        one
        for one in await _planned(services, principal, days)
        if (day is None or _day(one.day) == day.isoformat())
        and (unit is None or one.unit == unit)
        and (freed is None or bool(one.freed) is freed)
    ]
    keys = {
        "day": lambda one: _day(one.day),
        "device": lambda one: one.device,
        "unit": lambda one: one.unit,
        "bytes": lambda one: f"{one.size_bytes:020d}",
    }
    every = {**keys, "place": lambda one: f"{one.day:09d} {one.device} {one.channel} {one.unit}"}
    rows, following, total = cut_page(planned, every, "place", sort, cursor, limit)
    return Page(items=[_channel(one) for one in rows], next_cursor=following, total=total)


async def _planned(services: Services, principal: Principal, days: int) -> list[Planned]:
    retention, now_ns = services.retention, services.retention.now_utc_ns()
    planned = await retention.outlook.plan(retention.policies.book, now_ns, _end_ns(now_ns, days))
    if principal.unit is None:
        return planned
    return [one for one in planned if principal.unit in services.registry.units.path(one.unit)]


def _end_ns(now_ns: int, days: int) -> int:
    """Whole days of UTC, today the first of them."""
    return (now_ns // DAY_NS + days) * DAY_NS


def _day(day: int) -> str:
    return utc_from_ns(day * DAY_NS).date().isoformat()


def _channel(one: Planned) -> PlannedChannel:
    return PlannedChannel(
        day=_day(one.day),
        device=one.device,
        channel=one.channel,
        unit=one.unit,
        rule=one.rule,
        start=iso_from_ns(one.start_utc_ns),
        end=iso_from_ns(one.end_utc_ns),
        segments=one.segments,
        seconds=one.seconds,
        bytes=one.size_bytes,
        freed=list(one.freed),
    )

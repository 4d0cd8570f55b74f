"""Alarms, newest first: what happened while nobody looked, and who has seen to it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from gateway.registry import DeviceFilter
from gateway.stream import AlarmKind
from storage import iso_from_ns
from viewer.access import NOTHING, Action, Caller, CallerHere, GuardedRoute
from viewer.alarms import AlarmFilter, KeptAlarm, NotACursor
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page
from viewer.api.times import Moment, iso_or_none, ns_from
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import alarm_object, every_device
from viewer.problems import CHANGED, INVALID, Problem
from viewer.services import Services, ServicesHere

ID_LENGTH_MAX = 64

router = APIRouter(prefix="/api/v1/alarms", route_class=GuardedRoute, tags=["alarms"])


class AlarmItem(BaseModel):
    """The same trouble at the same channel is one line: `times` it came from `at` to `last_at`.

    `device` and `channel` are empty when the server itself is concerned. `over_at` is there once the
    channel sends again; of a disk it never is. `version` changes when somebody acknowledges.
    """

    id: str
    kind: AlarmKind
    device: str
    channel: str
    words: str
    at: str
    last_at: str
    times: int
    over_at: str | None
    acknowledged_at: str | None
    acknowledged_by: str | None
    version: int


@router.get("")
async def list_alarms(
    caller: CallerHere,
    services: ServicesHere,
    kind: AlarmKind | None = None,
    device: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
    acknowledged: Annotated[bool | None, Query(description="False: only those nobody has seen to.")] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="That came at or after this.")] = None,
    to: Annotated[Moment | None, Query(description="That began before this.")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[AlarmItem]:
    principal = await caller.enter()
    within = None if principal.unit is None else DeviceFilter(within=[principal.unit])
    wanted = AlarmFilter(
        kind=kind,
        device=device,
        devices=None if within is None else [one.id for one in every_device(services.registry, within)],
        server=caller.sees(Action.SERVER_ALARM_READ, NOTHING),
        acknowledged=acknowledged,
        since_utc_ns=None if from_ is None else ns_from(from_),
        until_utc_ns=None if to is None else ns_from(to),
    )
    try:
        page = await services.alarms.page(wanted, cursor=cursor, limit=limit)
    except NotACursor:
        raise Problem(
            INVALID, "This is not a cursor of this list.", field="cursor", fix="Begin at the first page."
        ) from None
    return Page(items=[alarm_item(line) for line in page.items], next_cursor=page.next_cursor, total=page.total)


@router.get("/{alarm}")
async def read_alarm(alarm: str, caller: CallerHere, services: ServicesHere, response: Response) -> AlarmItem:
    return _answer(await _enter(alarm, caller, services), response)


@router.post("/{alarm}/acknowledge")
async def acknowledge_alarm(
    alarm: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> AlarmItem:
    """Say that somebody sees to it: with name and time, and in the audit log. It cannot be taken back."""
    line = await _enter(alarm, caller, services)
    require_match(if_match, line.version)
    principal = caller.principal
    acknowledged = await services.alarms.acknowledge(alarm, user=principal.name, principal=caller.ledger_name)
    if acknowledged is None:
        raise Problem(CHANGED, "Somebody has acknowledged this meanwhile.", fix="Load it again.")
    return _answer(acknowledged, response)


def alarm_item(line: KeptAlarm) -> AlarmItem:
    return AlarmItem(
        id=line.id,
        kind=line.kind,
        device=line.device_id,
        channel=line.channel,
        words=line.words,
        at=iso_from_ns(line.first_utc_ns),
        last_at=iso_from_ns(line.last_utc_ns),
        times=line.times,
        over_at=iso_or_none(line.over_utc_ns),
        acknowledged_at=iso_or_none(line.acknowledged_utc_ns),
        acknowledged_by=line.acknowledged_by,
        version=line.version,
    )


async def _enter(alarm_id: str, caller: Caller, services: Services) -> KeptAlarm:
    """An alarm of the server does not exist for who may not know of it."""
    line = await services.alarms.find(alarm_id)
    if line is not None and not line.device_id and not caller.sees(Action.SERVER_ALARM_READ, NOTHING):
        line = None
    await caller.enter(alarm_object(services.registry, alarm_id, line))
    assert line is not None  # the guard lets nobody in to what does not exist
    return line


def _answer(line: KeptAlarm, response: Response) -> AlarmItem:
    set_etag(response, line.version)
    return alarm_item(line)

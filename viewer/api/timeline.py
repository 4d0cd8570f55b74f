"""The timeline of a device, of each device of a checkpoint, or of what an officer carried, cut to the time of that.

Runs of footage, and gaps with their cause. Asking is a view of each device, on record, as reading its recordings is.
Not here: segments (recordings), bytes (playback).
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import Assignment, DeviceFilter
from storage import iso_from_ns
from supervision.cases import TimeSpan
from viewer.access import Action, Caller, CallerHere, GuardedRoute, Kind, Object
from viewer.api.interval import interval_of
from viewer.api.lanes import CarriedSpan, LaneItem, lane_item
from viewer.api.times import Moment
from viewer.case_at_hand import CaseId, Stretch, case_at_hand
from viewer.objects import checkpoint_object, device_object, every_device
from viewer.problems import INVALID, Problem
from viewer.services import Services, ServicesHere

DEVICES_MAX = 64  # of one checkpoint; a screen shows four at once

router = APIRouter(prefix="/api/v1/timeline", route_class=GuardedRoute, tags=["timeline"])


class Timeline(BaseModel):
    """`now` is the server's time, by which the live edge is drawn."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[str, Field(alias="from")]
    to: str
    now: str
    lanes: list[LaneItem]


@router.get("")
async def read_timeline(
    caller: CallerHere,
    services: ServicesHere,
    from_: Annotated[Moment, Query(alias="from")],
    to: Moment,
    device: Annotated[str | None, Query(max_length=64)] = None,
    checkpoint: Annotated[str | None, Query(max_length=64)] = None,
    officer: Annotated[str | None, Query(max_length=64, description="A certificate number.")] = None,
    channel: Literal["main", "sub"] = "main",
    case: CaseId = None,
) -> Timeline:
    await caller.enter()
    start_utc_ns, end_utc_ns = interval_of(from_, to)
    interval = {"from": iso_from_ns(start_utc_ns), "to": iso_from_ns(end_utc_ns)}
    if sum(one is not None for one in (device, checkpoint, officer)) != 1:
        words = "Either a device, a checkpoint or an officer is asked for."
        raise Problem(INVALID, words, field="device", fix="Give one of them.")
    whole = TimeSpan(start_utc_ns, end_utc_ns)
    if device is not None:
        wanted = [(device, whole)]
    elif checkpoint is not None:
        wanted = [(each, whole) for each in await _devices_of(checkpoint, caller, services)]
    else:
        wanted = await _carried_by(officer or "", whole, caller, services)
    at_hand = await case_at_hand(caller, services, case)
    detail = {"channel": channel, **interval, **at_hand.facts()}
    for each, span in wanted:
        thing = await at_hand.over(device_object(services.registry, each), [Stretch(each, span)])
        carried = {} if officer is None else {"officer": officer, **_told(span)}
        await caller.enter_also(Action.RECORDING_READ, thing, {**detail, **carried})
    lanes = []
    for each, span in wanted:
        lane = await lane_item(caller, services, each, channel, span.start_utc_ns, span.end_utc_ns)
        cut = None if officer is None else CarriedSpan.model_validate(_told(span))
        lanes.append(lane.model_copy(update={"carried": cut}))
    return Timeline(from_=interval["from"], to=interval["to"], now=iso_from_ns(services.clock.utc_ns()), lanes=lanes)


async def _carried_by(
    certificate_no: str, whole: TimeSpan, caller: Caller, services: Services
) -> list[tuple[str, TimeSpan]]:
    """What this officer carried, each cut to the time of it, of devices that this person may see. An officer of another
    unit carried nothing, like one that is not there."""
    found = await services.registry.officers.carried(certificate_no, whole.start_utc_ns, whole.end_utc_ns)
    mine = [one for one in found if caller.sees(Action.DEVICE_READ, device_object(services.registry, one.device))]
    if len(mine) > DEVICES_MAX:
        words = f"The officer carried {len(mine)} devices."
        raise Problem(INVALID, words, field="officer", fix="Ask for less time.")
    return [(one.device, _cut(one, whole)) for one in mine]


def _cut(one: Assignment, whole: TimeSpan) -> TimeSpan:
    end_utc_ns = whole.end_utc_ns if one.end_utc_ns is None else min(one.end_utc_ns, whole.end_utc_ns)
    return TimeSpan(max(one.begin_utc_ns, whole.start_utc_ns), end_utc_ns)


def _told(span: TimeSpan) -> dict[str, str]:
    return {"from": iso_from_ns(span.start_utc_ns), "to": iso_from_ns(span.end_utc_ns)}


async def _devices_of(checkpoint_id: str, caller: Caller, services: Services) -> list[str]:
    """
    Raises:
        Refused: there is no such checkpoint for this person.
        Problem: it has more devices than are read at once.
    """
    if not caller.sees(Action.CHECKPOINT_READ, checkpoint_object(services.registry, checkpoint_id)):
        # As of a device that is not there: says no, and writes it down.
        await caller.enter_also(Action.RECORDING_READ, Object(Kind.DEVICE, checkpoint_id, exists=False))
    devices = [device.id for device in every_device(services.registry, DeviceFilter(checkpoint=checkpoint_id))]
    if len(devices) > DEVICES_MAX:
        words = f"The checkpoint has {len(devices)} devices."
        raise Problem(INVALID, words, field="checkpoint", fix="Ask for them one by one.")
    return devices

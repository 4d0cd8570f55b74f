"""The timeline of a device, or of each device of a checkpoint: runs of footage, and gaps with their cause.

Asking is a view of each device, on record, as reading its recordings is. Not here: segments (recordings), bytes
(playback).
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import DeviceFilter
from storage import iso_from_ns
from supervision.cases import TimeSpan
from viewer.access import Action, Caller, CallerHere, GuardedRoute, Kind, Object
from viewer.api.interval import interval_of
from viewer.api.lanes import LaneItem, lane_item
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
    channel: Literal["main", "sub"] = "main",
    case: CaseId = None,
) -> Timeline:
    await caller.enter()
    start_utc_ns, end_utc_ns = interval_of(from_, to)
    interval = {"from": iso_from_ns(start_utc_ns), "to": iso_from_ns(end_utc_ns)}
    if (device is None) == (checkpoint is None):
        words = "Either a device or a checkpoint is asked for."
        raise Problem(INVALID, words, field="device", fix="Give one of them.")
    devices = [device] if device is not None else await _devices_of(checkpoint or "", caller, services)
    at_hand = await case_at_hand(caller, services, case)
    detail = {"channel": channel, **interval, **at_hand.facts()}
    for each in devices:
        stretch = Stretch(each, TimeSpan(start_utc_ns, end_utc_ns))
        thing = await at_hand.over(device_object(services.registry, each), [stretch])
        await caller.enter_also(Action.RECORDING_READ, thing, detail)
    lanes = [await lane_item(caller, services, each, channel, start_utc_ns, end_utc_ns) for each in devices]
    return Timeline(from_=interval["from"], to=interval["to"], now=iso_from_ns(services.clock.utc_ns()), lanes=lanes)


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

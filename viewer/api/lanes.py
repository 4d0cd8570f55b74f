"""Lanes as JSON: what there is of a device over an interval, and what of it is kept by decision, for the timeline and
for a view that is opened."""

from typing import Literal

from pydantic import BaseModel

from recorder import FootageRun, Keeping, KeepingKind, LaneGap, read_lane
from storage import iso_from_ns
from viewer.access import Action, Caller
from viewer.objects import kept_object
from viewer.services import Services

_READ = {KeepingKind.CLIP: Action.CLIP_READ, KeepingKind.HOLD: Action.HOLD_READ}


class RunItem(BaseModel):
    """Footage of one stream without a gap in between. `live`: it goes on now."""

    stream: str
    start: str
    end: str
    live: bool


class LaneGapItem(BaseModel):
    """No pictures. `cause` is that of a gap of recordings, or footage_missing: there was a file, and it is gone."""

    cause: str
    start: str
    end: str
    ongoing: bool


class LaneKeptItem(BaseModel):
    """A clip or a hold that stands, as far as whoever asks may know of it. `case` and `stage` are empty where it is
    tagged to none."""

    id: str
    kind: Literal["clip", "hold"]
    start: str
    end: str
    case: str
    stage: str
    note: str


class LaneItem(BaseModel):
    """`thinned`: there were more than 2,000 runs or gaps, and tiny neighbours were joined. Of more than 500
    that are kept it has the latest."""

    device: str
    device_name: str
    checkpoint: str
    channel: str
    runs: list[RunItem]
    gaps: list[LaneGapItem]
    kept: list[LaneKeptItem]
    thinned: bool


async def lane_item(
    caller: Caller, services: Services, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int
) -> LaneItem:
    device = services.registry.devices.find(device_id)
    lane = await read_lane(services.index.recordings, device_id, channel, start_utc_ns, end_utc_ns)
    kept = await services.kept.over(device_id, channel, start_utc_ns, end_utc_ns)
    return LaneItem(
        device=device_id,
        device_name="" if device is None else device.name,
        checkpoint="" if device is None else device.checkpoint,
        channel=channel,
        runs=[_run(run) for run in lane.runs],
        gaps=[lane_gap_item(gap) for gap in lane.gaps],
        kept=[_kept(one) for one in kept if caller.sees(_READ[one.kind], kept_object(services.registry, one.id, one))],
        thinned=lane.thinned,
    )


def lane_gap_item(gap: LaneGap) -> LaneGapItem:
    start, end = iso_from_ns(gap.start_utc_ns), iso_from_ns(gap.end_utc_ns)
    return LaneGapItem(cause=gap.cause, start=start, end=end, ongoing=gap.ongoing)


def _run(run: FootageRun) -> RunItem:
    start, end = iso_from_ns(run.start_utc_ns), iso_from_ns(run.end_utc_ns)
    return RunItem(stream=run.stream, start=start, end=end, live=run.live)


def _kept(keeping: Keeping) -> LaneKeptItem:
    passage = keeping.passage
    return LaneKeptItem(
        id=keeping.id,
        kind=keeping.kind.value,
        start=iso_from_ns(passage.start_utc_ns),
        end=iso_from_ns(passage.end_utc_ns),
        case=keeping.case,
        stage=keeping.stage,
        note=keeping.note,
    )

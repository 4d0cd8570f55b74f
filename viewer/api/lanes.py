"""Lanes as JSON: what there is of a device over an interval, and what of it is kept by decision, for the timeline and
for a view that is opened."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recorder import Closing, FootageRun, Keeping, KeepingKind, LaneGap, closings_of, read_lane
from storage import iso_from_ns
from viewer.access import Action, Caller
from viewer.api.backfill_items import ClosingItem, closing_items, is_whole
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
    """No pictures. `cause` is that of a gap of recordings, or footage_missing: there was a file, and it is gone.
    `closed_by`: what of it is there by originals that were received later; the gap of the live copy stays."""

    cause: str
    start: str
    end: str
    ongoing: bool
    closed_by: list[ClosingItem]
    whole: bool


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


class CarriedSpan(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[str, Field(alias="from")]
    to: str


class LaneItem(BaseModel):
    """`originals`: where files lie that the device recorded itself. `thinned`: there were more than 2,000 runs or gaps,
    and tiny neighbours were joined. Of more than 500 that are kept it has the latest. `carried`: the time in which the
    officer who was asked for had the device, to which all is cut."""

    device: str
    device_name: str
    checkpoint: str
    channel: str
    runs: list[RunItem]
    gaps: list[LaneGapItem]
    kept: list[LaneKeptItem]
    originals: list[ClosingItem]
    thinned: bool
    carried: CarriedSpan | None = None


async def lane_item(
    caller: Caller, services: Services, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int
) -> LaneItem:
    device = services.registry.devices.find(device_id)
    lane = await read_lane(services.index.recordings, device_id, channel, start_utc_ns, end_utc_ns)
    kept = await services.kept.over(device_id, channel, start_utc_ns, end_utc_ns)
    originals = await services.backfill.backfills.lying(device_id, channel, start_utc_ns, end_utc_ns)
    return LaneItem(
        device=device_id,
        device_name="" if device is None else device.name,
        checkpoint="" if device is None else device.checkpoint,
        channel=channel,
        runs=[_run(run) for run in lane.runs],
        kept=[_kept(one) for one in kept if caller.sees(_READ[one.kind], kept_object(services.registry, one.id, one))],
        gaps=[lane_gap_item(gap, originals) for gap in lane.gaps],
        originals=closing_items(originals),
        thinned=lane.thinned,
    )


def lane_gap_item(gap: LaneGap, originals: Sequence[Closing]) -> LaneGapItem:
    closed = closings_of(originals, gap.start_utc_ns, gap.end_utc_ns)
    return LaneGapItem(
        cause=gap.cause,
        start=iso_from_ns(gap.start_utc_ns),
        end=iso_from_ns(gap.end_utc_ns),
        ongoing=gap.ongoing,
        closed_by=closing_items(closed),
        whole=is_whole(closed, gap.start_utc_ns, gap.end_utc_ns),
    )


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

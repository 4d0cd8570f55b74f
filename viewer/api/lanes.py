"""Lanes as JSON: what there is of a device over an interval, for the timeline and for a view that is opened."""

from collections.abc import Sequence

from pydantic import BaseModel

from recorder import Closing, FootageRun, LaneGap, closings_of, read_lane
from storage import iso_from_ns
from viewer.api.backfill_items import ClosingItem, closing_items, is_whole
from viewer.services import Services


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


class LaneItem(BaseModel):
    """`originals`: where files lie that the device recorded itself. `thinned`: there were more than 2,000
    runs or gaps, and tiny neighbours were joined."""

    device: str
    device_name: str
    checkpoint: str
    channel: str
    runs: list[RunItem]
    gaps: list[LaneGapItem]
    originals: list[ClosingItem]
    thinned: bool


async def lane_item(services: Services, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> LaneItem:
    device = services.registry.devices.find(device_id)
    lane = await read_lane(services.index.recordings, device_id, channel, start_utc_ns, end_utc_ns)
    originals = await services.backfill.backfills.lying(device_id, channel, start_utc_ns, end_utc_ns)
    return LaneItem(
        device=device_id,
        device_name="" if device is None else device.name,
        checkpoint="" if device is None else device.checkpoint,
        channel=channel,
        runs=[_run(run) for run in lane.runs],
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

"""Lanes as JSON: what there is of a device over an interval, for the timeline and for a view that is opened."""

from pydantic import BaseModel

from recorder import FootageRun, LaneGap, read_lane
from storage import iso_from_ns
from viewer.services import Services


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


class LaneItem(BaseModel):
    """`thinned`: there were more than 2,000 runs or gaps, and tiny neighbours were joined."""

    device: str
    device_name: str
    checkpoint: str
    channel: str
    runs: list[RunItem]
    gaps: list[LaneGapItem]
    thinned: bool


async def lane_item(services: Services, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> LaneItem:
    device = services.registry.devices.find(device_id)
    lane = await read_lane(services.index.recordings, device_id, channel, start_utc_ns, end_utc_ns)
    return LaneItem(
        device=device_id,
        device_name="" if device is None else device.name,
        checkpoint="" if device is None else device.checkpoint,
        channel=channel,
        runs=[_run(run) for run in lane.runs],
        gaps=[lane_gap_item(gap) for gap in lane.gaps],
        thinned=lane.thinned,
    )


def lane_gap_item(gap: LaneGap) -> LaneGapItem:
    start, end = iso_from_ns(gap.start_utc_ns), iso_from_ns(gap.end_utc_ns)
    return LaneGapItem(cause=gap.cause, start=start, end=end, ongoing=gap.ongoing)


def _run(run: FootageRun) -> RunItem:
    start, end = iso_from_ns(run.start_utc_ns), iso_from_ns(run.end_utc_ns)
    return RunItem(stream=run.stream, start=start, end=end, live=run.live)

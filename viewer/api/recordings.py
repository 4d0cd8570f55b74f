"""The timeline of a channel: which footage there is, and each gap with its cause. Asking is a view, on record.

What was said to a device is its channel `talk`: a stream a talk, placed in time as its pictures are. The ledger's entry
`talk.open` of that stream says who spoke.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from recorder import Closing, GapFact, SegmentFact, closings_of, hides_pictures
from storage import iso_from_ns
from supervision.cases import TimeSpan
from viewer.access import CallerHere, GuardedRoute
from viewer.api.backfill_items import ClosingItem, closing_items, is_whole
from viewer.api.interval import interval_of
from viewer.api.times import Moment
from viewer.case_at_hand import CaseId, Stretch, case_at_hand
from viewer.objects import device_object
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/recordings", route_class=GuardedRoute, tags=["recordings"])


class SegmentItem(BaseModel):
    """Until it is sealed a segment grows, and has no digest. Sequences are those of `stream`, both inclusive.

    Of a `missing` one the file was not there when the server last looked (alarm `footage_missing`).
    """

    id: str
    stream: str
    start: str
    end: str
    first_sequence: int
    last_sequence: int
    size_bytes: int
    sealed: bool
    digest: str | None
    missing: bool


class GapItem(BaseModel):
    """`track` 0 means that the whole stream is missing. An `ongoing` gap ends at the moment of asking. `closed_by`:
    what of it is there by originals that were received later, `whole`: all of it is; the gap of the live copy stays."""

    stream: str
    sequence: int
    track: int
    cause: str
    start: str
    end: str
    lost_packets: int
    ongoing: bool
    closed_by: list[ClosingItem]
    whole: bool


class Recording(BaseModel):
    device: str
    channel: str
    segments: list[SegmentItem]
    gaps: list[GapItem]


@router.get("")
async def read_recording(
    caller: CallerHere,
    services: ServicesHere,
    device: Annotated[str, Query(max_length=64)],
    from_: Annotated[Moment, Query(alias="from")],
    to: Moment,
    channel: Literal["main", "sub", "talk"] = "main",
    case: CaseId = None,
) -> Recording:
    start_utc_ns, end_utc_ns = interval_of(from_, to)
    at_hand = await case_at_hand(caller, services, case)
    stretch = Stretch(device, TimeSpan(start_utc_ns, end_utc_ns))
    detail = {"channel": channel, "from": iso_from_ns(start_utc_ns), "to": iso_from_ns(end_utc_ns), **at_hand.facts()}
    await caller.enter(await at_hand.over(device_object(services.registry, device), [stretch]), detail)
    found = await services.index.recordings(device, channel, start_utc_ns, end_utc_ns)
    originals = await services.backfill.backfills.lying(device, channel, start_utc_ns, end_utc_ns)
    return Recording(
        device=device,
        channel=channel,
        segments=[_segment(segment) for segment in found.segments],
        gaps=[_gap(gap, originals) for gap in found.gaps],
    )


def _segment(segment: SegmentFact) -> SegmentItem:
    return SegmentItem(
        id=segment.id,
        stream=segment.stream,
        start=iso_from_ns(segment.start_utc_ns),
        end=iso_from_ns(segment.end_utc_ns),
        first_sequence=segment.first_sequence,
        last_sequence=segment.last_sequence,
        size_bytes=segment.size_bytes,
        sealed=segment.sealed,
        digest=segment.digest.hex() or None,
        missing=segment.missing,
    )


def _gap(gap: GapFact, originals: Sequence[Closing]) -> GapItem:
    closed = closings_of(originals, gap.start_utc_ns, gap.end_utc_ns) if hides_pictures(gap) else []
    return GapItem(
        stream=gap.stream,
        sequence=gap.sequence,
        track=gap.track_id,
        cause=gap.cause.name.lower(),
        start=iso_from_ns(gap.start_utc_ns),
        end=iso_from_ns(gap.end_utc_ns),
        lost_packets=gap.lost_packets,
        ongoing=gap.ongoing,
        closed_by=closing_items(closed),
        whole=is_whole(closed, gap.start_utc_ns, gap.end_utc_ns),
    )

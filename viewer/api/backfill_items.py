"""Originals as JSON: in lists, by themselves, and beside the gaps that they close."""

from collections.abc import Sequence

from pydantic import BaseModel

from recorder import Backfill, Closing, GapFact
from storage import iso_from_ns
from viewer.api.times import iso_or_none
from viewer.services import Services

# A gap is closed from end to end where less than this is left of it: placed times of both copies are apart by less than
# a picture, and a picture of five a second lasts as long.
WHOLE_WITHIN_NS = 200_000_000


class ClosingItem(BaseModel):
    """A stretch that is there by an original. `quality`: exact, device_clock, claimed or by_hand."""

    backfill: str
    received_at: str
    quality: str
    start: str
    end: str


class BackfillGapItem(BaseModel):
    """A gap of the live copy, and what of it the original has. `pictures` null: it began or was closed since."""

    stream: str
    sequence: int
    cause: str
    start: str
    end: str
    ongoing: bool
    closed_by: list[ClosingItem]
    whole: bool
    pictures: int | None

    @classmethod
    def of(cls, gap: GapFact, closed: Sequence[Closing], pictures: int | None) -> "BackfillGapItem":
        return cls(
            stream=gap.stream,
            sequence=gap.sequence,
            cause=gap.cause.name.lower(),
            start=iso_from_ns(gap.start_utc_ns),
            end=iso_from_ns(gap.end_utc_ns),
            ongoing=gap.ongoing,
            closed_by=closing_items(closed),
            whole=is_whole(closed, gap.start_utc_ns, gap.end_utc_ns),
            pictures=pictures,
        )


class DifferenceItem(BaseModel):
    """`kind`: altered, live_damaged, only_original or only_live."""

    kind: str
    start: str
    end: str
    pictures: int


class SpanItem(BaseModel):
    start: str
    end: str


class BackfillItem(BaseModel):
    """Times are placed. `words` say why it has no place, or what a person wrote. Counts of pictures: `agreeing` with
    the live copy, in `in_gaps` of it, `beyond` all of it, and of each kind of difference."""

    id: str
    device: str
    device_name: str
    checkpoint: str
    channel: str
    name: str
    size_bytes: int
    sha256: str
    sent_by: str
    received_at: str
    claimed_start: str | None
    created_at: str | None
    state: str
    words: str
    decided_by: str | None
    codec: str | None
    width: int | None
    height: int | None
    sound: str | None
    pictures: int | None
    quality: str | None
    start: str | None
    end: str | None
    clock_offset_ms: float | None
    drift_ppm: float | None
    counts: dict[str, int]
    closed_gaps: int
    version: int


class BackfillDetail(BackfillItem):
    """`differences` at most a hundred stretches; `counts` are of all."""

    coverage: list[SpanItem]
    gaps: list[BackfillGapItem]
    differences: list[DifferenceItem]


def closing_items(closed: Sequence[Closing]) -> list[ClosingItem]:
    return [
        ClosingItem(
            backfill=one.backfill,
            received_at=iso_from_ns(one.received_utc_ns),
            quality=one.quality.value,
            start=iso_from_ns(one.start_utc_ns),
            end=iso_from_ns(one.end_utc_ns),
        )
        for one in closed
    ]


def is_whole(closed: Sequence[Closing], start_utc_ns: int, end_utc_ns: int) -> bool:
    """Whether these, all together and in order of time, leave nothing of the gap."""
    at = start_utc_ns
    for one in closed:
        if one.start_utc_ns - at > WHOLE_WITHIN_NS:
            return False
        at = max(at, one.end_utc_ns)
    return bool(closed) and end_utc_ns - at <= WHOLE_WITHIN_NS


def backfill_item(found: Backfill, services: Services) -> BackfillItem:
    device = services.registry.devices.find(found.device)
    story, placement = found.story, found.placement
    offset = None if placement is None else placement.clock_offset_ns
    return BackfillItem(
        id=found.id,
        device=found.device,
        device_name="" if device is None else device.name,
        checkpoint="" if device is None else device.checkpoint,
        channel=found.channel,
        name=found.name,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        sent_by=found.sent_by,
        received_at=iso_from_ns(found.received_utc_ns),
        claimed_start=iso_or_none(found.claimed_utc_ns or None),
        created_at=None if story is None else iso_or_none(story.created_utc_ns or None),
        state=found.state.value,
        words=found.words,
        decided_by=found.decided_by or None,
        codec=None if story is None else story.codec,
        width=None if story is None else story.width,
        height=None if story is None else story.height,
        sound=None if story is None else story.sound or None,
        pictures=None if story is None else story.pictures,
        quality=None if placement is None else placement.quality.value,
        start=None if placement is None else iso_from_ns(placement.start_utc_ns),
        end=None if placement is None else iso_from_ns(placement.end_utc_ns),
        clock_offset_ms=None if offset is None else offset / 1e6,
        drift_ppm=None if placement is None else placement.drift_ppm,
        counts={} if placement is None else dict(placement.counts),
        closed_gaps=0 if placement is None else len(placement.gaps),
        version=found.version,
    )


def backfill_detail(found: Backfill, gaps: list[BackfillGapItem], services: Services) -> BackfillDetail:
    coverage = () if found.placement is None else found.placement.coverage
    differences = () if found.placement is None else found.placement.differences
    return BackfillDetail(
        **backfill_item(found, services).model_dump(),
        coverage=[SpanItem(start=iso_from_ns(one.start_ns), end=iso_from_ns(one.end_ns)) for one in coverage],
        gaps=gaps,
        differences=[
            DifferenceItem(
                kind=one.kind.value,
                start=iso_from_ns(one.start_utc_ns),
                end=iso_from_ns(one.end_utc_ns),
                pictures=one.pictures,
            )
            for one in differences
        ],
    )

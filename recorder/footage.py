"""What there is of a channel over an interval, as others see it: segments and gaps, in placed time."""

from dataclasses import dataclass

from media import GapCause
from storage import RecordedGap, SealedSegment, SegmentHeader


@dataclass(frozen=True, slots=True)
class SegmentFact:
    """One segment. Until it is `sealed` it grows, and its size and end are those of a moment."""

    id: str
    stream: str
    path: str  # relative to the media folder
    start_utc_ns: int
    end_utc_ns: int
    first_sequence: int
    last_sequence: int
    size_bytes: int
    digest: bytes  # empty until it is sealed
    sealed: bool
    missing: bool = False  # its file was not there at the last stocktaking

    @classmethod
    def of(cls, segment: SealedSegment) -> "SegmentFact":
        return cls(
            id=segment.header.segment,
            stream=segment.header.stream,
            path=segment.header.path,
            start_utc_ns=segment.start_utc_ns,
            end_utc_ns=segment.end_utc_ns,
            first_sequence=segment.header.first_sequence,
            last_sequence=segment.last_sequence,
            size_bytes=segment.size_bytes,
            digest=segment.digest,
            sealed=True,
        )


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment, and whose it is."""

    device: str
    channel: str
    fact: SegmentFact


@dataclass(frozen=True, slots=True)
class Missing:
    """A gap that has begun and not ended."""

    stream: str  # in which it began
    start_utc_ns: int
    cause: GapCause


@dataclass(frozen=True, slots=True)
class GapFact:
    """One gap. An `ongoing` one has no sequence yet, and its end is the moment of asking."""

    stream: str
    sequence: int
    count: int
    track_id: int
    cause: GapCause
    start_utc_ns: int
    end_utc_ns: int
    lost_packets: int = 0
    ongoing: bool = False

    @classmethod
    def lasting(cls, missing: Missing, now_utc_ns: int) -> "GapFact":
        return cls(
            stream=missing.stream,
            sequence=0,
            count=0,
            track_id=0,
            cause=missing.cause,
            start_utc_ns=missing.start_utc_ns,
            end_utc_ns=now_utc_ns,
            ongoing=True,
        )

    @classmethod
    def of(cls, stream: str, gap: RecordedGap) -> "GapFact":
        return cls(
            stream=stream,
            sequence=gap.sequence,
            count=gap.count,
            track_id=gap.track_id,
            cause=gap.cause,
            start_utc_ns=gap.start_utc_ns,
            end_utc_ns=gap.end_utc_ns,
            lost_packets=gap.lost_packets,
        )


@dataclass(frozen=True, slots=True)
class Footage:
    """Both in order of placed time."""

    segments: tuple[SegmentFact, ...]
    gaps: tuple[GapFact, ...]


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """A segment that is being written, as it stood at the end of a turn of the scribe."""

    header: SegmentHeader
    start_utc_ns: int
    end_utc_ns: int
    durable_end_utc_ns: int
    last_sequence: int
    size_bytes: int
    gaps: tuple[RecordedGap, ...]

    def fact(self) -> SegmentFact:
        return SegmentFact(
            id=self.header.segment,
            stream=self.header.stream,
            path=self.header.path,
            start_utc_ns=self.start_utc_ns,
            end_utc_ns=self.end_utc_ns,
            first_sequence=self.header.first_sequence,
            last_sequence=self.last_sequence,
            size_bytes=self.size_bytes,
            digest=b"",
            sealed=False,
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """The last stream of a channel, as far as anybody knows: what the next one refers to as before it."""

    stream: str
    head: bytes
    ended_utc_ns: int
    cause: GapCause

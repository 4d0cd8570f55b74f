"""What a segment is called, and what is known of it once it is closed.

A segment is one append-only file of fragments and its journal, about five minutes of one stream.
Its file describes itself: the identity below stands in a `uuid` box of its header as canonical
JSON, under the first record of its journal, so rows can be rebuilt from files alone.

Not here: reading and writing, which live in segment_writer, segment_reader and recovery.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from media import Gap, GapCause
from storage.clock import DAY_NS, iso_from_ns, utc_from_ns
from storage.journal import NO_CHAIN, EndFlag

FORMAT = 1  # of the identity
MEDIA_SUFFIX = ".mp4"
JOURNAL_SUFFIX = ".journal"
CUT_SUFFIX = ".cut"  # what a recovery took off the end of either file: kept, never played

# Device and channel become folder names, ids become file names: nothing else may. The registry
# refuses other ids long before; this is the last door.
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def journal_beside(path: str) -> str:
    """The journal of the segment file at `path`."""
    return path.removesuffix(MEDIA_SUFFIX) + JOURNAL_SUFFIX


def segment_path(device: str, channel: str, segment: str, started_utc_ns: int) -> str:
    """Where a segment is, relative to the media folder. Names are believed here; `SegmentHeader` refuses bad ones."""
    return f"{_day(started_utc_ns // DAY_NS)}/{device}/{channel}/{segment}{MEDIA_SUFFIX}"


@lru_cache(maxsize=1_024)  # three years: a page of recordings asks hundreds of times for one day
def _day(number: int) -> str:
    return f"{utc_from_ns(number * DAY_NS):%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The identity of a segment, fixed before its first byte.

    `chain` is the stream's chain value before this segment: NO_CHAIN in the first one, whose header
    record thereby is the genesis record. `previous_*` name the channel's stream before this one
    and its last known head.

    Raises:
        ValueError: a name is not fit to be a folder or file name.
    """

    device: str
    channel: str
    stream: str
    segment: str
    node: str
    fencing_token: int
    started_utc_ns: int  # placed time of its first fragment, in UTC: names the day's folder
    first_sequence: int
    chain: bytes = NO_CHAIN
    previous_stream: str = ""
    previous_head: bytes = NO_CHAIN

    def __post_init__(self) -> None:
        for name in (self.device, self.channel):
            if not _FOLDER.fullmatch(name):
                raise ValueError(f"not a name for a folder: {name!r}")
        for name in (self.stream, self.segment):
            if not _ULID.fullmatch(name):
                raise ValueError(f"not a ULID: {name!r}")

    @property
    def folder(self) -> str:
        """Relative to the media folder."""
        return f"{_day(self.started_utc_ns // DAY_NS)}/{self.device}/{self.channel}"

    @property
    def path(self) -> str:
        """Of the segment file, relative to the media folder."""
        return segment_path(self.device, self.channel, self.segment, self.started_utc_ns)

    def identity(self) -> dict[str, str | int]:
        """What the file says of itself."""
        return {
            "chain": self.chain.hex(),
            "channel": self.channel,
            "device": self.device,
            "fencing_token": self.fencing_token,
            "first_sequence": self.first_sequence,
            "format": FORMAT,
            "node": self.node,
            "previous_head": self.previous_head.hex(),
            "previous_stream": self.previous_stream,
            "segment": self.segment,
            "start": iso_from_ns(self.started_utc_ns),
            "start_ns": self.started_utc_ns,
            "stream": self.stream,
        }

    @classmethod
    def from_identity(cls, identity: Mapping[str, str | int]) -> "SegmentHeader":
        """Raises ValueError: not the identity of a segment, or of a format not known here."""
        if identity.get("format") != FORMAT:
            raise ValueError(f"unknown format of segment identity: {identity.get('format')!r}")
        return cls(
            device=_text(identity, "device"),
            channel=_text(identity, "channel"),
            stream=_text(identity, "stream"),
            segment=_text(identity, "segment"),
            node=_text(identity, "node"),
            fencing_token=_number(identity, "fencing_token"),
            started_utc_ns=_number(identity, "start_ns"),
            first_sequence=_number(identity, "first_sequence"),
            chain=_head(identity, "chain"),
            previous_stream=_text(identity, "previous_stream"),
            previous_head=_head(identity, "previous_head"),
        )


def _text(identity: Mapping[str, str | int], key: str) -> str:
    value = identity.get(key)
    if not isinstance(value, str):
        raise ValueError(f"segment identity: {key} is not text")
    return value


def _number(identity: Mapping[str, str | int], key: str) -> int:
    value = identity.get(key)
    if not isinstance(value, int):
        raise ValueError(f"segment identity: {key} is not a number")
    return value


def _head(identity: Mapping[str, str | int], key: str) -> bytes:
    value = bytes.fromhex(_text(identity, key))
    if len(value) != len(NO_CHAIN):
        raise ValueError(f"segment identity: {key} is not a chain value")
    return value


@dataclass(frozen=True, slots=True)
class RecordedGap:
    """A gap as the journal has it: with the number of sequence numbers that it stands for.

    A gap seen at ingest has one of its own; one that the archiver makes stands for every fragment
    it could not keep; the one before a stream has sequence 0, which belongs to no fragment.
    """

    sequence: int
    count: int
    track_id: int
    cause: GapCause
    start_utc_ns: int
    end_utc_ns: int
    lost_packets: int = 0

    @classmethod
    def of(cls, gap: Gap, count: int = 1) -> "RecordedGap":
        return cls(
            sequence=gap.sequence,
            count=count,
            track_id=gap.track_id,
            cause=gap.cause,
            start_utc_ns=gap.start_utc_ns,
            end_utc_ns=gap.end_utc_ns,
            lost_packets=gap.lost_packets,
        )

    @property
    def last_sequence(self) -> int:
        return self.sequence + self.count - 1


@dataclass(frozen=True, slots=True)
class Position:
    """How far a segment has come: everything before it is whole records and their bytes.

    A segment can be ended at any position that was once reached, whatever came after.
    """

    records: int
    media_bytes: int
    chain: bytes
    last_sequence: int
    start_utc_ns: int
    end_utc_ns: int
    fragments: int
    gaps: int

    @property
    def empty(self) -> bool:
        """Nothing of a stream is recorded up to here: at most the header is written."""
        return not self.fragments and not self.gaps


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """A closed segment: what its row says, and what can be read from its files alone.

    `digest` is the chain value of its last record and so covers every byte of the file and of
    the journal. In placed time its footage starts at `start_utc_ns`; `end_utc_ns` is as far as its
    records account for time, a gap at its end included.
    """

    header: SegmentHeader
    size_bytes: int
    journal_bytes: int
    digest: bytes
    last_sequence: int
    start_utc_ns: int
    end_utc_ns: int
    fragments: int
    gaps: tuple[RecordedGap, ...]
    end: EndFlag  # how it ended
    end_cause: GapCause | None  # why the stream, or its recording, ended here; None when it goes on
    cut_bytes: int  # of segment file that a recovery cut off, because no true record spoke for them

"""Reads back what we wrote: headers with their identity, and fragments.

It is strict where our own writer is: it serves the archive, recovery, export and tests, not files of
others. Every count and size is checked against the bytes that are there; only `Mp4Error` escapes.
"""

import json
from dataclasses import dataclass
from struct import Struct

from media.fmp4.boxes import FULL_HEADER_BYTES, HEADER_BYTES, Mp4Error, iter_boxes
from media.fmp4.fragment import SYNC_SAMPLE_FLAGS
from media.fmp4.init import IDENTITY_UUID

IDENTITY_BYTES_MAX = 65_536  # a uuid box of ours is some 600 bytes
SAMPLES_MAX = 4_096  # in one fragment: sound has about five, a picture one

_WORD = Struct(">I")
_LONG = Struct(">Q")
_SIGNED = Struct(">i")

Identity = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class ParsedTrack:
    """One trak: `entry` is the four letters of its sample entry, `record` that entry's boxes (avcC, esds…)."""

    id: int
    handler: str
    timescale: int
    entry: str
    record: bytes
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class ParsedInit:
    tracks: tuple[ParsedTrack, ...]
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class ParsedSample:
    """`payload` shares the memory of what was parsed. Times are in the track's clock."""

    decode_time: int
    composition_offset: int
    duration: int
    flags: int
    payload: memoryview

    @property
    def sync(self) -> bool:
        return self.flags == SYNC_SAMPLE_FLAGS


@dataclass(frozen=True, slots=True)
class ParsedFragment:
    """prft, moof and mdat of one track. `ntp` is the receive time, `length` all three boxes together."""

    track_id: int
    sequence: int
    decode_time: int
    ntp: int
    media_time: int
    samples: tuple[ParsedSample, ...]
    length: int


def read_identity(header: bytes | memoryview) -> Identity | None:
    """What the uuid box of a header says; None when there is none."""
    raise NotImplementedError


def parse_init(data: bytes | memoryview) -> ParsedInit:
    """A whole header: ftyp, perhaps uuid, moov."""
    raise NotImplementedError


def parse_fragment(data: bytes | memoryview) -> ParsedFragment:
    """The fragment that starts at `data[0]`; bytes behind it are allowed, see `length`."""
    raise NotImplementedError

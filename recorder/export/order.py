"""What somebody asks to have handed out, and what it will take. Values.

Not here: whether they may (viewer.access), and whether one person is enough (limits).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.export.export import ExportItem, MassReason
from recorder.kept import Keeping, Passage
from recorder.passages import Recordings

# Of footage a bundle has the original fragments and a playable file with the same samples; a copy with burnt-in words
# is coded anew, and mostly smaller than what the device sent.
_TIMES, _TIMES_WITH_COPY = 2, 3
JOURNAL_BYTES_PER_S = 6_000  # 35 records of 160 bytes: 25 pictures and ten pieces of sound
FIXED_BYTES = 1 << 20  # records of custody, verifier, README


@dataclass(frozen=True, slots=True)
class Interval:
    """A channel from when to when. `unit` is that of the device."""

    device: str
    channel: str
    unit: str
    start_utc_ns: int
    end_utc_ns: int


@dataclass(frozen=True, slots=True)
class Order:
    """`key` is the client's own name for it, `digest` what it asked for under that name."""

    clips: Sequence[Keeping] = ()
    intervals: Sequence[Interval] = ()
    case: str = ""
    case_no: str = ""
    reason: str = ""
    copies: bool = False
    key: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`mass`: why a second person will have to agree. `room_bytes`: what the disk has for it."""

    size_bytes: int
    seconds: int
    mass: tuple[MassReason, ...]
    room_bytes: int


async def estimated_bytes(items: Sequence[ExportItem], recordings: Recordings, *, copies: bool) -> int:
    """How large a bundle of these will be, roughly; rather too large."""
    footage = 0
    length_ns = 0
    for item in items:
        footage += await _footage_bytes(item.passage, recordings)
        length_ns += item.passage.end_utc_ns - item.passage.start_utc_ns
    times = _TIMES_WITH_COPY if copies else _TIMES
    return footage * times + length_ns * JOURNAL_BYTES_PER_S // 1_000_000_000 + FIXED_BYTES


async def _footage_bytes(passage: Passage, recordings: Recordings) -> int:
    """Of each segment the part of its bytes that it has of the time."""
    found = await recordings(passage.device, passage.channel, passage.start_utc_ns, passage.end_utc_ns)
    size = 0
    for segment in found.segments:
        whole_ns = max(1, segment.end_utc_ns - segment.start_utc_ns)
        within_ns = min(segment.end_utc_ns, passage.end_utc_ns) - max(segment.start_utc_ns, passage.start_utc_ns)
        size += segment.size_bytes * max(0, within_ns) // whole_ns
    return size

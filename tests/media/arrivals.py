"""Units as a device sends them and a server receives them, for tests that own time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from media import Placement, TrackTimeline

MONO_NS = 7_000_000_000_000
UTC_NS = 1_790_000_000_000_000_000
MS = 1_000_000
S = 1_000_000_000
RATE = 90_000
INTERVAL = RATE // 25
SOUND_RATE = 48_000
SOUND_INTERVAL = 960


@dataclass(frozen=True)
class Arrival:
    """One unit: RTP ticks since the device began, and when it was received since the test began."""

    rtp_time: int
    at_ns: int


def place(track: TrackTimeline, arrivals: Iterable[Arrival], *, utc_error_ns: int = 0) -> list[Placement]:
    return [
        track.place(each.rtp_time & 0xFFFF_FFFF, MONO_NS + each.at_ns, UTC_NS + each.at_ns + utc_error_ns)
        for each in arrivals
    ]


def steady(count: int, *, first: int = 0, rtp_start: int = 1_000, ppm: int = 0, late_ns: int = 0) -> Iterator[Arrival]:
    """25 pictures a second by a clock that is `ppm` fast."""
    for n in range(first, first + count):
        yield Arrival(rtp_start + n * INTERVAL, n * 40 * MS * 1_000_000 // (1_000_000 + ppm) + late_ns)


def steps(values: Iterable[int]) -> list[int]:
    values = list(values)
    return [after - before for before, after in pairwise(values)]

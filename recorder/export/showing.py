"""The fragments of a reel in the order of their numbers, and when each is shown.

Not here: their samples, but for sound that is to be made into another.
"""

from collections.abc import Iterator
from typing import NamedTuple

from media.fmp4 import FragmentHead
from recorder.export.film_clock import FilmClock
from recorder.export.reels import Reel
from recorder.export.spans import Span, heads
from storage import Record

NS_PER_S = 1_000_000_000


class Shown(NamedTuple):
    """A fragment, and when its first sample is shown, in the nanoseconds of placed time."""

    span: Span
    record: Record
    head: FragmentHead
    shown_ns: int


def shown_of(reel: Reel, clock: FilmClock) -> Iterator[Shown]:
    """All fragments of a reel.

    Raises:
        SegmentUnreadableError: one is not what its record says.
    """
    for span in reel.spans:
        clock.begin(span.stream)
        for record, head in heads(span):
            position_ns = (head.decode_time + head.composition_offset) * NS_PER_S // record.clock_rate
            duration_ns = sum(head.durations) * NS_PER_S // record.clock_rate
            yield Shown(span, record, head, clock.at(record.placed_utc_ns, position_ns, duration_ns))


def ticks(ns: int, rate: int) -> int:
    return (ns * rate + NS_PER_S // 2) // NS_PER_S

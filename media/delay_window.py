"""The smallest delay of the last minutes, which is the best guess at what the way itself costs.

Kept in slices instead of one value a unit, so that it costs a comparison and holds twelve numbers.
A slice is closed by the first unit after its time, one at a time: a silence of minutes does not
wipe out what was known before it.
"""

from collections import deque

SLICE_NS = 10_000_000_000
SLICES = 12  # two minutes: longer than a stall we outlive, short enough that 500 ppm of drift hides only 60 ms

_NOTHING_YET = 1 << 62


class DelayWindow:
    """Feed it `observe`; read `smallest_ns`."""

    __slots__ = ("_closed", "_slice_end_mono_ns", "_slice_smallest_ns", "smallest_ns")

    def __init__(self) -> None:
        self.smallest_ns = _NOTHING_YET
        self._slice_smallest_ns = _NOTHING_YET
        self._slice_end_mono_ns = 0
        self._closed: deque[int] = deque(maxlen=SLICES)

    def observe(self, delay_ns: int, mono_ns: int) -> bool:
        """Take in one delay; True when `smallest_ns` changed."""
        before = self.smallest_ns
        if mono_ns >= self._slice_end_mono_ns:
            if self._slice_end_mono_ns:
                self._closed.append(self._slice_smallest_ns)
            self._slice_end_mono_ns = mono_ns + SLICE_NS
            self._slice_smallest_ns = delay_ns
            self.smallest_ns = min(delay_ns, *self._closed) if self._closed else delay_ns
        elif delay_ns < self._slice_smallest_ns:
            self._slice_smallest_ns = delay_ns
            if delay_ns < before:
                self.smallest_ns = delay_ns
        return self.smallest_ns != before

    def shift(self, by_ns: int) -> None:
        """All delays seen so far were measured from a point that has moved."""
        self.smallest_ns += by_ns
        self._slice_smallest_ns += by_ns
        self._closed = deque((delay_ns + by_ns for delay_ns in self._closed), maxlen=SLICES)

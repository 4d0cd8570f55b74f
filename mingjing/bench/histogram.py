"""Many durations in little memory, from many processes, with percentiles that are exact to a tenth of a millisecond.

Sorting millions of floats in a client would itself be a load, and samples of several processes must
be one distribution before a percentile is taken of them: percentiles cannot be averaged.
"""

from collections.abc import Mapping

FINE_NS = 100_000  # a tenth of a millisecond: what a gate is compared with is whole milliseconds
FINE_SLOTS = 10_000  # up to a second, then in steps of a hundredth
COARSE_NS = 10_000_000
_FINE_END_NS = FINE_NS * FINE_SLOTS


class Histogram:
    """Durations in nanoseconds; those below nothing (a clock's grain) count as nothing."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0

    def add(self, ns: int, times: int = 1) -> None:
        ns = max(ns, 0)
        slot = ns // FINE_NS if ns < _FINE_END_NS else FINE_SLOTS + (ns - _FINE_END_NS) // COARSE_NS
        self._counts[slot] = self._counts.get(slot, 0) + times
        self.count += times

    def merge(self, other: "Histogram") -> None:
        for slot, times in other._counts.items():
            self._counts[slot] = self._counts.get(slot, 0) + times
        self.count += other.count

    def percentile_ms(self, percent: float) -> float:
        """The least duration that this share of all does not exceed (nearest rank, rounded up); 0 for none."""
        wanted = self.count * percent / 100
        seen = 0
        for slot in sorted(self._counts):
            seen += self._counts[slot]
            if seen >= wanted:
                return _end_ms(slot)
        return 0.0

    def as_json(self) -> dict[str, int]:
        """For another process; see `from_json`."""
        return {str(slot): times for slot, times in self._counts.items()}

    @classmethod
    def from_json(cls, counts: Mapping[str, int]) -> "Histogram":
        histogram = cls()
        histogram._counts = {int(slot): times for slot, times in counts.items()}
        histogram.count = sum(counts.values())
        return histogram


def _end_ms(slot: int) -> float:
    """The upper end of a slot: what was measured is never told as less than it was."""
    if slot < FINE_SLOTS:
        return (slot + 1) * FINE_NS / 1e6
    return (_FINE_END_NS + (slot - FINE_SLOTS + 1) * COARSE_NS) / 1e6

"""How late the event loop runs: what a viewer feels before anything else goes wrong.

A turn of the loop that takes long is met by one sleep only, however long it is, and a percentile
over sleeps would hide it. So what came due within that turn, every INTERVAL_S, counts as well:
it is the share of all moments at which something would have waited so long.
"""

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

from storage import Clock

INTERVAL_S = 0.02
KEPT = 3_000  # one minute of samples

# Upper ends in milliseconds, the gates' bounds among them (docs/reference/performance.md).
BUCKETS_MS = (1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 2_000, 5_000, 10_000)


class LoopLag:
    """Sleeps, and measures by how much it slept longer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._samples_ns: deque[int] = deque(maxlen=KEPT)
        self._counts = [0] * (len(BUCKETS_MS) + 1)
        self._total_ns = 0

    async def run(self) -> None:
        """Until cancelled."""
        interval_ns = int(INTERVAL_S * 1e9)
        while True:
            before_ns = self._clock.mono_ns()
            await asyncio.sleep(INTERVAL_S)
            late_ns = max(0, self._clock.mono_ns() - before_ns - interval_ns)
            self._count(late_ns)
            while (late_ns := late_ns - interval_ns) > 0:
                self._count(late_ns)

    def percentile_ms(self, percent: float) -> float:
        """Of the last minute; 0 before the first sample."""
        ordered = sorted(self._samples_ns)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] / 1e6 if ordered else 0.0

    def buckets(self) -> Sequence[int]:
        """Since the start: how many up to each of BUCKETS_MS, and all. Two readings make a window."""
        totals = [0]
        for count in self._counts:
            totals.append(totals[-1] + count)
        return totals[1:]

    @property
    def total_ms(self) -> float:
        """All together, since the start."""
        return self._total_ns / 1e6

    def _count(self, late_ns: int) -> None:
        self._samples_ns.append(late_ns)
        self._counts[bisect_left(BUCKETS_MS, late_ns / 1e6)] += 1
        self._total_ns += late_ns

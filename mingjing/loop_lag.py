"""How late the event loop runs: what a viewer feels before anything else goes wrong."""

import asyncio
from collections import deque

from storage import Clock

INTERVAL_S = 0.02
KEPT = 3_000  # one minute of samples


class LoopLag:
    """Sleeps, and measures by how much it slept longer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._samples_ns: deque[int] = deque(maxlen=KEPT)

    async def run(self) -> None:
        """Until cancelled."""
        interval_ns = int(INTERVAL_S * 1e9)
        while True:
            before_ns = self._clock.mono_ns()
            await asyncio.sleep(INTERVAL_S)
            self._samples_ns.append(max(0, self._clock.mono_ns() - before_ns - interval_ns))

    def percentile_ms(self, percent: float) -> float:
        """Of the last minute; 0 before the first sample."""
        ordered = sorted(self._samples_ns)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] / 1e6 if ordered else 0.0

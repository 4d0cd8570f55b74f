"""One timer for all connections of a process: each is called some fifty times a second, as the server's own are.

A timer a connection would be five thousand wake-ups a second for a hundred of them; a round is a hundred calls that
mostly compare a number. It runs only while there is somebody.
"""

import asyncio
from collections.abc import Callable

from storage import Clock

ROUND_S = 0.02  # repairs are asked for by the hundredth of a second

Tick = Callable[[int], None]  # now, monotonic ns


class Rounds:
    """Of one loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ticks: dict[Tick, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, tick: Tick) -> None:
        """Call it from now on."""
        self._ticks[tick] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ROUND_S, self._go)

    def remove(self, tick: Tick) -> None:
        """Never again; nobody is missed who is not there."""
        self._ticks.pop(tick, None)

    def _go(self) -> None:
        self._timer = None
        now_ns = self._clock.mono_ns()
        for tick in tuple(self._ticks):
            if tick in self._ticks:
                tick(now_ns)
        if self._ticks and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ROUND_S, self._go)

"""One clock for a whole fleet: calls each player when its next unit is due.

A task and a timer a device would cost more than the sending. One heap and one task do it, and a unit
is late by a millisecond or so.
"""

import asyncio
import heapq
from collections.abc import Callable

from storage import Clock

REST_MIN_S = 0.001  # shorter sleeps cost more wake-ups than they gain punctuality
REST_MAX_S = 0.02  # so that a player added meanwhile need not be waited for

Play = Callable[[int], int | None]  # now in monotonic ns → when to call again, None for not by itself
Late = Callable[[int], None]


def not_late(late_ns: int) -> None:
    """For those who do not count."""


class Pacer:
    """Players may come and go at any time, from the same loop."""

    def __init__(self, clock: Clock, late: Late = not_late) -> None:
        """`late` is told with every call by how much it came too late, in nanoseconds."""
        self._clock = clock
        self._late = late
        self._heap: list[tuple[int, int, Play]] = []
        self._order = 0  # of two due at once the one added first; functions do not compare
        self._known: dict[Play, int] = {}

    def add(self, play: Play, due_mono_ns: int) -> None:
        """Call `play` when it is due. One that is known already is called at the new time instead."""
        self._order += 1
        self._known[play] = self._order
        heapq.heappush(self._heap, (due_mono_ns, self._order, play))

    def remove(self, play: Play) -> None:
        """Never call `play` again."""
        self._known.pop(play, None)

    async def run(self) -> None:
        """Play, until cancelled."""
        while True:
            rest_s = self._round()
            await asyncio.sleep(rest_s)

    def _round(self) -> float:
        """Call what is due, each player once; how long to rest then, in seconds."""
        now = self._clock.mono_ns()
        heap, known = self._heap, self._known
        for _ in range(len(heap)):
            due, order, play = heap[0]
            if due > now:
                break
            heapq.heappop(heap)
            if known.get(play) != order:
                continue  # removed, or due at another time now
            started = self._clock.mono_ns()
            self._late(started - due)
            again = play(started)
            if again is not None and known.get(play) == order:
                heapq.heappush(heap, (again, order, play))
        if not heap:
            return REST_MAX_S
        rest_s = (heap[0][0] - self._clock.mono_ns()) / 1e9
        return 0.0 if rest_s <= 0 else min(max(rest_s, REST_MIN_S), REST_MAX_S)

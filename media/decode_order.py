"""Decode times for pictures that come in decode order with the times of their display.

With reorder depth R the decode time of a picture is the smallest of the last R+1 display times that
no picture before it took; the first R are extrapolated backwards. The depth comes from the SPS;
where it says nothing, or less than the truth, it is the greatest seen so far. Decode times increase
strictly whatever comes.
"""

from bisect import insort
from collections import deque

COMPOSITION_MAX = (1 << 31) - 1  # ticks from decoding to display that trun can say: 6.6 hours of silence
REORDER_DEPTH_MAX = 16  # H.264, A.3.1 and H.265, A.4.2: no decoder keeps more pictures


class DecodeOrder:
    """One a track. `decode_time` for each picture in decode order, in ticks of the track's clock."""

    def __init__(self, reorder_depth: int | None, usual_interval: int) -> None:
        self._depth = min(reorder_depth or 0, REORDER_DEPTH_MAX)
        self._usual_interval = usual_interval  # to extrapolate by, before any interval is known
        self._waiting: list[int] = []  # display times not yet used, ascending; at most depth + 1
        self._recent: deque[int] = deque(maxlen=REORDER_DEPTH_MAX)
        self._highest = -1
        self._last = -1

    def expect(self, reorder_depth: int | None) -> None:
        """New parameter sets: the depth may grow, and never shrinks."""
        self._depth = max(self._depth, min(reorder_depth or 0, REORDER_DEPTH_MAX))

    def decode_time(self, pts: int) -> int:
        """The decode time of the next picture, never negative."""
        if pts > self._highest:
            self._highest = pts
        else:
            overtaken = sum(seen > pts for seen in self._recent)
            if overtaken > self._depth:
                self._depth = overtaken
        self._recent.append(pts)
        last = self._last
        time = max(self._reordered(pts), pts - COMPOSITION_MAX) if self._depth else pts
        if time <= last:
            time = last + 1
        self._last = time
        return time

    def _reordered(self, pts: int) -> int:
        waiting = self._waiting
        insort(waiting, pts)
        missing = self._depth + 1 - len(waiting)  # pictures until the smallest may be used
        if missing <= 0:
            return waiting.pop(0)
        if self._last < 0:
            return pts - missing * self._usual_interval
        return self._last + (waiting[0] - self._last) // (missing + 1)

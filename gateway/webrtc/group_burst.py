"""The group of pictures that a newcomer is sent at once, to see something before the next key picture.

A WebRTC player shows pictures by their RTP times: a group with its real times would leave it behind by as much for
good. So the times are squeezed, a millisecond apart and right before the live picture; the player runs through them.
They are sent faster than they were taken, yet not all at a time (`BYTES_PER_S`): no path buffers two megabytes.

Not here: what is sent again of them (sent_track keeps them as the viewer's own).

Bounds: those of the outlet's group, and what comes meanwhile: `WAITING_BYTES_MAX`.
"""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from gateway.webrtc.cut_unit import CutUnit

STEP_90K = (
    90  # a millisecond: a thousand pictures a second are more than any decoder does, and it need not wait for one
)
AT_ONCE_BYTES = 64 << 10  # a key picture of 2 Mbit/s: nobody waits for a tick to see it
# 40 Mbit/s: a group of 2 s at 1.5 Mbit/s in 75 ms. Slower, what follows comes late; faster, thin links lose it.
BYTES_PER_S = 5_000_000
CAUGHT_UP_BYTES = 128 << 10  # at once of what was held back while others had their turn
WAITING_BYTES_MAX = 4 << 20  # the group, and half a second of an 8 Mbit/s stream behind it

INTERVALS = 6  # of the last pictures, the least of which the next one may come after: a pause among them is none

_NS_PER_S = 1_000_000_000


class GroupBurst:
    """What one viewer is to be sent before it is with the others. Times are monotonic ns."""

    def __init__(self, group: Sequence[CutUnit], mono_ns: int) -> None:
        self._waiting = deque(group)
        self._bytes = sum([unit.size_bytes for unit in group])
        self._allowance = AT_ONCE_BYTES
        self._allowed_ns = mono_ns

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, unit: CutUnit) -> bool:
        """A live picture waits for those before it. False: too much does."""
        self._waiting.append(unit)
        self._bytes += unit.size_bytes
        return self._bytes <= WAITING_BYTES_MAX

    def due(self, mono_ns: int) -> list[CutUnit]:
        """What may be sent now, in order."""
        passed = (mono_ns - self._allowed_ns) * BYTES_PER_S // _NS_PER_S
        self._allowance = min(self._allowance + passed, CAUGHT_UP_BYTES)
        self._allowed_ns = mono_ns
        taken: list[CutUnit] = []
        while self._waiting and self._allowance > 0:
            unit = self._waiting.popleft()
            self._bytes -= unit.size_bytes
            self._allowance -= unit.size_bytes
            taken.append(unit)
        return taken


def squeezed(group: Sequence[CutUnit], sent_until: int | None) -> list[CutUnit]:
    """The group at other times: close behind each other, and behind `sent_until`, what the viewer had last.

    The last keeps its own, unless it was sent before: then all stand between it and the next picture.
    """
    last = group[-1].rtp_time
    begins, ends = last - (len(group) - 1) * STEP_90K, last
    if sent_until is not None and sent_until >= begins:
        begins = sent_until + 1
        usual = min([b.rtp_time - a.rtp_time for a, b in pairwise(group[-INTERVALS:])], default=STEP_90K)
        ends = max(ends, begins, last + usual * 9 // 10)
    step = max(1, min(STEP_90K, (ends - begins) // max(1, len(group) - 1)))
    times = [begins + place * step for place in range(len(group))]
    return [unit if unit.rtp_time == time else unit.at(time) for unit, time in zip(group, times, strict=True)]

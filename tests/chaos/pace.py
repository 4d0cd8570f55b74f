"""When a packet may leave a link of limited bandwidth that stands still at times. Pure: time is handed in.

All times are seconds on one clock that the caller chooses.
"""

import math

from tests.chaos.impairments import Impairments

BURST_BYTES = 3_000  # two full packets go out at once after a pause, as from any real interface


class Bucket:
    """A token bucket, as the time at which all that was admitted will have left (virtual scheduling).

    `bytes_per_s` may be infinite; then nothing ever waits.
    """

    def __init__(self, bytes_per_s: float, burst_bytes: int = BURST_BYTES) -> None:
        self._bytes_per_s = bytes_per_s
        self._credit_s = burst_bytes / bytes_per_s
        self._free_at_s = -math.inf

    def backlog_bytes(self, now_s: float) -> float:
        """What was admitted and has not left yet."""
        waits_s = self._free_at_s - now_s
        return waits_s * self._bytes_per_s if waits_s > 0 else 0.0

    def admit(self, now_s: float, size_bytes: int) -> float:
        """The time at which the last of these bytes leaves, behind all that was admitted before."""
        began_s = max(self._free_at_s, now_s - self._credit_s)
        self._free_at_s = began_s + size_bytes / self._bytes_per_s
        return max(now_s, self._free_at_s)


def flows_again_at(link: Impairments, began_s: float, at_s: float) -> float:
    """`at_s`, or the end of the stall that holds then, on a link that began at `began_s`."""
    if not link.stall_s:
        return at_s
    turn, into_s = divmod(at_s - began_s, link.stall_every_s)
    stalled = turn >= 1 and into_s < link.stall_s
    return at_s - into_s + link.stall_s if stalled else at_s

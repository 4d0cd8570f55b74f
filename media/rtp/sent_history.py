"""What a channel's track has sent of late, kept once for all its viewers: from it a NACK is answered.

The payloads are those that were sent, not copies. They are numbered without end; a viewer's 16-bit
numbers are its own (repairs).

Bounds: count, bytes and age, whichever is reached first; older units go whole.
"""

from collections import deque
from collections.abc import Sequence

from media.rtp.cutting import Cut

HISTORY_PACKETS_MAX = 2_048  # two seconds at 10 Mbit/s
HISTORY_BYTES_MAX = 2 * 1024 * 1024  # a channel: the same two seconds, or a 4K key picture five times over
HISTORY_AGE_MAX_NS = 2_000_000_000  # browsers wait no longer for a repair


class SentHistory:
    """Packets of one track of one channel, by number."""

    def __init__(
        self,
        *,
        packets_max: int = HISTORY_PACKETS_MAX,
        bytes_max: int = HISTORY_BYTES_MAX,
        age_max_ns: int = HISTORY_AGE_MAX_NS,
    ) -> None:
        self.next_number = 0
        self.bytes = 0  # of the payloads that are kept
        self._packets_max = packets_max
        self._bytes_max = bytes_max
        self._age_max_ns = age_max_ns
        self._packets: dict[int, Cut] = {}
        self._units: deque[tuple[int, int, int, int]] = deque()  # first number, count, bytes, monotonic ns

    def __len__(self) -> int:
        return len(self._packets)

    def append(self, packets: Sequence[Cut], mono_ns: int) -> int:
        """Keep the packets of one unit, sent now. Returns the number of the first."""
        first = self.next_number
        size = sum([len(payload) for payload, _, _ in packets])
        self._packets.update(enumerate(packets, first))
        self._units.append((first, len(packets), size, mono_ns))
        self.next_number += len(packets)
        self.bytes += size
        self._forget(mono_ns)
        return first

    def find(self, number: int) -> Cut | None:
        return self._packets.get(number)

    def _forget(self, mono_ns: int) -> None:
        units, packets = self._units, self._packets
        while units and (
            len(packets) > self._packets_max
            or self.bytes > self._bytes_max
            or mono_ns - units[0][3] > self._age_max_ns
            or len(units) > self._packets_max
        ):
            first, count, size, _ = units.popleft()
            for number in range(first, first + count):
                del packets[number]
            self.bytes -= size

"""Packets back into the order of their sequence numbers, within bounds.

A UDP packet that overtook others waits here until they come, until too many wait, or until it has
waited too long; then what is missing is given up and counted. With no room (`max_packets=0`, for
TCP) nothing ever waits: a missing number was never sent, and is counted at once.

The first packet that comes need not be the first that was sent: a stream begins with a short wait for
those that were overtaken, or its first key picture would lose its parameter sets.

A number far from the expected one is believed only when the next packet follows it: then the
sender has started its count anew (RFC 3550, appendix A.1). Until then the one packet waits apart,
so that neither a stray packet disturbs the order nor a real restart loses its first packet.

Not here: reading packets (receiver); what a loss does to a picture (picture).
"""

from media.rtp.packet import SEQUENCE_MASK

# A waiting packet: payload, RTP time, marker, receive times (monotonic, UTC). A tuple, as this is the packet path.
Held = tuple[bytes, int, int, int, int]

UDP_PACKETS_MAX = 64  # a third of a second at 1.5 Mbit/s, and more than any 4G link was seen to reorder (gortsplib: 64)
UDP_AGE_MAX_NS = 200_000_000  # a lost packet delays its picture by this; the live latency gate is 150 ms at p99
UDP_START_WAIT_NS = 100_000_000  # at the beginning of a source; longer than links reorder, and nobody watches yet
DROPOUT_MAX = 3_000  # RFC 3550 A.1: further ahead is a new count, not a loss
MISORDER_MAX = 100  # RFC 3550 A.1: further behind is a new count, not a late packet
MISORDER_ALL = 0x8000  # half of all numbers: nothing behind is a new count, as SRTP allows none within a source


class ReorderBuffer:
    """Out-of-order packets of one source.

    The receiver handles a packet that is `expected` while `held` is empty by itself and moves
    `expected` on; all others come through `offer`, and out through `take`.
    """

    def __init__(
        self, *, max_packets: int, max_age_ns: int, start_wait_ns: int = 0, misorder_max: int = MISORDER_MAX
    ) -> None:
        self.expected = -1  # next sequence number; -1 before the first packet
        self.held: dict[int, Held] = {}
        self.reordered = 0  # came after a packet with a later number, but in time
        self.restarts = 0
        self.max_age_ns = max_age_ns
        self._max_packets = max_packets
        self._misorder_max = misorder_max
        self._newest = -1  # the one of `held` with the latest number
        self._start_wait_ns = start_wait_ns
        self._begins_ns = 0  # the end of the wait for the first packet; 0 when there is none
        self._duplicates = 0
        self._stray: tuple[int, Held] | None = None
        self._stray_expected = -1  # when the stray came: one that others follow in order was no restart
        self._stray_late = False  # it is a duplicate, if it is no restart
        self._anew: list[tuple[int, Held]] = []

    @property
    def duplicates(self) -> int:
        """Came twice, or after they had been given up."""
        return self._duplicates + (self._stray_late and self._stray_expected != self.expected)

    @property
    def begins(self) -> bool:
        """The wait for the first packet of a source: a number shortly before `expected` takes its place."""
        return self._begins_ns > 0

    def offer(self, sequence: int, packet: Held) -> None:
        """Put a packet in its place, or drop it as one seen before."""
        if self.expected < 0:
            self.expected = sequence
            self._begins_ns = packet[3] + self._start_wait_ns
        ahead = (sequence - self.expected) & SEQUENCE_MASK
        if self._begins_ns and ahead > SEQUENCE_MASK - MISORDER_MAX:
            self.expected, ahead = sequence, 0
        if ahead < DROPOUT_MAX:
            self._set_stray(None)
            if sequence in self.held:
                self._duplicates += 1
            else:
                if self.held and (self._newest - self.expected) & SEQUENCE_MASK > ahead:
                    self.reordered += 1
                else:
                    self._newest = sequence
                self.held[sequence] = packet
            return
        late = ahead > SEQUENCE_MASK - self._misorder_max
        if late and self._max_packets:
            self._duplicates += 1
        elif self._follows_stray(sequence):
            assert self._stray is not None
            self._anew = [self._stray, (sequence, packet)]
            self._stray_late = False
            self._set_stray(None)
        else:  # over TCP nothing is late: two such packets in a row are a sender that has gone back a little
            self._set_stray((sequence, packet), late=late)

    def _set_stray(self, stray: tuple[int, Held] | None, *, late: bool = False) -> None:
        """The one before it, if there was one, is given up."""
        self._duplicates += self._stray_late
        self._stray, self._stray_late, self._stray_expected = stray, late, self.expected

    def _follows_stray(self, sequence: int) -> bool:
        stray = self._stray
        return (
            stray is not None and sequence == (stray[0] + 1) & SEQUENCE_MASK and self._stray_expected == self.expected
        )

    def take(self, now_mono_ns: int, *, everything: bool = False) -> tuple[int, Held] | None:
        """The next packet whose turn it is, and how many are given up as lost before it.

        `everything` waits for nothing more: the source has ended.
        """
        held = self.held
        if self._begins_ns:
            if now_mono_ns < self._begins_ns and len(held) <= self._max_packets and not everything:
                return None
            self._begins_ns = 0
        if not held:
            if not self._anew:
                return None
            self.restarts += 1
            self.expected = self._anew[0][0]
            held.update(self._anew)
            self._newest = self._anew[-1][0]
            self._anew = []
        packet = held.pop(self.expected, None)
        lost = 0
        if packet is None:
            oldest_mono_ns = next(iter(held.values()))[3]
            overdue = len(held) > self._max_packets or now_mono_ns - oldest_mono_ns >= self.max_age_ns
            if not (overdue or everything or self._anew):
                return None
            lost = self._hole()
            self.expected = (self.expected + lost) & SEQUENCE_MASK
            packet = held.pop(self.expected)
        self.expected = (self.expected + 1) & SEQUENCE_MASK
        return lost, packet

    def _hole(self) -> int:
        """How many numbers are missing before the first held one, by the shorter of two ways."""
        held, expected = self.held, self.expected
        if len(held) <= UDP_PACKETS_MAX:
            return min((sequence - expected) & SEQUENCE_MASK for sequence in held)
        # No number is walked over twice: `expected` moves on. Looking at all that are held each time would be a square.
        return next(ahead for ahead in range(SEQUENCE_MASK + 1) if (expected + ahead) & SEQUENCE_MASK in held)

    def forget(self) -> None:
        """Another source begins: its numbers have nothing to do with these."""
        self.expected = -1
        self._begins_ns = 0
        self.held.clear()
        self._set_stray(None)
        self._anew = []

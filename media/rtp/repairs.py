"""A viewer's NACKs answered from the history of its channel.

A viewer skips pictures when its link is poor, so its sequence numbers and the channel's differ by
another amount after each pause: they are kept as runs in which the difference is constant. A viewer that is shown
another channel for a while is sent that one's packets, at times shifted to its own.

How a repair is sent is the session's: over RTX with a number of its own, or, where the peer has no RTX, as the
very bytes that were sent before. Never otherwise: the same SRTP number over other bytes, be it one of
a header extension, breaks AES-GCM (RFC 7714, 8).

Bounds: `RUNS_MAX` runs, `OWN_MAX` packets of its own and `ANSWERED_MAX` answers are remembered; the bytes a second
are limited, since a NACK of 300 bytes can ask for a megabyte.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from operator import itemgetter

from media.rtp.cutting import Cut
from media.rtp.packet import SEQUENCE_MASK
from media.rtp.sent_history import SentHistory

RUNS_MAX = 64  # pauses: with one between any two pictures, as long as the history at 25 a second
REPAIR_BYTES_PER_S = 250_000  # 2 Mbit/s: all of an 8 Mbit/s stream at 25 % loss; with more no stream can be watched
REPAIR_BURST_BYTES = 131_072  # a key picture that was lost whole
PACKET_OVERHEAD_BYTES = 60  # IP, UDP, RTP and tag: else the smallest packets would be free
AGAIN_MIN_NS = 10_000_000  # the same packet is not sent twice within half a round trip, nor within this
AGAIN_MAX_NS = 250_000_000  # ... but after this: the round trip is what the viewer says, and may be a minute
ANSWERED_MAX = 1_024
# Of one viewer, looked up at 0.5 µs each: at 30 % loss and 1,000 packets a second a browser asks for some 1,000. The
# rest of a flood is refused unread.
NAMES_PER_S = 4_000
NAMES_BURST = 2_048
OWN_MAX = 4_096  # a group of pictures of 2 MiB, in packets of 512 bytes

Repair = tuple[int, Cut]  # the viewer's sequence number, and the packet

# First sequence, first number, count; the history that they are of, and what is added to its RTP times.
_Run = tuple[int, int, int, SentHistory, int]


class ViewerRepairs:
    """Numbers of one track of one viewer, and what of it is sent again. Times are monotonic ns."""

    def __init__(self, history: SentHistory, *, sequence: int) -> None:
        self.next_sequence = sequence & SEQUENCE_MASK  # not wrapped: its upper bits are SRTP's rollover counter
        self.answered = 0  # packets sent again
        self.unknown = 0  # asked for, and no longer (or never) to be had
        self.refused = 0  # over the limit, or asked again too soon
        self._history = history
        self._time_shift = 0
        self._runs: deque[_Run] = deque(maxlen=RUNS_MAX)
        self._own: dict[int, Cut] = {}  # by sequence number, not wrapped
        self._answered_ns: dict[int, int] = {}
        self._allowance = float(REPAIR_BURST_BYTES)
        self._names = float(NAMES_BURST)
        self._allowed_ns = 0

    def follow(self, history: SentHistory, time_shift: int) -> None:
        """From now on packets of this history are sent, at its RTP times and so much more."""
        self._history, self._time_shift = history, time_shift

    def send(self, number: int, count: int) -> int:
        """`count` packets from the channel's `number` on are sent to this viewer. Returns its first sequence number.

        The number is not wrapped. Once a unit and viewer.
        """
        sequence = self.next_sequence
        self.next_sequence = sequence + count
        runs = self._runs
        if runs:
            first, first_number, length, history, time_shift = runs[-1]
            continues = number - first_number == length and sequence - first == length
            if continues and history is self._history and time_shift == self._time_shift:
                runs[-1] = (first, first_number, length + count, history, time_shift)
                return sequence
        runs.append((sequence, number, count, self._history, self._time_shift))
        return sequence

    def send_own(self, packets: Sequence[Cut]) -> int:
        """The same for packets as only this viewer is sent them, as those of a picture of before at another time.

        They are kept until `forget_own`.
        """
        sequence = self.next_sequence
        self.next_sequence = sequence + len(packets)
        if len(self._own) + len(packets) <= OWN_MAX:
            self._own.update(enumerate(packets, sequence))
        return sequence

    def forget_own(self) -> None:
        """What was sent by `send_own` is older now than a repair may be."""
        self._own.clear()

    def answer(self, nacked: Sequence[int], mono_ns: int, round_trip_ns: int) -> list[Repair]:
        """The packets to send again for the 16-bit numbers of a NACK, in its order."""
        self._allow(mono_ns)
        looked_up = nacked[: int(self._names)]
        self._names -= len(looked_up)
        self.refused += len(nacked) - len(looked_up)
        again_ns = mono_ns - min(max(round_trip_ns // 2, AGAIN_MIN_NS), AGAIN_MAX_NS)
        if len(self._answered_ns) + len(looked_up) > ANSWERED_MAX:  # once a NACK, and not for each of its numbers
            self._answered_ns = {known: at for known, at in self._answered_ns.items() if at > again_ns}
        repairs: list[Repair] = []
        for named in looked_up:
            sequence = self.next_sequence - 1 - ((self.next_sequence - 1 - named) & SEQUENCE_MASK)
            packet = self._find(sequence)
            if packet is None:
                self.unknown += 1
                continue
            size = len(packet[0]) + PACKET_OVERHEAD_BYTES
            before_ns = self._answered_ns.get(sequence)
            free = len(self._answered_ns) < ANSWERED_MAX if before_ns is None else before_ns <= again_ns
            if not free or size > self._allowance:
                self.refused += 1
                continue
            self._answered_ns[sequence] = mono_ns
            self._allowance -= size
            self.answered += 1
            repairs.append((sequence, packet))
        return repairs

    def _find(self, sequence: int) -> Cut | None:
        own = self._own.get(sequence)
        if own is not None:
            return own
        place = bisect_right(self._runs, sequence, key=itemgetter(0)) - 1
        if place < 0:
            return None
        first, number, count, history, time_shift = self._runs[place]
        packet = history.find(number + sequence - first) if sequence - first < count else None
        if packet is None or not time_shift:
            return packet
        payload, rtp_time, marker = packet
        return payload, rtp_time + time_shift, marker

    def _allow(self, mono_ns: int) -> None:
        passed_s = max(0, mono_ns - self._allowed_ns) / 1_000_000_000
        self._allowance = min(REPAIR_BURST_BYTES, self._allowance + passed_s * REPAIR_BYTES_PER_S)
        self._names = min(NAMES_BURST, self._names + passed_s * NAMES_PER_S)
        self._allowed_ns = mono_ns

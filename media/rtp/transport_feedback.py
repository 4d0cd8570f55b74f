"""Transport-wide feedback: when each packet of a transport arrived, both ways.

The sender numbers all packets of a transport in a header extension (header_extension); the receiver
says some ten times a second which came, and when. Its sender then knows what the link can carry.
Format: draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1.

Not here: what the arrivals mean for a viewer (link_judge).

Bounds: a message that speaks of more than `TRANSPORT_STATUSES_MAX` packets is malformed: its sixteen
bytes could name 65,535. What is told about is forgotten; between two messages at most `PENDING_MAX`
arrivals are kept.
"""

from dataclasses import dataclass
from struct import Struct

from media.rtp.packet import SEQUENCE_MASK, Buffer

TRANSPORT_STATUSES_MAX = 2_048  # packets in a message: 200 Mbit/s at ten messages a second
# libwebrtc's range is 50 to 250 ms, the more seldom the less there is to tell. What is said costs us as much as what is
# heard in a tenth of the time.
FEEDBACK_INTERVAL_NS = 200_000_000
FEEDBACK_PACKETS_MAX = 256  # arrivals in a message of ours, and with them
FEEDBACK_STATUSES_MAX = 1_024  # numbers: at most 830 bytes, which leave room in a datagram for RR, NACK and PLI
PENDING_MAX = 2_048
HOLE_MAX = 1_000  # numbers missing in a row; more are another count, not a loss

_HEADER = Struct("!BBHIIHHI")  # as all feedback, then first number, count, reference time and message number
_BODY = Struct("!HHI")
_TICK_NS = 250_000
_REFERENCE_NS = 64_000_000
_REFERENCE_TICKS = _REFERENCE_NS // _TICK_NS
_VERSION_2 = 0x80
_PADDING = 0x20
_TRANSPORT_LAYER = 205
_FORMAT = 15
_MISSING, _SMALL, _LARGE = 0, 1, 2  # symbols; 3 is reserved
_VECTOR = 0x8000
_TWO_BITS = 0x4000
_RUN_MAX = 0x1FFF
_TWO_BIT_SYMBOLS = 7


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """One message. `arrivals` has an entry for each number from `first_sequence` on."""

    first_sequence: int
    message: int  # counted by the peer, 8 bits
    arrivals: tuple[int | None, ...]  # ns of the peer's clock, modulo 2^24 of 64 ms; None: not arrived

    @property
    def lost(self) -> int:
        return sum(arrival is None for arrival in self.arrivals)


def parse_transport_feedback(buffer: Buffer, start: int, end: int) -> TransportFeedback | None:
    """Read what is behind the SSRCs of a message, `buffer[start:end]`. None when it lies.

    Bytes behind the last delta are padding, whether the header says so or not.
    """
    if end - start < _BODY.size:
        return None
    first_sequence, count, rest = _BODY.unpack_from(buffer, start)
    if not 0 < count <= TRANSPORT_STATUSES_MAX:
        return None
    read = _symbols(buffer, start + _BODY.size, end, count)
    if read is None:
        return None
    symbols, at = read
    now = (rest >> 8) * _REFERENCE_TICKS
    arrivals: list[int | None] = []
    for symbol in symbols:
        if symbol == _SMALL:
            if at >= end:
                return None
            now += buffer[at]
            at += 1
        elif symbol == _LARGE:
            if at + 2 > end:
                return None
            now += ((buffer[at] << 8 | buffer[at + 1]) ^ 0x8000) - 0x8000
            at += 2
        elif symbol != _MISSING:
            return None
        arrivals.append(now * _TICK_NS if symbol else None)
    return TransportFeedback(first_sequence, rest & 0xFF, tuple(arrivals))


def _symbols(buffer: Buffer, at: int, end: int, count: int) -> tuple[list[int], int] | None:
    """The status of `count` packets, and where the deltas begin."""
    symbols: list[int] = []
    while len(symbols) < count:
        if at + 2 > end:
            return None
        chunk = buffer[at] << 8 | buffer[at + 1]
        at += 2
        if not chunk & _VECTOR:
            if not chunk & _RUN_MAX:
                return None  # a run of none says nothing
            symbols += [chunk >> 13] * min(chunk & _RUN_MAX, count - len(symbols))
        elif chunk & _TWO_BITS:
            symbols += [chunk >> place & 3 for place in range(12, -1, -2)]
        else:
            symbols += [chunk >> place & 1 for place in range(13, -1, -1)]
    return symbols[:count], at


class TransportArrivals:
    """The receiving half: notes arrivals of one transport, and tells of them in messages.

    All tracks of a session share it, as they share the numbers. Per packet it is one entry in a dict.
    A packet that comes after the message that should have named it stays told as missing.
    """

    def __init__(self) -> None:
        self.arrivals: dict[int, int] = {}  # number → monotonic ns, since the last message
        self.feedback_at_ns = 0  # when the next message is due, once there are arrivals
        self._next = -1  # the first number of the next message; -1 before the first packet
        self._message = 0

    def arrive(self, sequence: int, mono_ns: int) -> None:
        """A packet has come. On the packet path: no more than this."""
        arrivals = self.arrivals
        if not arrivals:
            self.feedback_at_ns = mono_ns + FEEDBACK_INTERVAL_NS
        if len(arrivals) < PENDING_MAX:
            arrivals.setdefault(sequence, mono_ns)

    def due(self, mono_ns: int) -> bool:
        return bool(self.arrivals) and mono_ns >= self.feedback_at_ns

    def feedback(self, sender_ssrc: int, media_ssrc: int, mono_ns: int) -> bytes:
        """One message of what has come, at most `FEEDBACK_PACKETS_MAX` of it; what is left is due at once.

        Empty when nothing that came belongs into a message any more.
        """
        arrivals = self.arrivals
        if not arrivals:
            return b""
        if self._next < 0:
            oldest = next(iter(arrivals))
            self._next = min(arrivals, key=lambda sequence: (sequence - oldest + 0x8000) & SEQUENCE_MASK)
        first = self._next
        ahead = sorted((sequence - first) & SEQUENCE_MASK for sequence in arrivals)
        while ahead and ahead[-1] >= 0x8000:  # behind: it was told as missing
            del arrivals[(first + ahead.pop()) & SEQUENCE_MASK]
        if ahead and ahead[0] > HOLE_MAX:
            first = (first + ahead[0]) & SEQUENCE_MASK
            ahead = [place - ahead[0] for place in ahead]
        if not ahead:
            return b""
        reference = arrivals[(first + ahead[0]) & SEQUENCE_MASK] // _REFERENCE_NS
        ticks, place, symbols, deltas = reference * _REFERENCE_TICKS, 0, bytearray(), bytearray()
        for come in ahead[:FEEDBACK_PACKETS_MAX]:
            if come >= FEEDBACK_STATUSES_MAX:
                break
            number = (first + come) & SEQUENCE_MASK
            tick = arrivals[number] // _TICK_NS
            delta = tick - ticks
            if not -0x8000 <= delta < 0x8000:
                break  # eight seconds of silence: the next message has a reference of its own
            if come != place:
                symbols += bytes(come - place)
            if 0 <= delta < 0x100:
                symbols.append(_SMALL)
                deltas.append(delta)
            else:
                symbols.append(_LARGE)
                deltas += delta.to_bytes(2, "big", signed=True)
            del arrivals[number]
            ticks, place = tick, come + 1
        self._next = (first + place) & SEQUENCE_MASK
        self.feedback_at_ns = mono_ns if arrivals else mono_ns + FEEDBACK_INTERVAL_NS
        rest = (reference & 0xFF_FFFF) << 8 | self._message
        self._message = self._message + 1 & 0xFF
        body = _chunks(symbols) + deltas
        padding = -len(body) % 4
        words = _HEADER.size // 4 - 1 + (len(body) + padding) // 4
        flags = _VERSION_2 | _FORMAT | (_PADDING if padding else 0)
        head = (flags, _TRANSPORT_LAYER, words, sender_ssrc, media_ssrc)
        if padding:
            body += bytes(padding - 1) + bytes((padding,))
        return _HEADER.pack(*head, first, len(symbols), rest) + bytes(body)


def _chunks(symbols: bytes | bytearray) -> bytearray:
    """Statuses in chunks: a run where it is at least as long as what a vector holds, else seven in two bits each."""
    made = bytearray()
    at, size = 0, len(symbols)
    while at < size:
        run = size - at - len(symbols[at:].lstrip(symbols[at : at + 1]))
        if run >= _TWO_BIT_SYMBOLS or at + run == size:
            chunk = symbols[at] << 13 | run
            at += run
        else:
            chunk = _VECTOR | _TWO_BITS
            for place, symbol in enumerate(symbols[at : at + _TWO_BIT_SYMBOLS]):
                chunk |= symbol << 12 - 2 * place
            at += _TWO_BIT_SYMBOLS
        made += chunk.to_bytes(2, "big")
    return made

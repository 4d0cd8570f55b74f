"""RTP of a WebRTC publisher: extensions, retransmissions and holes, and what is said back of them.

The input is a byte of options, then packets, each behind two bytes of length. At the end a sound stream of the same
source, or of another one, must come through.
"""

from collections.abc import Iterator

from media.rtp import RepairedReceiver, TransportArrivals, packetize_h264, packets, parse_feedback, wrap_rtx
from media.rtp.header_extension import transport_extension
from media.rtp.nacks import MISSING_MAX
from media.rtp.picture import UNIT_MAX_BYTES
from media.rtp.repaired import REPAIR_PACKETS_MAX
from media.rtp.transport_feedback import PENDING_MAX
from media.track import Codec
from tests.fuzz.targets.rtp import records
from tests.vectors.loader import Vector, vectors

KIND = "repaired"
MS = 1_000_000
_VIDEO, _RTX, _SSRC, _ELEMENT = 96, 97, 7, 3
_NO_RTX, _NO_NACK = 1, 2
_BEYOND_PROOF = 12
TOKENS = (
    *(b"\x80\x60", b"\x90\x60", b"\x90\xe0", b"\x80\x61", b"\x90\x61", b"\xb0\x61", b"\x00\x00\x00\x07"),
    *(b"\xbe\xde\x00\x01\x31", b"\x10\x00\x00\x01\x03\x02", b"\x7c\x85", b"\x7c\x05", b"\x7c\x45", b"\x65\x88"),
    *(b"\xff\xff", b"\x00\x01", b"\x00\x02"),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    sound = _sound(0, 1, _SSRC)
    again = sound[1]
    rtx = again[:1] + bytes((_RTX,)) + b"\x00\x09" + again[4:8] + b"\0\0\0\x08" + wrap_rtx(2, again[12:])
    extended = [b"\x90" + one[1:12] + transport_extension(_ELEMENT, n) + one[12:] for n, one in enumerate(sound)]
    yield b"\x00" + b"".join(map(_record, [*extended[:1], *extended[2:], rtx]))


def seed(vector: Vector) -> bytes:
    return b"\x00" + b"".join(map(_record, vector.chunks))


def check(data: bytes) -> None:
    if not data:
        return
    transport = TransportArrivals()
    receiver = RepairedReceiver(
        Codec.H264,
        _VIDEO,
        90_000,
        {},
        rtx_payload_type=-1 if data[0] & _NO_RTX else _RTX,
        nack=not data[0] & _NO_NACK,
        transport=transport,
        transport_element=_ELEMENT,
    )
    now = came = 0
    for packet in records(data[1:]):
        now += 5 * MS
        came += len(packet)
        before = receiver.statistics()
        units = [*receiver.receive(b"<" + packet + b">", 1, 1 + len(packet), now, now), *receiver.due(now)]
        for unit in units:
            assert unit.payload
            assert all(unit.payload)
            assert unit.size_bytes <= min(UNIT_MAX_BYTES, came)
        after = receiver.statistics()
        for name in ("packets", "bytes", "lost", "duplicates", "malformed", "oversized", "strangers"):
            assert getattr(after, name) >= getattr(before, name), name
        assert len(receiver._reorder.held) <= REPAIR_PACKETS_MAX + 1
        assert receiver._nacks.missing <= MISSING_MAX
        assert len(transport.arrivals) <= PENDING_MAX
        _heard(receiver, now)
    now += 10_000 * MS
    receiver.due(now)
    _heard(receiver, now)
    _sound_comes_through(receiver, now)


def _heard(receiver: RepairedReceiver, now: int) -> None:
    """What is said back is well formed, fits into a datagram, and ends."""
    for _ in range(40):
        if now < receiver.feedback_at_ns:
            return
        told = receiver.feedback_due(now)
        assert len(told) <= 1_200
        assert parse_feedback(told, 0, len(told), now).malformed == 0
    raise AssertionError("feedback without an end")


def _sound_comes_through(receiver: RepairedReceiver, now: int) -> None:
    got = []
    for turn in range(_BEYOND_PROOF):
        for packet in _sound(turn, 20_000, 99):
            now += 10 * MS
            got += [unit.payload for unit in receiver.receive(packet, 0, len(packet), now, now)]
    got += [unit.payload for unit in receiver.flush()]
    assert got[-(_BEYOND_PROOF - 1) :] == [_picture(turn) for turn in range(1, _BEYOND_PROOF)]


def _picture(turn: int) -> tuple[bytes, ...]:
    return (b"\x67\x42", b"\x65\x88" + bytes((turn,)) * 3_000)


def _sound(turn: int, sequence: int, ssrc: int) -> list[bytes]:
    payloads = packetize_h264(_picture(turn), mtu=1_174)
    first = sequence + len(payloads) * turn
    return packets(payloads, payload_type=_VIDEO, sequence=first, rtp_time=90_000 + 3_600 * turn, ssrc=ssrc)


def _record(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet

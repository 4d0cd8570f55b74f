"""RTP of one track: header, order, proof of strangers, and the depacketizers of all codecs.

The input is a byte that chooses codec and transport, then packets, each behind two bytes of length.
After all of it a sound sender must come through (the same as in tests/media/rtp/test_fuzz.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate

from media.rtp import TrackReceiver, packetize_aac, packetize_h264, packetize_h265, packets
from media.rtp.picture import UNIT_MAX_BYTES, UNIT_MAX_NALS
from media.track import Codec
from tests.vectors.loader import Vector, vectors

KIND = "rtp"
CODECS = tuple(Codec)
MS = 1_000_000
_FMTP = {
    Codec.AAC: {"sizelength": "13", "indexlength": "3", "indexdeltalength": "3", "config": "1190"},
    Codec.H265: {"sprop-max-don-diff": "1"},
}
_UDP = 0x10
_PLAIN_FMTP = 0x20
_STRANGE_SSRC = 99
_PAYLOAD_TYPE = 96
_BEYOND_PROOF = 12  # sound pictures: more than any proof of a new source or a new count takes
TOKENS = (
    *(
        b"\x00\x10\x80\x60\x00\x01",
        b"\x80\xe0\x00\x02",
        b"\x80\x60",
        b"\x90\x60",
        b"\xa0\x60",
        b"\xb0\x60",
        b"\x8f\x60",
    ),
    *(b"\x7c\x85", b"\x7c\x05", b"\x7c\x45", b"\x18\x00\x02", b"\x62\x01\x93", b"\x62\x01\x53", b"\x60\x01\x00\x02"),
    *(b"\x00\x10\x00\x20", b"\xff\xff", b"\x00\x00\x00\x01", b"\x00\x00\x00\x07", b"\x67\x42", b"\x65\x88"),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    for place, codec in enumerate(CODECS):
        yield bytes((place,)) + b"".join(map(_record, _sound(codec, 0, 1, 7, _PAYLOAD_TYPE)))


def seed(vector: Vector) -> bytes:
    place = CODECS.index(Codec(vector.notes.get("codec", "h264")))
    return bytes((place,)) + b"".join(map(_record, vector.chunks))


def check(data: bytes) -> None:
    if not data:
        return
    codec = CODECS[(data[0] & 0x0F) % len(CODECS)]
    fmtp = {} if data[0] & _PLAIN_FMTP else _FMTP.get(codec, {})
    receiver = TrackReceiver(codec, _PAYLOAD_TYPE, 90_000, fmtp, reorder=bool(data[0] & _UDP))
    now = 0
    came = 0
    for packet in records(data[1:]):
        now += MS
        came += len(packet)
        before = receiver.statistics()
        for unit in receiver.receive(b"<" + packet + b">", 1, 1 + len(packet), now, now):
            assert unit.payload
            assert all(unit.payload)
            assert unit.size_bytes <= UNIT_MAX_BYTES
            assert unit.size_bytes <= came, "more comes out than went in"
            assert len(unit.payload) <= UNIT_MAX_NALS
            assert unit.received_mono_ns <= now
        after = receiver.statistics()
        for name in ("packets", "bytes", "lost", "duplicates", "malformed", "oversized", "strangers"):
            assert getattr(after, name) >= getattr(before, name), name
        assert len(receiver.receiver_report(now)) % 4 == 0
    receiver.due(now + 10_000 * MS)
    _sound_comes_through(receiver, codec, bool(fmtp), now)
    _a_row_is_the_same(data, codec, fmtp)


def _a_row_is_the_same(data: bytes, codec: Codec, fmtp: Mapping[str, str]) -> None:
    """All packets of one read at once are what they are one by one."""
    row, single = (TrackReceiver(codec, _PAYLOAD_TYPE, 90_000, fmtp, reorder=bool(data[0] & _UDP)) for _ in range(2))
    packets_in_row = list(records(data[1:]))
    buffer = b"".join(packets_in_row)
    ends = list(accumulate(map(len, packets_in_row)))
    bounds = list(zip([0, *ends], ends, strict=False))
    units = [unit for start, end in bounds for unit in single.receive(buffer, start, end, MS, MS)]
    assert list(row.receive_row(buffer, bounds, MS, MS)) == units
    assert list(row.flush()) == list(single.flush())
    assert row.statistics() == single.statistics()


def records(data: bytes) -> Iterator[bytes]:
    """Pieces that stand behind two bytes of length; the last one may be cut off."""
    at = 0
    while at + 2 <= len(data):
        size = data[at] << 8 | data[at + 1]
        yield data[at + 2 : at + 2 + size]
        at += 2 + size


def _record(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


def _sound_comes_through(receiver: TrackReceiver, codec: Codec, with_fmtp: bool, now: int) -> None:
    if codec is Codec.H265 and with_fmtp:
        return  # our packetizer writes no decoding order numbers
    _, wanted = _picture(codec)
    got = []
    for turn in range(_BEYOND_PROOF):
        for packet in _sound(codec, turn, 20_000 + 10 * turn, _STRANGE_SSRC, 111):
            now += 10 * MS
            got += [unit.payload for unit in receiver.receive(packet, 0, len(packet), now, now)]
    got += [unit.payload for unit in receiver.flush()]
    assert got[-(_BEYOND_PROOF - 1) :] == [wanted] * (_BEYOND_PROOF - 1), "a sound sender does not come through"
    assert receiver.statistics().ssrc == _STRANGE_SSRC


@cache
def _sound(codec: Codec, turn: int, sequence: int, ssrc: int, payload_type: int) -> tuple[bytes, ...]:
    payloads, _ = _picture(codec)
    numbered: Iterable[bytes] = packets(
        payloads,
        payload_type=payload_type,
        sequence=20_000 + len(payloads) * turn if ssrc == _STRANGE_SSRC else sequence,
        rtp_time=90_000 + 3_600 * turn,
        ssrc=ssrc,
    )
    return tuple(numbered)


@cache
def _picture(codec: Codec) -> tuple[list[bytes], tuple[bytes, ...]]:
    body = bytes(range(256)) * 11
    match codec:
        case Codec.H264:
            nals = (b"\x67\x42", b"\x68\xee", b"\x65\x88" + body)
            return packetize_h264(nals), nals
        case Codec.H265:
            nals = (b"\x40\x01\x0c", b"\x26\x01\x80" + body)
            return packetize_h265(nals), nals
        case Codec.AAC:
            return packetize_aac(body), (body,)
        case _:
            return [body[:160]], (body[:160],)

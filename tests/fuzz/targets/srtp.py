"""SRTP and SRTCP of one peer.

The input is a byte that chooses the profile, then records, each behind two bytes of length.
No fuzzer forges a tag, so a record says who sent it. Its first byte:

- bit 0: RTCP, otherwise RTP;
- bit 1: the peer that holds the key sends it, whatever is in it: it is sealed here, with the
  index in the four bytes that follow (RTP: rollover counter; RTCP: the index word's low 31 bits);
  otherwise it goes in as it is, and must be refused.
"""

from collections.abc import Iterator

from media.srtp import SOURCES_MAX, MasterKey, Profile, SessionKeys, SrtcpReceiver, SrtpReceiver, SrtpSender
from media.srtp.by_profile import transform_for
from media.srtp.packet import header_end
from tests.fuzz.targets.rtp import records
from tests.vectors.loader import Vector, vectors

KIND = "srtp"
PROFILES = tuple(Profile)
KEYS = tuple(
    SessionKeys.derive(MasterKey(profile, bytes(range(profile.key_bytes)), bytes(profile.salt_bytes)))
    for profile in PROFILES
)
TOKENS = (
    *(b"\x02\x00\x00\x00\x00", b"\x02\x00\x00\x00\x01", b"\x03\x00\x00\x00\x00", b"\x03\x7f\xff\xff\xff"),
    *(b"\x80\x60\xff\xff", b"\x80\x60\x00\x00", b"\x80\x60\x80\x00", b"\x9f\x60", b"\x90\x60", b"\xbe\xde\x00\x01"),
    *(b"\x81\xc9\x00\x07", b"\x81\xcd\x00\x03", b"\x00\x00\x00\x07"),
)
_RTCP, _KEY_HOLDER = 1, 2
_INDEX_BYTES = 4
_HONEST_SSRC = 0x600D_600D


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    for choice in range(len(PROFILES)):
        for rollover, sequence in ((0, 0), (0, 65_535), (1, 0)):
            header = b"\x80\x60" + sequence.to_bytes(2, "big") + bytes(7) + b"\7"
            yield bytes((choice,)) + _record(b"\2" + rollover.to_bytes(4, "big") + header + b"payload") * 2


def seed(vector: Vector) -> bytes:
    choice = next(n for n, profile in enumerate(PROFILES) if profile.name == vector.notes["profile"])
    return bytes((choice,)) + b"".join(map(_record, vector.chunks))


def check(data: bytes) -> None:
    if not data:
        return
    keys = KEYS[data[0] % len(KEYS)]
    rtp, rtcp = _Heard(SrtpReceiver(keys)), _Heard(SrtcpReceiver(keys))
    rtp_transform, rtcp_transform = transform_for(keys.rtp), transform_for(keys.rtcp)
    for record in records(data[1:]):
        if not record:
            continue
        who, packet = record[0], record[1:]
        line = rtcp if who & _RTCP else rtp
        if not who & _KEY_HOLDER:
            assert line.hear(packet) is None, "taken from somebody without the key"
            continue
        number, packet = int.from_bytes(packet[:_INDEX_BYTES], "big"), packet[_INDEX_BYTES:]
        if who & _RTCP:
            if len(packet) < 8:
                continue
            ssrc, index = int.from_bytes(packet[4:8], "big"), number & 0x7FFF_FFFF
            sealed = rtcp_transform.rtcp_seal(ssrc, packet, index)
        else:
            end = header_end(packet, 0, len(packet))
            if end < 0:
                continue
            ssrc, index = int.from_bytes(packet[8:12], "big"), number << 16 | packet[2] << 8 | packet[3]
            sealed = packet[:end] + rtp_transform.rtp_seal(ssrc)(packet[:end], packet[end:], index)
        plain = line.hear(sealed)
        if plain is not None:
            assert plain == packet
            assert (ssrc, index) not in line.taken, "taken twice"
            line.taken.add((ssrc, index))
    assert len({ssrc for ssrc, _ in rtp.taken}) <= SOURCES_MAX
    assert len({ssrc for ssrc, _ in rtcp.taken}) <= SOURCES_MAX
    _a_new_source_comes_through(keys, rtp)


class _Heard:
    """A receiver, and what came out of it."""

    def __init__(self, receiver: SrtpReceiver | SrtcpReceiver) -> None:
        self.receiver = receiver
        self.taken: set[tuple[int, int]] = set()

    def hear(self, packet: bytes) -> bytes | None:
        before = self.receiver.refusals().total
        plain = self.receiver.unprotect(memoryview(b"<" + packet + b">"), 1, 1 + len(packet))
        assert self.receiver.refusals().total == before + (plain is None), "refused and not counted, or both"
        assert plain is None or len(plain) < len(packet)
        return plain


def _a_new_source_comes_through(keys: SessionKeys, rtp: _Heard) -> None:
    ssrcs = {ssrc for ssrc, _ in rtp.taken}
    if len(ssrcs) == SOURCES_MAX or _HONEST_SSRC in ssrcs:
        return
    header, body = SrtpSender(keys, _HONEST_SSRC, 7).protect([b"sound"], 0, 96)
    assert rtp.hear(header + body) == header + b"sound", "an honest source does not come through"


def _record(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet

"""Datagrams on the WebRTC port before anybody has proved anything: STUN, and what only looks like it."""

from collections import Counter
from collections.abc import Iterator

from gateway.webrtc.dtls import DtlsIdentity
from gateway.webrtc.peer import Peer
from gateway.webrtc.source_filter import SourceFilter
from media.sdp import IceCredentials, Offer, Setup
from media.stun import (
    STUN_MAX_BYTES,
    USERNAME_MAX_BYTES,
    MessageClass,
    asked_ufrag,
    build_error,
    build_indication,
    build_request,
    build_success,
    is_signed_by,
    parse_stun,
)
from tests.vectors.loader import Vector, vectors

KIND = "stun"
TOKENS = (
    *(b"\x00\x01", b"\x01\x01", b"\x01\x11", b"\x00\x11", b"\x21\x12\xa4\x42", b"\x00\x06\x00\x09ours:them"),
    *(b"\x00\x08\x00\x14", b"\x00\x20\x00\x08\x00\x01", b"\x00\x24\x00\x04", b"\x00\x25\x00\x00"),
    *(b"\x80\x28\x00\x04", b"\x80\x29\x00\x08", b"\x80\x2a\x00\x08", b"\x00\x09\x00\x04\x00\x00\x04\x01", b"\xff\xff"),
)

_PASSWORD = b"a" * 22
_IDENTITY = DtlsIdentity()


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    yield build_request(bytes(12), b"ours:them", _PASSWORD, priority=7, controlling=1, use_candidate=True)
    yield build_success(bytes(12), ("192.0.2.1", 7), _PASSWORD)
    yield build_success(bytes(12), ("2001:db8::1", 7), _PASSWORD)
    yield build_error(bytes(12), 420, _PASSWORD, (1, 2))
    yield build_indication(bytes(12))


def seed(vector: Vector) -> bytes:
    return vector.data


def check(data: bytes) -> None:
    asked = asked_ufrag(memoryview(data), len(data))
    message = parse_stun(memoryview(data))
    if message is not None:
        assert len(data) <= STUN_MAX_BYTES
        assert len(message.transaction) == 12
        assert message.username is None or len(message.username) <= USERNAME_MAX_BYTES
        assert message.error is None or 300 <= message.error < 700
        is_signed_by(data, message, _PASSWORD)
        named = message.username is not None and message.username.partition(b":")
        if message.kind is MessageClass.REQUEST and named and named[0] and named[1] and message.signed_bytes is None:
            assert asked == named[0]
    _nobody_gets_in(data)


def _nobody_gets_in(data: bytes) -> None:
    """Whatever a stranger says first, it is no peer: it cannot know the password."""
    filtered = SourceFilter()
    sent: list[bytes] = []
    offer = Offer((), (), IceCredentials("them", "b" * 22), (_IDENTITY.fingerprint,), Setup.ACTPASS)
    peer = Peer(offer, _IDENTITY, _Nobody(), lambda answer, _: sent.append(answer), 0, Counter())
    peer.ice.local = IceCredentials("ours", "c" * 32)
    filtered.add(peer)
    buffer = bytearray(max(2_048, len(data)))
    buffer[: len(data)] = data
    filtered.receive(memoryview(buffer), len(data), ("192.0.2.1", 7), 0)
    assert not peer.ice.addresses
    assert sum(filtered.dropped.values()) == 1
    assert len(sent) <= 1
    assert all(len(answer) <= len(data) + 32 for answer in sent)  # nothing to be gained by a forged source


class _Nobody:
    def keyed(self, profile: str, material: bytes, is_client: bool) -> None:
        raise AssertionError("keys for a stranger")

    def srtp(self, data: memoryview, now_ns: int) -> None:
        raise AssertionError("a stranger's packet")

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        raise AssertionError("a stranger's packet")

    def gone(self, cause: str) -> None:
        raise AssertionError("a stranger ended a session")

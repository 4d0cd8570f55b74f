"""Whose a datagram is: what reaches a session, and what is counted instead."""

from collections import Counter
from secrets import token_bytes
from typing import Any

import pytest

from gateway.webrtc import Address, Peer
from gateway.webrtc.dtls import DtlsIdentity
from gateway.webrtc.source_filter import CHECKS_A_SECOND, CHECKS_OF_A_PEER, TAKEN_OVER_AFTER_NS, SourceFilter
from media.sdp import IceCredentials, Offer, Setup
from media.stun import build_indication, build_request
from tests.gateway.webrtc.rig import FATAL_ALERT, Owner

IDENTITY = DtlsIdentity()
HOME, AWAY = ("192.0.2.1", 1_000), ("198.51.100.9", 2_000)
SECOND = 1_000_000_000


class Session:
    """A peer behind the filter, and what it sends."""

    def __init__(self, filtered: SourceFilter, ufrag: str = "them", now_ns: int = 0) -> None:
        self.filtered = filtered
        self.sent: list[tuple[bytes, Address]] = []
        self.owner = Owner()
        self.remote = IceCredentials(ufrag, "a" * 22)
        offer = Offer((), (), self.remote, (IDENTITY.fingerprint,), Setup.ACTPASS)
        self.peer = Peer(offer, IDENTITY, self.owner, lambda data, to: self.sent.append((data, to)), now_ns, Counter())
        filtered.add(self.peer)

    def check(self, address: Address = HOME, now_ns: int = 0, **other: Any) -> None:
        local = self.peer.ice.local
        username = other.get("username", f"{local.ufrag}:{self.remote.ufrag}")
        password = other.get("password", local.password)
        data = build_request(
            token_bytes(12), username.encode(), password.encode(), priority=7, controlling=1, use_candidate=True
        )
        hear(self.filtered, data, address, now_ns)


def hear(filtered: SourceFilter, data: bytes, address: Address = HOME, now_ns: int = 0) -> None:
    buffer = memoryview(bytearray(2_048))
    buffer[: len(data)] = data
    filtered.receive(buffer, len(data), address, now_ns)


@pytest.fixture
def filtered() -> SourceFilter:
    return SourceFilter()


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "empty"),
        (b"\x80\x60" + bytes(30), "media_of_a_stranger"),
        (b"\x80\xc8" + bytes(30), "media_of_a_stranger"),
        (FATAL_ALERT, "dtls_of_a_stranger"),
        (b"\x16\xfe\xfd" + bytes(30), "dtls_of_a_stranger"),
        (b"\x00\x01", "stun_of_nobody"),
        (build_indication(bytes(12)), "stun_of_nobody"),
        (build_request(bytes(12), b"nobody:them", b"x" * 22, priority=1), "stun_of_nobody"),
        (b"GET / HTTP/1.1\r\n", "unknown"),
        (b"\xff" * 30, "unknown"),
    ],
)
def test_what_is_nobodys_is_counted_and_not_answered(filtered: SourceFilter, data: bytes, cause: str) -> None:
    session = Session(filtered)
    hear(filtered, data)
    assert dict(filtered.dropped) == {cause: 1}
    assert not session.sent


def test_a_check_opens_the_way_for_its_address_only(filtered: SourceFilter) -> None:
    session = Session(filtered)
    session.check()
    assert len(session.sent) == 1
    hear(filtered, b"\x16\xfe\xfd" + bytes(30), AWAY)
    hear(filtered, FATAL_ALERT, AWAY)
    assert dict(filtered.dropped) == {"dtls_of_a_stranger": 2}
    hear(filtered, FATAL_ALERT)  # its own, and its own fault
    assert session.owner.causes == ["handshake_failed"]


def test_unsigned_checks_are_counted_and_answered(filtered: SourceFilter) -> None:
    session = Session(filtered)
    session.check(password="wrong")
    assert dict(filtered.dropped) == {"stun_wrong_signature": 1}
    assert len(session.sent) == 1
    hear(filtered, b"\x80\x60" + bytes(30))
    assert filtered.dropped["media_of_a_stranger"] == 1


def test_checks_of_strangers_are_bounded_and_leave_room_for_those_of_peers(filtered: SourceFilter) -> None:
    session = Session(filtered)
    session.check()
    named = [Session(filtered) for _ in range(CHECKS_A_SECOND // CHECKS_OF_A_PEER + 1)]
    for number in range(CHECKS_A_SECOND + 10):
        named[number % len(named)].check(("203.0.113.1", number), password="wrong")
    assert filtered.dropped["stun_over_limit"] == 11
    before = len(session.sent)
    session.check()
    session.check(AWAY)  # somebody new has to wait for the next second
    assert len(session.sent) == before + 1
    session.check(AWAY, SECOND)
    assert len(session.sent) == before + 2


def test_a_flood_that_names_one_session_leaves_room_for_the_others(filtered: SourceFilter) -> None:
    watched, other = Session(filtered), Session(filtered)
    for number in range(2 * CHECKS_A_SECOND):
        watched.check(("203.0.113.1", number), password="wrong")
    assert len(watched.sent) == CHECKS_OF_A_PEER
    other.check()
    assert other.peer.address == HOME


def test_checks_of_a_peer_are_bounded_as_well(filtered: SourceFilter) -> None:
    session, other = Session(filtered), Session(filtered)
    session.check()
    other.check(AWAY)
    for _ in range(CHECKS_OF_A_PEER + 5):
        session.check()
    assert filtered.dropped["stun_over_limit"] == 5
    other.check(AWAY)
    session.check(now_ns=SECOND)
    assert filtered.dropped["stun_over_limit"] == 5


def test_nobody_takes_the_address_of_a_peer_that_is_alive(filtered: SourceFilter) -> None:
    first, second = Session(filtered), Session(filtered)
    first.check()
    second.check(now_ns=TAKEN_OVER_AFTER_NS)
    assert dict(filtered.dropped) == {"stun_from_anothers_address": 1}
    assert (first.peer.address, second.peer.address) == (HOME, None)
    second.check(now_ns=TAKEN_OVER_AFTER_NS + 1)
    assert (first.peer.address, second.peer.address) == (None, HOME)
    filtered.discard(second.peer)
    hear(filtered, FATAL_ALERT)
    assert filtered.dropped["dtls_of_a_stranger"] == 1


def test_a_peers_keepalives_are_no_trouble(filtered: SourceFilter) -> None:
    session = Session(filtered)
    session.check()
    hear(filtered, build_indication(bytes(12)))
    assert not filtered.dropped


def test_a_peer_that_is_gone_leaves_nothing(filtered: SourceFilter) -> None:
    session = Session(filtered)
    for port in range(30):
        session.check(("192.0.2.1", port))
    filtered.discard(session.peer)
    filtered.discard(session.peer)
    filtered.refresh(session.peer)
    assert len(filtered) == 0
    assert not filtered._by_address
    assert not filtered._by_ufrag


def test_absence_is_the_end_of_a_session(filtered: SourceFilter) -> None:
    session = Session(filtered)
    session.peer.tick(30 * SECOND)
    assert not session.owner.causes
    session.peer.tick(30 * SECOND + 1)
    session.peer.tick(90 * SECOND)
    assert session.owner.causes == ["no_connection"]


def test_a_peer_that_never_begins_its_handshake_is_given_up(filtered: SourceFilter) -> None:
    session = Session(filtered)
    session.check(now_ns=SECOND)
    session.peer.tick(21 * SECOND)
    assert not session.owner.causes
    session.peer.tick(21 * SECOND + 1)
    assert session.owner.causes == ["handshake_timeout"]


def test_junk_costs_no_hash(filtered: SourceFilter, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(filtered)

    def hashed(*_: object) -> None:
        raise AssertionError("a check was looked into")

    monkeypatch.setattr(session.peer.ice, "receive", hashed)
    for _ in range(100):
        hear(filtered, build_request(bytes(12), b"nobody:them", b"x" * 22, priority=1))
    assert filtered.dropped["stun_of_nobody"] == 100

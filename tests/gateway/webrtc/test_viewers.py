"""Sessions by WHEP from their answer to their end, over the real port, with a handshake and SRTP."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from gateway.stream import Hub
from gateway.webrtc import Peers, Shown, ViewerEnd, Viewers, WhepSession
from gateway.webrtc.ice import MOVED_NS
from gateway.webrtc.return_path import ASK_AGAIN_NS, TRIES_MAX
from media.srtp import SrtpReceiver, split_keying_material
from media.stun import MessageClass, parse_stun
from storage import UlidFactory
from storage.bus import MemoryBus
from tests.gateway.no_sound import no_sounds
from tests.gateway.webrtc.camera import Camera
from tests.gateway.webrtc.rig import ScriptedPeer, Shifted, open_peers, until
from tests.gateway.webrtc.screen import OFFER
from tests.storage.manual_clock import ManualClock


class Side:
    """A hub, a port, and whoever watches."""

    def __init__(self, peers: Peers) -> None:
        self.clock = ManualClock()
        self.peers = peers
        self.hub = Hub(node_id="test", clock=self.clock, new_id=UlidFactory(self.clock), bus=MemoryBus())
        self.viewers = Viewers(peers, self.hub, self.clock, no_sounds(self.hub, self.clock))

    def watcher(self) -> "Watcher":
        return Watcher(self)


class Watcher(ScriptedPeer):
    """One that was answered; `come` brings it to its keys."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.peers)
        side.peers.remove(self.peer)  # the rig's own session, without an offer
        assert self.identity is not None
        fingerprint = self.identity.fingerprint.digest.hex(":")
        offer = OFFER.replace("a=ice-ufrag:abcd", f"a=ice-ufrag:{self.remote.ufrag}")
        offer = offer.replace("abcdefghijklmnopqrstuv", self.remote.password)
        offer = offer.replace(":".join(["AB"] * 32), fingerprint)
        self.ends: list[ViewerEnd] = []
        self.session: WhepSession = side.viewers.open(
            "dev1", "main", offer.encode(), owner="login", person="li", ended=self.ends.append
        )
        self.peer, self.local = self.session.peer, self.session.peer.ice.local

    async def come(self) -> None:
        await self.check(nominates=True)
        flights = self.dtls.start()
        while self.dtls.keys is None:
            for datagram in flights:
                self.send(datagram)
            flights = self.dtls.receive(await self.receive())
        keys = self.dtls.keys
        self._srtp = SrtpReceiver(split_keying_material(keys.profile, keys.material)[1])

    async def packet(self) -> bytes:
        """The next one of RTP, opened."""
        while True:
            datagram = await self.receive()
            if 128 <= datagram[0] < 192 and not 192 <= datagram[1] <= 223:
                plain = self._srtp.unprotect(datagram, 0, len(datagram))
                assert plain is not None
                return plain


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with open_peers(Shifted()) as peers:
        yield Side(peers)


def waiting(watcher: Watcher) -> list[bytes]:
    """What has come and was not looked at."""
    found: list[bytes] = []
    with suppress(BlockingIOError):
        while True:
            found.append(watcher._socket.recv(2_048))
    return found


async def watching(side: Side) -> Watcher:
    watcher = side.watcher()
    await watcher.come()
    await watcher.packet()
    return watcher


async def test_a_picture_comes_through_the_port_and_leaving_ends_the_session(side: Side) -> None:
    camera = Camera(side.hub)
    camera.pictures(2)
    watcher = await watching(side)
    assert side.hub.channel("dev1", "main").viewers == 1
    watcher.say_goodbye()
    await until(lambda: watcher.ends)
    assert watcher.ends == [ViewerEnd.LEFT]
    assert not len(side.viewers)
    assert side.hub.channel("dev1", "main").viewers == 0
    watcher.close()


async def test_one_that_is_ended_hears_it_and_tells_nobody(side: Side) -> None:
    Camera(side.hub).pictures(2)
    watcher = await watching(side)
    assert side.viewers.shown() == {Shown.FULL: 1}
    side.viewers.end(watcher.session)
    side.viewers.end(watcher.session)
    assert side.viewers.shown() == {}
    assert side.viewers.counts() == {"resent_packets": 0, "poor_links": 0, "unheard_packets": 0}
    assert watcher.peer.is_gone
    assert not watcher.ends
    watcher.close()


async def test_pictures_follow_a_viewer_that_moves_once_it_has_answered_from_there(side: Side) -> None:
    """Found in review: a signed check with a forged source address turned a viewer's pictures on a stranger."""
    camera = Camera(side.hub)
    camera.pictures(2)
    watcher = await watching(side)
    before = watcher.address
    assert watcher.peer.address == before
    old = watcher._socket
    watcher._socket = watcher._open()
    side.peers._clock.ahead_ns += MOVED_NS + 1  # type: ignore[attr-defined]
    await watcher.check(nominates=True)
    question = await watcher.receive()
    camera.picture()
    assert watcher.peer.address == before  # where it was is still known
    for _ in range(TRIES_MAX + 3):
        side.peers._clock.ahead_ns += ASK_AGAIN_NS  # type: ignore[attr-defined]
        side.peers.tick()
    sent = [question, *waiting(watcher)]
    assert {parse_stun(one).kind for one in sent} == {MessageClass.REQUEST}  # type: ignore[union-attr]
    assert len(sent) == TRIES_MAX
    forged = bytearray(question)
    forged[0:2] = b"\x01\x01"
    watcher.send(bytes(forged))  # not signed as an answer is
    await watcher.check()
    assert watcher.peer.address == before
    assert watcher.answer(sent[-1])
    await until(lambda: watcher.peer.address == watcher.address)
    number = camera.picture()
    assert number.to_bytes(4, "big") in await watcher.packet()
    side.peers._clock.ahead_ns += ASK_AGAIN_NS  # type: ignore[attr-defined]
    side.peers.tick()
    assert not any(watcher.answer(datagram) for datagram in waiting(watcher))  # nothing more is asked
    old.close()
    watcher.close()


async def test_one_outlet_serves_all_and_is_left_by_the_last(side: Side) -> None:
    Camera(side.hub).pictures(2)
    one, other = side.watcher(), side.watcher()
    assert one.session.outlet is other.session.outlet
    assert len(side.hub.channel("dev1", "main").unit_readers) == 1
    side.viewers.end(one.session)
    assert len(side.hub.channel("dev1", "main").unit_readers) == 1
    side.viewers.end(other.session)
    assert side.hub.channel("dev1", "main").unit_readers == ()
    one.close()
    other.close()


async def test_bursts_of_many_go_on_in_turn_and_never_all_at_once(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.webrtc.viewers.BURSTS_A_TICK_BYTES", 100_000)
    Camera(side.hub).pictures(50, key_every=1_000, size=30_000)
    watchers = [await watching(side) for _ in range(3)]
    for _ in range(60):
        before = side.peers.port.statistics.sent
        side.clock.advance(0.02)
        side.viewers.tick()
        assert side.peers.port.statistics.sent - before < 250_000 // 1_162
    assert [watcher.session.viewer.units_sent for watcher in watchers] == [50, 50, 50]
    for watcher in watchers:
        side.viewers.end(watcher.session)
        watcher.close()

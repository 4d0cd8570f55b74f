"""A device's session by WHIP from its answer to its end, with the registry, the hub and the port as they are."""

from collections.abc import AsyncIterator
from functools import cached_property

import pytest

from gateway import Admission, bearer_proof
from gateway.registry import RefusalReason
from gateway.stream import Hub
from gateway.webrtc import Peers, Publishers, WhipSession
from gateway.webrtc.ice import CONSENT_NS
from gateway.webrtc.publisher import FIRST_PICTURE_WITHIN_NS
from media import GapCause
from media.rtp import packetize_h264
from media.rtsp import NonceFactory
from media.srtp import SrtpSender, split_keying_material
from storage import UlidFactory
from storage.bus import MemoryBus
from tests.gateway.registry_house import BY, open_registry
from tests.gateway.test_rtsp_listener import Tapes
from tests.gateway.webrtc.rig import ScriptedPeer, open_peers, until

SPS, PPS = bytes.fromhex("6742c01e95a05821"), bytes.fromhex("68ce3c80")
OFFER = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
m=video 9 UDP/TLS/RTP/SAVPF 96\r
c=IN IP4 0.0.0.0\r
a=mid:0\r
a=sendonly\r
a=rtcp-mux\r
a=rtpmap:96 H264/90000\r
a=rtcp-fb:96 nack\r
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r
a=setup:actpass\r
"""


class Side:
    """The live side: a device `dev1` and its key."""

    device = "dev1"
    channel = "main"

    def __init__(self, house, peers: Peers, key: str) -> None:
        self.house = house
        self.peers = peers
        self.key = key
        self.hub = Hub(node_id="test", clock=house.clock, new_id=UlidFactory(house.clock), bus=MemoryBus())
        self.tapes = Tapes()
        self.hub.add_reader_factory(self.tapes.make)
        admission = Admission(house.devices, NonceFactory(b"secret", bytes), house.clock)
        self.publishers = Publishers(peers, self.hub, admission, house.clock)

    def offer(self, text: str = OFFER) -> "Recorder":
        return Recorder(self, text)


class Recorder(ScriptedPeer):
    """One that was let in and answered; `connect` makes it send."""

    def __init__(self, side: Side, text: str = OFFER) -> None:
        super().__init__(side.peers)
        side.peers.remove(self.peer)  # the rig's own session, without an offer
        assert self.identity is not None
        fingerprint = self.identity.fingerprint.digest.hex(":")
        known_by = f"a=ice-ufrag:{self.remote.ufrag}\r\na=ice-pwd:{self.remote.password}\r\n"
        own = f"{known_by}a=fingerprint:sha-256 {fingerprint}\r\n"
        offer = text.replace("t=0 0\r\n", f"t=0 0\r\n{own}").encode()
        device = side.house.devices.find(side.device)
        self.session: WhipSession = side.publishers.open(
            device, side.channel, offer, bearer_proof(side.device, side.key), "127.0.0.1"
        )
        self.peer, self.local = self.session.peer, self.session.peer.ice.local

    def send_pictures(self, lost: int) -> int:
        """Three of two slices, the first of them cut. Packet `lost` is lost on the way; how many are not."""
        sent = 0
        keys = self.dtls.keys
        assert keys is not None
        ours, _ = split_keying_material(keys.profile, keys.material)
        sender = SrtpSender(ours, ssrc=7, first_sequence=0)
        for picture in range(3):
            payloads = packetize_h264([SPS, PPS, b"\x65\x88" + bytes(3_000), b"\x65\x08" + bytes(99)])
            pieces = sender.protect(payloads, picture * 3_600, 96)
            for place in range(0, len(pieces), 2):
                if int.from_bytes(pieces[place][2:4]) != lost:
                    self.send(pieces[place] + pieces[place + 1])
                    sent += 1
        return sent

    def film(self, count: int, *lost: int) -> int:
        """Key pictures of five packets, those in these places of each lost on the way; how many are not."""
        sent = 0
        for _ in range(count):
            pieces = self._film.protect(packetize_h264([SPS, PPS, b"\x65\x88" + bytes(3_000)]), self.filmed * 3_600, 96)
            self.filmed += 1
            for place in range(0, len(pieces), 2):
                if place // 2 not in lost:
                    self.send(pieces[place] + pieces[place + 1])
                    sent += 1
        return sent

    filmed = 0

    @cached_property
    def _film(self) -> SrtpSender:
        assert self.dtls.keys is not None
        ours, _ = split_keying_material(self.dtls.keys.profile, self.dtls.keys.material)
        return SrtpSender(ours, ssrc=7, first_sequence=0)

    async def come(self) -> None:
        """Checks and the handshake, as far as the other side lets it."""
        await self.check(nominates=True)
        flights = self.dtls.start()
        while self.dtls.keys is None:
            for datagram in flights:
                self.send(datagram)
            flights = self.dtls.receive(await self.receive())
        for datagram in flights:
            self.send(datagram)


@pytest.fixture
async def side(tmp_path) -> AsyncIterator[Side]:
    async with open_registry(tmp_path) as house, open_peers() as peers:
        [key] = await house.furnish("dev1")
        yield Side(house, peers, key)


async def live(side: Side, text: str = OFFER) -> Recorder:
    recorder = side.offer(text)
    await recorder.come()
    await until(lambda: side.hub.is_sending("dev1", "main"))
    return recorder


async def test_a_key_that_was_replaced_while_its_session_waited_opens_no_stream(side: Side) -> None:
    """Else who has a leaked key waits with his handshake, and takes the stream of the new key's owner over."""
    recorder = side.offer()
    await side.house.devices.rotate_key("dev1", 0, principal=BY)
    await recorder.come()
    await until(lambda: recorder.peer.is_gone)
    assert not side.hub.is_sending("dev1", "main")
    recorder.close()


async def test_a_device_that_was_disabled_while_its_session_waited_opens_no_stream(side: Side) -> None:
    recorder = side.offer()
    await side.house.devices.disable("dev1", principal=BY)
    await recorder.come()
    await until(lambda: recorder.peer.is_gone)
    assert not side.hub.is_sending("dev1", "main")
    recorder.close()


async def test_whoever_ends_the_stream_ends_its_session(side: Side) -> None:
    recorder = await live(side)
    side.hub.end_device("dev1", GapCause.DISABLED)
    assert recorder.peer.is_gone
    side.publishers.tick()
    assert not len(side.publishers)
    recorder.close()


async def test_who_was_sent_away_is_told_why_and_nobody_else(side: Side) -> None:
    """A phone whose stream another one took over must not take it back, or they go on for ever."""
    first = await live(side)
    second = side.offer()
    await second.come()
    await until(lambda: first.peer.is_gone)
    proof = bearer_proof("dev1", side.key)
    for _ in range(2):
        assert side.publishers.why_ended(first.session.id, "dev1", proof) is GapCause.TAKEOVER
        side.publishers.tick()
    assert side.publishers.why_ended(first.session.id, "dev1", bearer_proof("dev1", "guess")) is None
    assert side.publishers.why_ended(first.session.id, "dev2", proof) is None
    assert side.publishers.why_ended(second.session.id, "dev1", proof) is None
    second.peer.close()  # by itself
    side.publishers.tick()
    assert side.publishers.why_ended(second.session.id, "dev1", proof) is None
    first.close()
    second.close()


async def test_a_session_that_waits_begins_no_stream_once_the_server_stops(side: Side) -> None:
    waiting, running = side.offer(), await live(side)
    side.publishers.close()
    assert waiting.peer.is_gone
    assert side.hub.is_sending("dev1", "main")  # it is the hub's to end
    side.hub.end_all(GapCause.SERVER_STOPPED)
    assert running.peer.is_gone
    waiting.close()
    running.close()


async def test_a_deleted_session_lingers_for_what_is_under_way_and_ends_once(side: Side) -> None:
    recorder = await live(side)
    side.publishers.end(recorder.session)
    proof = bearer_proof("dev1", side.key)
    assert side.publishers.find(recorder.session.id, "dev1", proof) is None
    side.publishers.tick()
    assert side.hub.is_sending("dev1", "main")
    side.house.clock.advance(1)
    side.publishers.tick()
    assert not side.hub.is_sending("dev1", "main")
    [tape] = side.tapes
    assert tape.end is not None
    assert tape.end.cause is GapCause.DEVICE_STOPPED
    recorder.close()


async def test_what_was_asked_for_in_vain_and_what_is_not_whole_is_counted_also_after_the_end(side: Side) -> None:
    recorder = await live(side)
    port = side.peers.port.statistics
    before = port.received
    sent = recorder.send_pictures(lost=3)
    await until(lambda: port.received == before + sent)
    for halves in range(4):
        recorder.session.publisher.tick(side.peers._clock.mono_ns() + halves * 500_000_000)
    counts = side.publishers.counts()
    assert counts["asked"] >= counts["unrepaired"] == 1
    assert (counts["repaired"], counts["damaged_units"]) == (0, 1)
    side.publishers.end(recorder.session)
    side.house.clock.advance(1)
    side.publishers.tick()
    assert not len(side.publishers)
    assert side.publishers.counts() == counts
    recorder.close()


async def test_a_session_left_behind_says_nothing_of_a_device_that_is_there_by_another(side: Side) -> None:
    left, there = side.offer(), await live(side)
    left.session.publisher.gone("no_connection")
    assert side.house.devices.find("dev1").last_refusal is None
    left.close()
    there.close()


async def test_a_session_that_never_connects_is_told_to_the_admin(side: Side) -> None:
    recorder = side.offer()
    recorder.session.publisher.gone("no_connection")
    recorder.close()
    refusal = side.house.devices.find("dev1").last_refusal
    assert (refusal.reason, refusal.words) == (
        RefusalReason.TRANSPORT_NOT_SUPPORTED,
        "no WebRTC connection came about: no connection",
    )


async def test_a_device_that_sends_and_checks_no_more_stays(side: Side) -> None:
    """Consent is for those who are sent to (RFC 7675); older muxers check once."""
    recorder = await live(side)
    now_ns = side.peers._clock.mono_ns() + 2 * CONSENT_NS
    recorder.session.publisher.heard_ns = now_ns - CONSENT_NS // 2
    recorder.peer.tick(now_ns)
    assert not recorder.peer.is_gone
    recorder.peer.tick(now_ns + CONSENT_NS)
    assert recorder.peer.is_gone
    assert (side.peers.failed, side.peers.ended) == ({}, {"silent": 1})
    assert not side.hub.is_sending("dev1", "main")
    recorder.close()


async def test_a_picture_that_never_comes_whole_is_given_up_with_a_reason(side: Side) -> None:
    """As where the network drops large datagrams: repairs are as large, and nobody is told."""
    recorder = await live(side)
    port = side.peers.port.statistics
    before = port.received
    sent = recorder.film(3, 2, 3)
    await until(lambda: port.received == before + sent)
    now_ns, publisher = side.peers._clock.mono_ns(), recorder.session.publisher
    publisher.tick(now_ns + 1_000_000_000)  # the first packets have been waited for
    publisher.tick(now_ns + FIRST_PICTURE_WITHIN_NS)
    assert side.hub.is_sending("dev1", "main")
    for late in (2, 3):
        publisher.tick(now_ns + late * FIRST_PICTURE_WITHIN_NS)
    assert recorder.peer.is_gone
    [tape] = side.tapes
    assert tape.end is not None
    assert tape.end.cause is GapCause.PACKET_LOSS
    proof = bearer_proof("dev1", side.key)
    assert side.publishers.why_ended(recorder.session.id, "dev1", proof) is GapCause.PACKET_LOSS  # the device may ask
    refusal = side.house.devices.find("dev1").last_refusal
    assert refusal.reason is RefusalReason.TRANSPORT_NOT_SUPPORTED
    assert "as where a network drops large datagrams" in refusal.words
    recorder.close()


async def test_who_has_shown_one_whole_picture_is_not_given_up_for_later_losses(side: Side) -> None:
    recorder = await live(side)
    port = side.peers.port.statistics
    before = port.received
    sent = recorder.film(1) + recorder.film(2, 2, 3)
    await until(lambda: port.received == before + sent)
    now_ns = side.peers._clock.mono_ns()
    for late in (0, 2, 3):
        recorder.session.publisher.tick(now_ns + late * FIRST_PICTURE_WITHIN_NS)
    assert side.hub.is_sending("dev1", "main")
    recorder.close()


async def test_packets_that_are_not_taken_are_counted_by_why_also_when_their_session_is_over(side: Side) -> None:
    recorder = await live(side)
    ours, _ = split_keying_material(recorder.dtls.keys.profile, recorder.dtls.keys.material)
    header, sealed = SrtpSender(ours, 8, 1).protect([b"?"], 0, 101)
    for datagram in (header + bytes(len(sealed)), header + sealed, header + sealed):
        recorder.send(datagram)
    wanted = {"forged": 1, "not_agreed_on": 1, "replayed": 1}
    await until(lambda: side.publishers.refused() == wanted)
    side.hub.end_device("dev1", GapCause.DISABLED)
    side.publishers.tick()
    assert not len(side.publishers)
    assert side.publishers.refused() == wanted
    recorder.close()

"""A viewer and what comes out at its player, without a socket: datagrams are taken where the port would send them.

The player's side is libsrtp's: what it cannot open was not protected as the RFC has it. Not here: handshakes (rig).
"""

from dataclasses import dataclass
from os import urandom
from struct import Struct

from gateway.sound import SoundReplacements
from gateway.stream import Hub, SharedReaders
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.picture_feed import ViewerRooms
from gateway.webrtc.viewer import Viewer, ViewerEnd
from gateway.webrtc.viewer_link import LinkNews
from media import TrackKind
from media.fmp4 import ntp_from_utc_ns
from media.rtp import Feedback, ReportBlock, build_nack, build_picture_loss, parse_feedback
from media.rtp.rtcp import build_receiver_report
from media.sdp import Choice, choose_egress, read_offer
from media.srtp import MasterKey, Profile, SessionKeys, SrtcpSender
from storage import UlidFactory
from storage.bus import MemoryBus
from tests.gateway.no_sound import no_sounds
from tests.media.srtp.oracle import Oracle
from tests.storage.manual_clock import ManualClock

PROFILE = Profile.AEAD_AES_128_GCM
VIDEO, RTX, OPUS, ALAW = 96, 97, 111, 8
OFFER = "\r\n".join(
    (
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"),
        *("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:0", "a=recvonly", "a=rtcp-mux"),
        *("a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1"),
        *("a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 goog-remb"),
        *("a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuv"),
        *("a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass"),
        *("m=audio 9 UDP/TLS/RTP/SAVPF 111 8", "c=IN IP4 0.0.0.0", "a=mid:1", "a=recvonly", "a=rtcp-mux"),
        *("a=rtpmap:111 opus/48000/2", "a=rtpmap:8 PCMA/8000", ""),
    )
)
WITHOUT_RTX = OFFER.replace("a=fmtp:97 apt=96", "a=fmtp:97 apt=95")

_HEADER = Struct("!BBHII")


class Port:
    """Stands where the UDP port does."""

    def __init__(self) -> None:
        self.datagrams: list[bytes] = []
        self.calls = 0

    def send(self, buffers, address, segment_size=0) -> None:
        self.calls += 1
        joined = b"".join(buffers)
        size = segment_size or len(joined)
        self.datagrams += [joined[at : at + size] for at in range(0, len(joined), size)]


class PeerHere:
    """A peer that is connected, and where it is."""

    def __init__(self) -> None:
        self.address: tuple[str, int] | None = ("192.0.2.1", 5_000)
        self.is_gone = False

    def close(self) -> None:
        self.is_gone = True


@dataclass(frozen=True)
class Packet:
    """RTP as the player has it."""

    kind: int
    sequence: int
    rtp_time: int
    marked: bool
    payload: bytes
    ssrc: int

    @property
    def number(self) -> int | None:
        """Which picture or sound of a `Camera` begins here."""
        if self.payload[0] & 0x1F == 28:  # FU-A
            return int.from_bytes(self.payload[2:6], "big") if self.payload[1] & 0x80 else None
        if self.kind == VIDEO:
            return int.from_bytes(self.payload[1:5], "big") if self.payload[0] & 0x1F in (1, 5) else None
        return int.from_bytes(self.payload[:4], "big")


class Side:
    """A hub, and the outlets of `dev1`."""

    def __init__(self, sounds: SoundReplacements | None = None) -> None:
        self.clock = ManualClock()
        self.hub = Hub(node_id="test", clock=self.clock, new_id=UlidFactory(self.clock), bus=MemoryBus())
        self.sounds = sounds or no_sounds(self.hub, self.clock)
        self.outlets = SharedReaders(
            self.hub,
            lambda device, channel: Outlet(
                device,
                channel,
                lambda: self.hub.want_key_picture(device, channel),
                self.sounds.of(device, channel),
            ),
        )

    def outlet(self) -> Outlet:
        """Of the main channel."""
        return self.outlets.use("dev1", "main", self)

    def screen(self, offer: str = OFFER, *, keyed: bool = True) -> "Screen":
        screen = Screen(self, offer)
        if keyed:
            screen.key()
        return screen


class Screen:
    """One player. `packets` are those of RTP that came, in their order."""

    def __init__(self, side: Side, offer: str = OFFER) -> None:
        self.port = Port()
        self.ends: list[ViewerEnd] = []
        self.news: list[LinkNews] = []
        self.described_times = 0
        self.packets: list[Packet] = []
        self.reports: list[Feedback] = []
        self.choice: Choice = choose_egress(read_offer(offer.encode()), side.outlet().tracks)
        self.lost: set[int] = set()  # by place among all datagrams: what the link loses
        rooms = ViewerRooms(side.hub, self.port, side.clock, side.outlets)
        self.viewer = Viewer(rooms, side.outlet(), self.choice, self.ends.append)
        self.peer = PeerHere()
        self.viewer.meet(self.peer)
        self.viewer.follow(self)
        self._side = side
        self._ours, self._theirs = (MasterKey(PROFILE, urandom(16), urandom(12)) for _ in range(2))
        self._oracle = Oracle(self._theirs, outbound=False)
        self._says = SrtcpSender(SessionKeys.derive(self._ours))
        self._came = 0
        self._highest = 0

    def key(self) -> None:
        """The handshake is through; the player was its client."""
        material = self._ours.key + self._theirs.key + self._ours.salt + self._theirs.salt
        self.viewer.keyed(PROFILE, material, False)

    @property
    def ssrc(self) -> int:
        return self.viewer.sent[TrackKind.VIDEO].ssrc

    def look(self) -> list[Packet]:
        """Take what has come since the last look; what of it is RTP."""
        seen: list[Packet] = []
        for datagram in self.port.datagrams:
            self._came += 1
            if self._came - 1 in self.lost:
                continue
            if 192 <= datagram[1] <= 223:
                plain = self._oracle.unprotect_rtcp(datagram)
                assert plain is not None
                self.reports.append(parse_feedback(plain, 0, len(plain), 0))
                continue
            plain = self._oracle.unprotect(datagram)
            assert plain is not None
            _, kind, sequence, rtp_time, ssrc = _HEADER.unpack_from(plain)
            seen.append(Packet(kind & 0x7F, sequence, rtp_time, bool(kind & 0x80), plain[12:], ssrc))
        self.port.datagrams.clear()
        self.packets += seen
        return seen

    def numbers(self) -> list[int]:
        """The pictures that have begun to come since the last look, in their order."""
        return [n for packet in self.look() if packet.kind == VIDEO and (n := packet.number) is not None]

    def say(self, rtcp: bytes) -> None:
        data = self._says.protect(rtcp)
        self.viewer.srtcp(memoryview(data), self._side.clock.mono_ns())

    def nack(self, *sequences: int) -> None:
        self.say(build_nack(1, self.ssrc, sequences))

    def ask_for_a_picture(self) -> None:
        self.say(build_picture_loss(1, self.ssrc))

    def report(self, loss: float = 0.0, *, round_trip_s: float = 0.05) -> None:
        """A receiver report, as a browser sends one each second: of all that came so far."""
        newest = next(packet for packet in reversed(self.packets) if packet.kind == VIDEO)
        self._highest += newest.sequence - self._highest & 0xFFFF
        sent = self.reports[-1].sender_reports[0].ntp if self.reports else 0
        now = ntp_from_utc_ns(self._side.clock.utc_ns())
        delay = max(0, (now - sent >> 16) - round(round_trip_s * 65_536))
        block = ReportBlock(self.ssrc, round(loss * 256), 0, self._highest, 0, sent >> 16 & 0xFFFF_FFFF, delay)
        self.say(build_receiver_report(1, block))

    def described(self) -> None:
        self.described_times += 1

    def link(self, news: LinkNews) -> None:
        self.news.append(news)

    def later(self, seconds: float) -> None:
        """Time passes, and the viewer is ticked."""
        self._side.clock.advance(seconds)
        self.viewer.go_on(self._side.clock.mono_ns())
        self.viewer.tick(self._side.clock.mono_ns())

"""The WebRTC connection of one simulated device: it offers what its clip has, and sends when the server has taken it.

Not here: checks and handshake (mingjing.webrtc_client), packets (webrtc_sender).
"""

import asyncio
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from gateway.webrtc import DtlsIdentity
from media import Codec, TrackKind
from media.rtp import parse_feedback
from media.sdp import TRANSPORT_CC_URI, Answer, OfferedMedia, OfferError, read_answer
from media.srtp import FIRST_SEQUENCE_MAX, SessionKeys, SrtcpReceiver, SrtcpSender, SrtpSender
from mingjing.simulator.clip import SOUND_PAYLOAD_TYPE, VIDEO_CLOCK, VIDEO_PAYLOAD_TYPE
from mingjing.simulator.link import RefusedError
from mingjing.simulator.options import DEVICE_FIELD, SimulateOptions
from mingjing.simulator.uplink import Call
from mingjing.simulator.webrtc_sender import TransportNumbers, WebRtcSender
from mingjing.webrtc_client import (
    Endpoint,
    OfferRefusedError,
    Rounds,
    Session,
    WebRtcClient,
    hang_up,
    post_offer,
    sending,
)
from storage import Clock

LOOK_EVERY_S = 60.0  # nothing is to be done: checks keep the connection alive

_SPS = 7  # NAL unit type of H.264


class WhipUplink:
    """An `Uplink`, and the owner of its client. All uplinks of a fleet share `identity` and `rounds`."""

    def __init__(
        self, call: Call, options: SimulateOptions, identity: DtlsIdentity, rounds: Rounds, clock: Clock
    ) -> None:
        self.lost = asyncio.Event()
        self.opened = False
        self.writable = False
        self.keep_alive_every_s = LOOK_EVERY_S
        self._call = call
        self._clock = clock
        headers = {"Authorization": f"Bearer {call.login.key}"}
        self._endpoint = Endpoint(whip_url(options.server, call.path), headers, options.source_address)
        self._client = WebRtcClient(self, identity, rounds, clock, options.source_address)
        call.sockets.callback(self.cut)
        self._media = _offered(call)
        self._answer: Answer | None = None
        self._session: Session | None = None
        self._leaving = False
        self._senders: dict[int, WebRtcSender] = {}  # by SSRC, the picture first
        self._incoming: SrtcpReceiver | None = None

    @property
    def gone(self) -> bool:
        return self._client.closed

    async def open(self) -> Sequence[WebRtcSender]:
        try:
            self._session = await asyncio.to_thread(post_offer, self._endpoint, self._client.offer(self._media))
            self._answer = read_answer(self._session.answer)
        except (OfferRefusedError, OfferError) as refusal:
            raise RefusedError(str(refusal)) from None
        await self._client.connect(self._answer)
        self.opened = self.writable = True
        return list(self._senders.values())

    def keep_alive(self) -> None:
        """Checks do it."""

    def leave(self) -> None:
        """DELETE. The server ends the connection when all is there; until then it is sent again what it lost."""
        self.writable = False
        session = self._session
        if session is None or not self.opened or self.lost.is_set():
            self.cut()
        elif not self._leaving:
            self._leaving = True
            leaving = asyncio.get_running_loop().run_in_executor(None, hang_up, session)
            leaving.add_done_callback(self._hung_up)

    def cut(self) -> None:
        """Without a word: there is nothing like a RST here."""
        self.writable = False
        self.lost.set()
        self._client.abandon()

    reset = fall_silent = cut

    def _hung_up(self, done: asyncio.Future[None]) -> None:
        if done.cancelled() or done.exception() is not None:  # nobody is there to end it in order
            self.cut()

    # What the client tells

    def keyed(self, incoming: SessionKeys, outgoing: SessionKeys) -> None:
        assert self._answer is not None
        taken = {one.mid: one for one in self._answer.media if one.takes_part}
        reports = SrtcpSender(outgoing)
        self._incoming = SrtcpReceiver(incoming)
        numbers = TransportNumbers(_transport_element(taken.values()))
        chance = self._call.chance
        for offered in self._media:
            answered = taken.get(offered.mid)
            if answered is None:
                continue
            (ssrc, *repairs), own = offered.ssrcs, offered.formats[0].payload_type
            rtx = answered.rtx_of(own)
            self._senders[ssrc] = WebRtcSender(
                self._client.send,
                SrtpSender(outgoing, ssrc, chance.randrange(FIRST_SEQUENCE_MAX)),
                ssrc,
                own,
                numbers,
                reports,
                repairs=SrtpSender(outgoing, repairs[0], 0) if repairs and rtx is not None else None,
                rtx_payload_type=rtx or 0,
                marks=offered.kind is TrackKind.VIDEO,
                loss=self._call.loss,
                chance=chance,
                clock=self._clock,
            )

    def srtp(self, data: memoryview, now_ns: int) -> None:
        """Nobody sends a publisher media."""

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        assert self._incoming is not None
        packet = self._incoming.unprotect(data, 0, len(data))
        if packet is None:
            return
        told = parse_feedback(packet, 0, len(packet), now_ns)
        for ssrc, numbers in told.nacked.items():
            if (sender := self._senders.get(ssrc)) is not None:
                sender.repair(numbers, now_ns)
        if told.pictures_wanted:
            self._call.key_wanted()

    def tick(self, now_ns: int) -> None:
        """Nothing is due by time: a player sends reports with its pictures."""

    def ended(self, cause: str) -> None:
        """The server has ended it: because it was asked to, because another took its place, or for itself."""
        self.writable = False
        self.lost.set()


def whip_url(server: str, path: str) -> str:
    """Where a device publishes whose path over RTSP is `path`: on a server of ours, or as its address says."""
    _, device, *channel = path.split("/")
    if DEVICE_FIELD in server:
        return server.replace(DEVICE_FIELD, path.removeprefix("/"))
    query = f"?{urlencode({'channel': channel[0]})}" if channel else ""
    return f"{server.rstrip('/')}/whip/{device}{query}"


def _offered(call: Call) -> list[OfferedMedia]:
    """What the clip has, the picture first."""
    video, sound, chance = call.clip.video, call.clip.sound, call.chance
    fmtp: dict[str, str] = {}
    if video.codec is Codec.H264:
        sps = next(nal for nal in video.parameter_sets if nal[0] & 0x1F == _SPS)
        fmtp = {"level-asymmetry-allowed": "1", "packetization-mode": "1", "profile-level-id": sps[1:4].hex()}
    ssrc = chance.getrandbits(31)
    media = [sending("0", TrackKind.VIDEO, video.codec, VIDEO_PAYLOAD_TYPE, VIDEO_CLOCK, fmtp, ssrc)]
    if sound is not None:
        codec, ssrc = sound.config.codec, ssrc ^ 1 << 31
        media.append(sending("1", TrackKind.AUDIO, codec, SOUND_PAYLOAD_TYPE, sound.clock_rate, {}, ssrc))
    return media


def _transport_element(media: Iterable[OfferedMedia]) -> int:
    """The id of the transport-wide number, if the server wants it."""
    extensions = [extension for one in media for extension in one.extensions]
    return next((one.id for one in extensions if one.uri == TRANSPORT_CC_URI), 0)

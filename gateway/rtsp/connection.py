"""One RTSP connection: a socket around the sans-IO core, and the stream that it publishes, or watches.

Bytes are read into the buffer that all connections share (read_buffer.py); RTP packets are taken apart
in it, in place. A device's requests are answered by `admission` and `hub`, both in memory: nothing waits.
A viewer's requests wait for the audit, in a task; nothing is read from the socket meanwhile.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine
from typing import cast

import structlog

from gateway.admission import Admission, Allowed, Challenge
from gateway.registry import RefusalReason
from gateway.rtsp.announcement import Announcement, UnsupportedCodecError, read_announcement
from gateway.rtsp.connections import Connections
from gateway.rtsp.player import Player
from gateway.rtsp.read_buffer import ReadBuffer
from gateway.rtsp.track_feed import TrackFeed
from gateway.rtsp.udp import Expected, UdpPorts
from gateway.stream import Hub, Publication
from media import GapCause
from media.rtp import TrackReceiver
from media.rtsp import (
    Announce,
    Bounds,
    Buffer,
    Describe,
    Event,
    Fault,
    Lower,
    MediaPath,
    Pause,
    Play,
    Record,
    ServerConnection,
    Setup,
    Teardown,
    TransportRefused,
)
from media.sdp import SdpError, parse
from storage import Clock

UNREAD_MAX_BYTES = 256 << 10  # our answers and reports that a peer does not read: 1,000 pipelined requests are half
PLAYER_UNREAD_MAX_BYTES = 4 << 20  # a viewer's backlog has bounds of its own below this (backlog.py, F58)
# A viewer's end that takes nothing and says nothing is gone after these: 10 s + 3 × 5 s idle, 15 s with data under way.
KEEPALIVE = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
USER_TIMEOUT_MS = 15_000
SILENCE_TIMEOUT_S = 60  # 4G links stall for 30 s and then burst; twice that, and the device is gone

log = structlog.get_logger()


MakePlayer = Callable[["RtspConnection"], Player | None]
Spawn = Callable[[Coroutine[None, None, None], str], None]


class RtspConnection(asyncio.BufferedProtocol):
    """The driver. One connection publishes at most one stream, or watches at most one channel.

    `make_player` gives None where nobody is let in to watch; `spawn` runs a task to its end.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        admission: Admission,
        clock: Clock,
        udp: UdpPorts | None,
        reading: ReadBuffer,
        open_connections: Connections["RtspConnection"],
        make_player: MakePlayer,
        spawn: Spawn,
    ) -> None:
        self._hub = hub
        self._admission = admission
        self._clock = clock
        self._udp = udp
        self._open_connections = open_connections
        self._make_player = make_player
        self._spawn = spawn
        self._player: Player | None = None
        self._reading = reading
        self._rest = b""  # of what was read: the beginning of something
        self._mono_ns = clock.mono_ns()
        self._utc_ns = clock.utc_ns()
        self.binding = secrets.token_hex(8)
        self.core = ServerConnection(
            secrets.token_hex(8),
            self._interleaved,
            self._mono_ns,
            udp=udp is not None,
            silence_timeout_s=SILENCE_TIMEOUT_S,
        )
        self._transport: asyncio.Transport | None = None
        self._peer = ("", 0)
        self._path: MediaPath | None = None
        self._announcement: Announcement | None = None
        self._feeds: dict[int, TrackFeed] = {}
        self._rtp_feeds: dict[int, TrackFeed] = {}
        self._rtcp_feeds: dict[int, TrackFeed] = {}
        self._publication: Publication | None = None
        self._end_cause = GapCause.OFFLINE
        self.over_udp = False

    # the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        self._transport.set_write_buffer_limits(high=UNREAD_MAX_BYTES)
        self._peer = self._transport.get_extra_info("peername")[:2]
        self._open_connections.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reading.behind(self._rest)

    def buffer_updated(self, nbytes: int) -> None:
        self._mono_ns = self._clock.mono_ns()
        self._utc_ns = self._clock.utc_ns()
        self._read(len(self._rest) + nbytes)

    def _read(self, end: int) -> None:
        """Take in what is in the buffer, up to what needs an answer that is not there yet."""
        core, data = self.core, self._reading.data
        start = 0
        while True:
            start = core.receive(data, start, end, self._mono_ns)
            event = core.next_event()
            if event is None:
                break
            self._handle(event)
        self._rest = bytes(data[start:end]) if start < end else b""
        self.flush()

    def pause_writing(self) -> None:
        """The peer asks and never reads what we answer: there is nothing to wait for."""
        assert self._transport is not None
        log.info("connection fault", peer=self._peer[0], words="what we send is not read", device=self._device())
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._end_cause)
        self._rest = b""
        self._open_connections.discard(self)
        if self._player is not None:
            self._player.leave()
            self._spawn(self._player.record_end(), "viewer leaves")

    @property
    def proven(self) -> bool:
        """Whether a device or a person has proved who it is."""
        return self.core.proven

    @property
    def host(self) -> str:
        return self._peer[0]

    def cut(self) -> None:
        """Drop the connection at once, without a word."""
        self.transport.abort()

    def close(self) -> None:
        """Close the socket; the stream ends with the cause that was set, or as offline."""
        if self._transport is not None:
            self._transport.close()

    def flush(self) -> None:
        """Send what the core has to say."""
        transport = self._transport
        assert transport is not None
        data = self.core.data_to_send()
        if data:
            transport.write(data)
        if self.core.closed:
            transport.close()

    def tick(self, mono_ns: int) -> None:
        """Timers of this connection: every few hundredths of a second over UDP, else every second."""
        if self._transport is not None and self._transport.is_closing():
            self._transport.abort()  # a peer that takes nothing would keep it closing, and open, for ever
            return
        for feed in self._feeds.values():
            feed.tick(mono_ns)
        if self._player is not None:
            self._player.tick(mono_ns)
        deadline = self.core.next_timeout()
        if deadline is not None and mono_ns >= deadline:
            self.core.expire(mono_ns)
            while (event := self.core.next_event()) is not None:
                self._handle(event)
        self.flush()

    def _udp_seen(self, mono_ns: int) -> None:
        self.core.media_seen(mono_ns)

    # media

    def _interleaved(self, channel: int, buffer: Buffer, bounds: Bounds) -> None:
        feed = self._rtp_feeds.get(channel)
        if feed is not None:
            feed.rtp_row(buffer, bounds, self._mono_ns, self._utc_ns)
            return
        feed = self._rtcp_feeds.get(channel)
        if feed is not None:
            for start, end in bounds:
                feed.rtcp(buffer, start, end, self._mono_ns)

    # requests

    def _handle(self, event: Event) -> None:
        match event:
            case Announce():
                self._announce(event)
            case Describe():
                self._describe(event)
            case Setup() if self._player is not None:
                self._player.setup(event)
            case Setup():
                self._setup(event)
            case Play():
                assert self._player is not None
                self._answer_later(self._player.play())
            case Pause():
                assert self._player is not None
                self._player.pause()
            case TransportRefused() if self._player is not None:
                pass
            case TransportRefused():
                self._remember_refused_transport(event.words)
            case Record():
                self._record()
            case Teardown():
                self._end_cause = GapCause.DEVICE_STOPPED
                self._stop(self._end_cause)
            case Fault():
                self._fault(event)
            case _:
                pass  # a parameter was set: answered, and nothing we keep

    def _describe(self, event: Describe) -> None:
        if self._player is None:
            self._player = self._make_player(self)
        if self._player is None:
            self.core.refuse(503, "nobody is let in to watch yet")
            return
        self._answer_later(self._player.describe(event))

    def _answer_later(self, answering: Coroutine[None, None, None]) -> None:
        """Read nothing until the request that waits has its answer; then go on with what came behind it."""
        transport = self._transport
        assert transport is not None
        transport.pause_reading()

        async def answer() -> None:
            await answering
            if not transport.is_closing():
                self._mono_ns = self._clock.mono_ns()
                self._reading.behind(self._rest)
                self._read(len(self._rest))
                if self.core.waiting is None:
                    transport.resume_reading()

        self._spawn(answer(), f"rtsp viewer {self._peer[0]}")

    def watch_socket(self) -> None:
        """A viewer says little: have the kernel find out whether it is still there."""
        assert self._transport is not None
        self._transport.set_write_buffer_limits(high=PLAYER_UNREAD_MAX_BYTES)
        bound: socket.socket = self._transport.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE:
            bound.setsockopt(socket.IPPROTO_TCP, option, value)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def _announce(self, event: Announce) -> None:
        path = event.path
        answer = self._admission.check(path.device, event.credentials, self.binding, self._peer[0])
        if isinstance(answer, Challenge):
            self.core.challenge(answer.headers)
            return
        if not isinstance(answer, Allowed):
            log.info("device refused", device=path.device, peer=self._peer[0], reason=answer.reason)
            self.core.refuse(answer.status, answer.words)
            return
        try:
            description = parse(event.sdp)
            self._announcement = read_announcement(description)
        except SdpError as error:
            self._refuse(path, 400, RefusalReason.BAD_DESCRIPTION, str(error))
            return
        except UnsupportedCodecError as error:
            self._hub.refuse_codec(path.device, path.channel, str(error))
            self._refuse(path, 415, RefusalReason.CODEC_NOT_SUPPORTED, f"codec not supported: {error}")
            return
        self._path = path
        self.core.accept_announce(description)

    def _refuse(self, path: MediaPath, status: int, reason: RefusalReason, words: str) -> None:
        log.info("device refused", device=path.device, peer=self._peer[0], reason=reason, words=words)
        self._admission.remember_refusal(path.device, reason, self._peer[0], words)
        self.core.refuse(status, words)

    def _setup(self, event: Setup) -> None:
        assert self._announcement is not None
        transport = event.transport
        over_udp = transport.lower is Lower.UDP
        if not self._announcement.carries(event.track):
            self._accept_setup(over_udp)
            return
        media = event.media
        assert media.codec is not None
        receiver = TrackReceiver(media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=over_udp)
        if over_udp:
            assert self._udp is not None
            assert transport.client_port is not None
            rtcp_peer = (self._peer[0], transport.client_port[1])
            udp = self._udp
            assert self._path is not None
            feed = TrackFeed(receiver, lambda report: udp.send_rtcp(report, rtcp_peer))
            if not udp.expect(self._peer[0], transport.client_port, Expected(feed, self._udp_seen, self._path)):
                words = "another track at this address sends from these ports"
                self._remember_refused_transport(words)
                self.core.refuse(461, words)
                return
        else:
            assert transport.channels is not None
            rtp_channel, rtcp_channel = transport.channels
            core = self.core
            feed = TrackFeed(receiver, lambda report: core.send_interleaved(rtcp_channel, report))
            self._rtp_feeds[rtp_channel] = feed
            self._rtcp_feeds[rtcp_channel] = feed
        self.over_udp |= over_udp
        self._feeds[event.track] = feed
        self._accept_setup(over_udp)

    def _remember_refused_transport(self, words: str) -> None:
        assert self._path is not None  # no SETUP before an ANNOUNCE
        device, peer = self._path.device, self._peer[0]
        log.info("device refused", device=device, peer=peer, reason=RefusalReason.TRANSPORT_NOT_SUPPORTED, words=words)
        self._admission.remember_refusal(device, RefusalReason.TRANSPORT_NOT_SUPPORTED, peer, words)

    def _accept_setup(self, over_udp: bool) -> None:
        ports = (self._udp.rtp_port, self._udp.rtcp_port) if over_udp and self._udp is not None else None
        self.core.accept_setup(server_port=ports)

    def _record(self) -> None:
        assert self._path is not None
        assert self._announcement is not None
        if not self._feeds:
            self.core.refuse(455, "no track that can be carried was set up")
            return
        refused = self._admission.check_again(self._path.device, self._peer[0])
        if refused is not None:
            log.info("device refused", device=self._path.device, peer=self._peer[0], reason=refused.reason)
            self.core.refuse(refused.status, refused.words)
            return
        offers = [self._announcement.offers[track] for track in self._feeds]
        self._publication = self._hub.publish(self._path.device, self._path.channel, offers, self._displaced)
        for index, feed in enumerate(self._feeds.values()):
            feed.attach(self._publication, index)
        self._admission.devices.mark_seen(self._path.device)
        log.info("stream begins", device=self._path.device, channel=self._path.channel, peer=self._peer[0])
        self.core.accept_record()

    def _fault(self, event: Fault) -> None:
        log.info("connection fault", peer=self._peer[0], words=event.words, device=self._device())
        if event.timed_out:
            self._end_cause = GapCause.STALLED
        self._stop(self._end_cause)

    def _device(self) -> str | None:
        return self._path.device if self._path else None

    def _displaced(self, cause: GapCause) -> None:
        self._end_cause = cause
        self.close()

    def _stop(self, cause: GapCause) -> None:
        """End the stream, if one is running. The last complete units are handed on first."""
        publication, self._publication = self._publication, None
        for feed in self._feeds.values():
            feed.finish()
            if self._udp is not None:
                self._udp.forget(feed)
        if publication is not None and self._path is not None:
            self._hub.end(publication, cause)
            self._admission.devices.mark_seen(self._path.device)
            log.info("stream ends", device=self._path.device, channel=self._path.channel, cause=cause.name.lower())

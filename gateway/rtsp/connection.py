"""One RTSP connection: a socket around the sans-IO core, for a device that publishes or a viewer.

Bytes are read into the buffer that all connections share (read_buffer.py); RTP packets are taken apart
in it, in place. A device's requests are answered at once. A viewer's requests wait for the audit, in a
task; nothing is read from the socket meanwhile.

Not here: what a device does (publisher.py), what a viewer does (player.py).
"""

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import cast

import structlog

from gateway.admission import Admission
from gateway.rtsp.connections import Connection, Connections
from gateway.rtsp.player import Player
from gateway.rtsp.publisher import Publisher
from gateway.rtsp.read_buffer import ReadBuffer
from gateway.rtsp.track_feed import TrackFeed
from gateway.rtsp.udp import UdpPorts
from gateway.stream import Hub
from media import GapCause
from media.rtsp import (
    Announce,
    Bounds,
    Buffer,
    Describe,
    Event,
    Fault,
    Pause,
    Play,
    Record,
    ServerConnection,
    Setup,
    Teardown,
    TransportRefused,
)
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

    `make_player` gives None where nobody is let in to watch; `spawn` runs a task to its end;
    `instead_of` has held its place among the open connections until the socket is there.
    """

    def __init__(
        self,
        *,
        hub: Hub,
        admission: Admission,
        clock: Clock,
        udp: UdpPorts | None,
        reading: ReadBuffer,
        open_connections: Connections,
        make_player: MakePlayer,
        spawn: Spawn,
        instead_of: Connection | None = None,
    ) -> None:
        self._hub = hub
        self._admission = admission
        self._clock = clock
        self._udp = udp
        self._open_connections = open_connections
        self._instead_of = instead_of
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
        self._publisher: Publisher  # from when the socket is there
        self._rtp_feeds: Mapping[int, TrackFeed] = {}  # the publisher's own, without a step between
        self._rtcp_feeds: Mapping[int, TrackFeed] = {}

    # the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        self._transport.set_write_buffer_limits(high=UNREAD_MAX_BYTES)
        self._peer = self._transport.get_extra_info("peername")[:2]
        self._publisher = publisher = Publisher(
            core=self.core,
            peer=self._peer[0],
            binding=self.binding,
            hub=self._hub,
            admission=self._admission,
            udp=self._udp,
            close=transport.close,
        )
        self._rtp_feeds, self._rtcp_feeds = publisher.rtp_feeds, publisher.rtcp_feeds
        self._open_connections.add(self, self._instead_of)
        self._instead_of = None

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
        device = self._publisher.device
        log.info("connection fault", peer=self._peer[0], words="what we send is not read", device=device)
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._publisher.end()
        self._rest = b""
        self._open_connections.discard(self)
        player, self._player = self._player, None
        if player is not None:
            player.leave()
            self._spawn(player.record_end(), "viewer leaves")
        self.core.abandon()  # else it and we hold each other until the cyclic collector comes by

    @property
    def proven(self) -> bool:
        """Whether a device or a person has proved who it is."""
        return self.core.proven

    @property
    def over_udp(self) -> bool:
        """Whether a device sends its packets as datagrams: then the timers are fine ones."""
        return self._publisher.over_udp

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
        self._publisher.tick(mono_ns)
        if self._player is not None:
            self._player.tick(mono_ns)
        deadline = self.core.next_timeout()
        if deadline is not None and mono_ns >= deadline:
            self.core.expire(mono_ns)
            while (event := self.core.next_event()) is not None:
                self._handle(event)
        self.flush()

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
                self._publisher.announce(event)
            case Describe():
                self._describe(event)
            case Setup() if self._player is not None:
                self._player.setup(event)
            case Setup():
                self._publisher.setup(event)
            case Play():
                assert self._player is not None
                self._answer_later(self._player.play())
            case Pause():
                assert self._player is not None
                self._player.pause()
            case TransportRefused() if self._player is not None:
                pass
            case TransportRefused():
                self._publisher.remember_refused_transport(event.words)
            case Record():
                self._publisher.record()
            case Teardown():
                self._publisher.end(GapCause.DEVICE_STOPPED)
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

    def _fault(self, event: Fault) -> None:
        log.info("connection fault", peer=self._peer[0], words=event.words, device=self._publisher.device)
        self._publisher.end(GapCause.STALLED if event.timed_out else None)

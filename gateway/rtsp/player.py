"""What one player does on its connection: it is let in, told what there is, and shown it.

Answers that need the audit take time: the connection reads nothing meanwhile. Not here: the socket
(connection.py), packets (outlet.py), who may watch (door.py).
"""

import asyncio
from collections.abc import Callable

import structlog

from gateway.rtsp.door import Denied, RtspDoor, RtspView
from gateway.rtsp.outlet import Outlet, Outlets
from gateway.rtsp.udp import Expected, UdpPorts
from gateway.rtsp.way import DatagramWay, InterleavedWay, Way
from media.rtsp import (
    Buffer,
    Credentials,
    Describe,
    FirstPacket,
    Lower,
    MediaPath,
    NonceFactory,
    NonceVerdict,
    ServerConnection,
    Setup,
    Transport,
    challenges,
)
from storage import Clock

WRONG_PASSWORDS_MAX = 5  # a connection may try so often; passwords are random, nobody guesses them right

_REFUSALS = {
    Denied.HIDDEN: (404, "there is no such channel, or it is not yours to see"),
    Denied.UNAVAILABLE: (503, "views cannot be recorded now, so there are none"),
}

log = structlog.get_logger()


class Player:
    """The viewing side of one connection. `flush` sends what the core has to say, `ended` closes the connection."""

    def __init__(
        self,
        *,
        core: ServerConnection,
        transport: asyncio.Transport,
        door: RtspDoor,
        outlets: Outlets,
        nonces: NonceFactory,
        binding: str,
        clock: Clock,
        udp: UdpPorts | None,
        flush: Callable[[], None],
        ended: Callable[[str], None],
    ) -> None:
        self._core = core
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername")[0])
        self._door = door
        self._outlets = outlets
        self._nonces = nonces
        self._binding = binding
        self._clock = clock
        self._udp = udp
        self._flush = flush
        self._ended = ended
        self._wrong_passwords = 0
        self._path: MediaPath | None = None
        self._view: RtspView | None = None
        self._outlet: Outlet | None = None
        self._tracks: list[int] = []  # ids, in the order described
        self._transports: dict[int, Transport] = {}  # by track id
        self._way: Way | None = None
        self._gone = False
        self._opened_mono_ns = 0
        self._sinks: list[_Heard] = []

    # requests

    async def describe(self, event: Describe) -> None:
        """Answer a DESCRIBE: challenge, refuse, or tell what there is."""
        credentials = event.credentials
        verdict = NonceVerdict.FOREIGN
        if credentials is not None:
            verdict = self._nonces.check(credentials.nonce, self._binding, self._clock.mono_ns())
        if credentials is None or verdict is NonceVerdict.FOREIGN:
            self._challenge()
            return
        answer = await self._door.admit(event.path, credentials, self._peer)
        if self._gone:
            return
        if answer is Denied.WRONG_PASSWORD:
            self._wrong_password(event.path, credentials)
        elif isinstance(answer, Denied):
            self._core.refuse(*_REFUSALS[answer])
        elif verdict is NonceVerdict.STALE:
            self._challenge(stale=True)
        else:
            self._tell(event.path, answer)

    def _challenge(self, *, stale: bool = False) -> None:
        nonce = self._nonces.issue(self._binding, self._clock.mono_ns())
        self._core.challenge(challenges(nonce, stale=stale))

    def _wrong_password(self, path: MediaPath, credentials: Credentials) -> None:
        log.info("viewer refused", device=path.device, peer=self._peer, user=credentials.user[:64])
        self._wrong_passwords += 1
        if self._wrong_passwords < WRONG_PASSWORDS_MAX:
            self._challenge()
        else:
            self._core.refuse(403, "not admitted")

    def _tell(self, path: MediaPath, view: RtspView) -> None:
        self._release()
        outlet = self._outlets.use(path.device, path.channel, self)
        self._path, self._view, self._outlet = path, view, outlet
        if not outlet.live or not outlet.senders:
            self._release()
            self._core.refuse(503, "this device is not sending now")
            return
        self._tracks = list(outlet.senders)
        self._core.accept_describe(outlet.description())

    def setup(self, event: Setup) -> None:
        """Answer a SETUP."""
        assert self._outlet is not None
        assert self._path is not None
        track = self._tracks[event.track]
        sender = self._outlet.senders.get(track)
        if sender is None:
            self._core.refuse(404, "this track has gone")
            return
        ports: tuple[int, int] | None = None
        if event.transport.lower is Lower.UDP:
            assert self._udp is not None
            assert event.transport.client_port is not None
            sink = _Heard()
            expected = Expected(sink, self._core.media_seen, self._path)
            if not self._udp.expect(self._peer, event.transport.client_port, expected):
                self._core.refuse(461, "these ports at this address are in use")
                return
            self._sinks.append(sink)
            ports = self._udp.rtp_port, self._udp.rtcp_port
        self._transports[track] = event.transport
        self._core.accept_setup(server_port=ports, ssrc=sender.ssrc)

    async def play(self) -> None:
        """Answer a PLAY: the view begins on record, and then on the wire."""
        assert self._view is not None
        if not self._opened_mono_ns:
            denied = await self._view.open(self._end)
            if denied is None:
                self._opened_mono_ns = self._clock.mono_ns()
            if self._gone:
                await self.record_end()
                return
            if denied is not None:
                self._core.refuse(*_REFUSALS.get(denied, _REFUSALS[Denied.HIDDEN]))
                return
        outlet = self._outlet
        assert outlet is not None
        way = self._way = self._way or self._make_way()
        self._core.accept_play(self._first_packets(outlet))
        self._flush()
        way.begin(outlet.gop, outlet.reports())
        outlet.join(way)

    def pause(self) -> None:
        if self._outlet is not None and self._way is not None:
            self._outlet.leave(self._way)

    def _make_way(self) -> Way:
        over_udp = {
            track: ((self._peer, transport.client_port[0]), (self._peer, transport.client_port[1]))
            for track, transport in self._transports.items()
            if transport.client_port is not None and transport.lower is Lower.UDP
        }
        if over_udp:
            assert self._udp is not None
            return DatagramWay(over_udp, self._udp.send_rtp, self._udp.send_rtcp, self._end)
        layout = tuple((track, way.channels[0]) for track, way in self._transports.items() if way.channels is not None)
        return InterleavedWay(self._transport, layout, self._end, self._outlets.missed)

    def _first_packets(self, outlet: Outlet) -> list[FirstPacket]:
        """Where each track begins: with the key picture that is there, or with what comes next."""
        begins: dict[int, int] = {}
        instant_ns = 0
        for batch in outlet.gop:
            for track, packet in batch.packets:
                begins.setdefault(track, int.from_bytes(packet[2:4], "big"))
                instant_ns = instant_ns or outlet.senders[track].placed_at(int.from_bytes(packet[4:8], "big"))
        return [
            FirstPacket(
                place, begins.get(track, sender.next_sequence), sender.rtp_time_at(instant_ns) if instant_ns else None
            )
            for place, track in enumerate(self._tracks)
            if track in self._transports and (sender := outlet.senders.get(track)) is not None
        ]

    # the end

    def _end(self, reason: str) -> None:
        log.info("viewer ended", device=self._path.device if self._path else None, peer=self._peer, reason=reason)
        self._ended(reason)

    def tick(self, mono_ns: int) -> None:
        if self._way is not None:
            self._way.tick(mono_ns)

    def leave(self) -> None:
        """The connection is over: nothing more is sent."""
        self._gone = True
        self.pause()
        self._release()
        if self._udp is not None:
            for sink in self._sinks:
                self._udp.forget(sink)

    async def record_end(self) -> None:
        """Write that the view has ended, if it had begun."""
        if self._view is None or not self._opened_mono_ns:
            return
        seconds = (self._clock.mono_ns() - self._opened_mono_ns) / 1e9
        self._opened_mono_ns = 0
        sent, missed = (self._way.units_sent, self._way.units_missed) if self._way else (0, 0)
        await self._view.close(seconds=seconds, units_sent=sent, units_missed=missed)

    def _release(self) -> None:
        if self._path is not None:
            self._outlets.release(self._path.device, self._path.channel, self)


class _Heard:
    """A viewer's datagrams: that they come is what they say, and the ports know it already."""

    def rtp(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> None: ...

    def rtcp(self, buffer: Buffer, start: int, end: int, mono_ns: int) -> None: ...

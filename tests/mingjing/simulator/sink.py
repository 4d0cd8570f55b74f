"""A small RTSP server for tests: takes what devices publish apart, down to the stamps in the pictures.

The protocol cores are the product's own; what is judged is the simulator.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from media import AccessUnit, Codec, TrackKind, VideoConfig
from media.nal import Stamp, VideoConfigTracker, read_stamp
from media.rtp import TrackReceiver
from media.rtsp import (
    Algorithm,
    Announce,
    Bounds,
    Buffer,
    Event,
    NonceFactory,
    NonceVerdict,
    Record,
    ServerConnection,
    Setup,
    Teardown,
    challenges,
    ha1,
)
from media.sdp import SessionDescription, parse

KEY = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass
class Stream:
    """What one publication delivered."""

    path: str
    device: str
    description: SessionDescription
    pictures: list[AccessUnit] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    arrived_mono_ns: list[int] = field(default_factory=list)
    sounds: list[AccessUnit] = field(default_factory=list)
    configs: list[VideoConfig] = field(default_factory=list)
    receivers: list[TrackReceiver] = field(default_factory=list)
    torn_down: bool = False
    over: bool = False

    @property
    def numbers(self) -> list[int]:
        return [stamp.n for stamp in self.stamps]


class Sink:
    """`streams` in the order of their RECORDs; `wait_for` waits until something is true of them."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.refused: list[str] = []
        self.connections: set[Connection] = set()
        self.port = 0
        self.reads = True
        self.live_paths: dict[str, str] = {}
        self.feeds: dict[tuple[str, int], Callable[[bytes], None]] = {}
        self.udp_ports: tuple[int, int] = (0, 0)
        self._news = asyncio.Event()
        self._nonces = NonceFactory(b"secret", os.urandom)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Sink"]:
        sink = cls()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(sink), "127.0.0.1", 0)
        sink.port = server.sockets[0].getsockname()[1]
        datagrams = [await loop.create_datagram_endpoint(lambda: Datagrams(sink), ("127.0.0.1", 0)) for _ in range(2)]
        sink.udp_ports = tuple(transport.get_extra_info("sockname")[1] for transport, _ in datagrams)  # type: ignore[assignment]
        try:
            yield sink
        finally:
            server.close()
            for connection in list(sink.connections):
                connection.transport.abort()
            for transport, _ in datagrams:
                transport.close()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}"

    def by_device(self) -> dict[str, list[Stream]]:
        found = defaultdict(list)
        for stream in self.streams:
            found[stream.device].append(stream)
        return dict(found)

    def tell(self) -> None:
        self._news.set()

    async def wait_for(self, condition: Callable[["Sink"], bool], within_s: float = 20) -> None:
        async with asyncio.timeout(within_s):
            while not condition(self):
                self._news.clear()
                await self._news.wait()

    def admit(self, event: Announce, binding: str) -> tuple[int, tuple[str, ...]]:
        """Status, and for a 401 the challenges."""
        credentials = event.credentials
        now = time.monotonic_ns()
        if credentials is None or self._nonces.check(credentials.nonce, binding, now) is not NonceVerdict.VALID:
            return 401, challenges(self._nonces.issue(binding, now))
        verifiers = [ha1(algorithm, credentials.user, KEY) for algorithm in (Algorithm.MD5, Algorithm.SHA256)]
        proven = credentials.proves_any(ha1_md5=verifiers[0], ha1_sha256=verifiers[1])
        return (200 if proven and credentials.user == event.path.device else 403), ()


class Connection(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.core = ServerConnection("session", self._packets, time.monotonic_ns())
        self.receivers: dict[int, TrackReceiver] = {}
        self.tracks: dict[int, int] = {}
        self.stream: Stream | None = None
        self.tracker: VideoConfigTracker | None = None
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.sink.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.sink.connections.discard(self)
        if self.stream is not None:
            self.stream.over = True
        self.sink.tell()

    def data_received(self, data: bytes) -> None:
        buffer, start = self._left + data, 0
        while True:
            start = self.core.receive(buffer, start, len(buffer), time.monotonic_ns())
            event = self.core.next_event()
            if event is None:
                break
            self._answer(event)
        self._left = buffer[start:]
        self.transport.write(self.core.data_to_send())
        if self.core.closed:
            self.transport.close()
        self.sink.tell()

    def _answer(self, event: Event) -> None:
        match event:
            case Announce():
                status, challenge = self.sink.admit(event, str(id(self)))
                if status == 401:
                    self.core.challenge(challenge)
                elif status == 403:
                    self.sink.refused.append(str(event.path))
                    self.core.refuse(403, "not your path")
                else:
                    description = parse(event.sdp)
                    self.stream = Stream(str(event.path), event.path.device, description)
                    self.core.accept_announce(description)
            case Setup():
                self._set_up(event)
            case Record():
                assert self.stream is not None
                self.sink.streams.append(self.stream)
                self.core.accept_record()
            case Teardown() if self.stream is not None:
                self.stream.torn_down = True

    def _set_up(self, event: Setup) -> None:
        media, transport = event.media, event.transport
        assert media.codec is not None
        assert self.stream is not None
        over_udp = transport.client_port is not None
        receiver = TrackReceiver(media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=over_udp)
        self.receivers[event.track] = receiver
        self.stream.receivers.append(receiver)
        if media.kind is TrackKind.VIDEO:
            self.tracker = VideoConfigTracker(media.codec, media.parameter_sets)
        if over_udp:
            host = self.transport.get_extra_info("peername")[0]
            for is_report, port in enumerate(transport.client_port or ()):
                self.sink.feeds[host, port] = self._feed(event.track, bool(is_report))
            self.core.accept_setup(server_port=self.sink.udp_ports)
        else:
            for is_report, channel in enumerate(transport.channels or ()):
                self.tracks[channel] = event.track * 2 + is_report
            self.core.accept_setup()

    def _packets(self, channel: int, buffer: Buffer, bounds: Bounds) -> None:
        track, is_report = divmod(self.tracks[channel], 2)
        for start, end in bounds:
            self._feed(track, bool(is_report))(bytes(buffer[start:end]))

    def _feed(self, track: int, is_report: bool) -> Callable[[bytes], None]:
        receiver = self.receivers[track]

        def take(packet: bytes) -> None:
            if is_report:
                receiver.receive_rtcp(packet, 0, len(packet), time.monotonic_ns())
            else:
                for unit in receiver.receive(packet, 0, len(packet), time.monotonic_ns(), time.time_ns()):
                    self._unit(track, unit)
            self.sink.tell()

        return take

    def _unit(self, track: int, unit: AccessUnit) -> None:
        assert self.stream is not None
        media = self.stream.description.media[track]
        if media.kind is not TrackKind.VIDEO:
            self.stream.sounds.append(unit)
            return
        codec = media.codec
        assert codec in (Codec.H264, Codec.H265)
        assert self.tracker is not None
        if (config := self.tracker.observe(unit)) is not None:
            self.stream.configs.append(config)
        stamp = read_stamp(codec, unit.payload)
        if stamp is None:
            assert unit.damaged or unit.lost_packets  # the stamp was in a datagram that was lost
            return
        self.stream.pictures.append(unit)
        self.stream.stamps.append(stamp)
        self.stream.arrived_mono_ns.append(unit.received_mono_ns)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        feed = self.sink.feeds.get((addr[0], addr[1]))
        if feed is not None:
            feed(data)

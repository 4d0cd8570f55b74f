"""RTP and RTCP over UDP: two fixed ports for all devices.

A datagram belongs to a track if it comes from the address of the RTSP peer and the port that its
SETUP named. Everything else is dropped and counted: nothing is learned from the datagram itself.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple, Protocol

from media.rtsp import Buffer, MediaPath
from storage import Clock

RECEIVE_BUFFER_BYTES = 8 << 20  # a burst of 200 devices' key frames; the kernel halves it, and caps it by rmem_max

Source = tuple[str, int]
Seen = Callable[[int], None]  # told the monotonic ns of every datagram: the peer is alive


class Sink(Protocol):
    """Where the datagrams of a track go."""

    def rtp(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> None: ...

    def rtcp(self, buffer: Buffer, start: int, end: int, mono_ns: int) -> None: ...


class Expected(NamedTuple):
    """A track whose datagrams come. A tuple and not a dataclass: it is taken apart for every packet."""

    feed: Sink
    seen: Seen
    path: MediaPath


class _Port(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Source], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, (addr[0], addr[1]))


class UdpPorts:
    """The pair of sockets, and who is expected on them."""

    def __init__(self, clock: Clock) -> None:
        self.strangers = 0  # datagrams from nobody we set up
        self.rtp_port = 0
        self.rtcp_port = 0
        self._clock = clock
        self._rtp: dict[Source, Expected] = {}
        self._rtcp: dict[Source, Expected] = {}
        self._transports: list[asyncio.DatagramTransport] = []

    async def open(self, host: str, rtp_port: int, rtcp_port: int) -> None:
        """Bind both ports; 0 takes any free one.

        Raises:
            OSError: a port cannot be bound; the message names it.
        """
        self.rtp_port = await self._bind(host, rtp_port, self._rtp_received)
        self.rtcp_port = await self._bind(host, rtcp_port, self._rtcp_received)

    async def _bind(self, host: str, port: int, received: Callable[[bytes, Source], None]) -> int:
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Port(received), local_addr=(host, port))
        except OSError as error:
            raise OSError(error.errno, f"UDP {host}:{port} cannot be bound: {error.strerror}") from error
        self._transports.append(transport)
        bound: socket.socket = transport.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        return int(bound.getsockname()[1])

    def expect(self, host: str, ports: tuple[int, int], track: Expected) -> bool:
        """Take datagrams of this peer's SETUP ports (RTP, RTCP) for this track.

        False: they belong to another device or channel at the same address, or to another track of
        this connection, or to a viewer where a device asks and the other way round. A device that comes
        back takes over the ports it had before.
        """
        rtp, rtcp = (host, ports[0]), (host, ports[1])
        taken = (self._rtp.get(rtp), self._rtcp.get(rtcp))
        if any(other and not _gives_way(other, track) for other in taken):
            return False
        self._rtp[rtp] = self._rtcp[rtcp] = track
        return True

    def forget(self, feed: Sink) -> None:
        for table in (self._rtp, self._rtcp):
            for source in [source for source, expected in table.items() if expected.feed is feed]:
                del table[source]

    def send_rtp(self, packet: bytes, destination: Source) -> None:
        if self._transports:
            self._transports[0].sendto(packet, destination)

    def send_rtcp(self, payload: bytes, destination: Source) -> None:
        if len(self._transports) == 2:
            self._transports[1].sendto(payload, destination)

    def _rtp_received(self, data: bytes, source: Source) -> None:
        expected = self._rtp.get(source)
        if expected is None:
            self.strangers += 1
            return
        feed, seen, _ = expected
        mono_ns = self._clock.mono_ns()
        seen(mono_ns)
        feed.rtp(data, 0, len(data), mono_ns, self._clock.utc_ns())

    def _rtcp_received(self, data: bytes, source: Source) -> None:
        expected = self._rtcp.get(source)
        if expected is None:
            self.strangers += 1
            return
        feed, seen, _ = expected
        mono_ns = self._clock.mono_ns()
        seen(mono_ns)
        feed.rtcp(data, 0, len(data), mono_ns)

    def close(self) -> None:
        for transport in self._transports:
            transport.close()
        self._transports.clear()


def _gives_way(other: Expected, track: Expected) -> bool:
    """Whether ports may go over from one to the other: the same channel, another connection, the same part in it."""
    return other.path == track.path and other.seen != track.seen and type(other.feed) is type(track.feed)

"""The one UDP port: datagrams in by the handful, a picture out by one system call.

Received into one buffer that is used again for the next datagram: who wants to keep bytes copies them. Sent in batches
that the kernel cuts (UDP generic segmentation offload), where it can. Nothing here waits: what the kernel
does not take at once is dropped and counted, as a network would do it.
Not here: whose a datagram is (source_filter.py).
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any

import structlog

from storage import Clock

# A picture comes as a burst: 200 devices at 2 Mbit/s make 2.5 MB in 50 ms, and the kernel counts twice what it keeps.
# It caps this by rmem_max, of which Debian's 208 KiB are 4 ms; not for root.
RECEIVE_BUFFER_BYTES = 8 << 20
# Key frames of 64 KiB to a hundred viewers within one turn of the loop. The kernel caps it by wmem_max.
SEND_BUFFER_BYTES = 8 << 20
DATAGRAM_MAX_BYTES = 2_048  # nobody sends WebRTC above an Ethernet frame; a longer one is cut here and then unreadable
DATAGRAMS_A_WAKE_UP = 128  # some 1 ms of work; then others have their turn, and the socket wakes us again
SEGMENTS_MAX = 64  # UDP_MAX_SEGMENTS of kernels before 6.9
BATCH_MAX_BYTES = 65_000  # of one sendmsg, below what an IPv4 datagram may say of its length

_UDP_SEGMENT = 103  # linux/udp.h
_SEGMENT_SIZE = Struct("=H")
# What the kernel answers where it cannot cut: IPsec, no checksum offload, a path for smaller datagrams, port 0.
# All of it is the affair of one address: the next batch, to another, may well be cut.
_UNCUT = (errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EMSGSIZE)
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33  # asm-generic/socket.h: past the limits, for CAP_NET_ADMIN
_SO_MEMINFO = 55  # asm-generic/socket.h: nine numbers, the last of which is what did not fit (linux/sock_diag.h)
_MEMINFO = Struct("=9I")

log = structlog.get_logger()

Address = tuple[Any, ...]  # as the socket gives it: (host, port), with IPv6 two numbers more
# The buffer, how much of it, from where, and when: monotonic ns, read once a wake-up, as a read of TCP has one time.
Received = Callable[[memoryview, int, Address, int], None]


@dataclass(slots=True)
class PortStatistics:
    """Datagrams counted since the port was opened."""

    received: int = 0
    sent: int = 0
    dropped: int = 0  # the kernel's send buffer was full
    failed: int = 0  # no route, forbidden, or too long for it
    uncut: int = 0  # of batches that were cut here, not by the kernel: four times the work


class UdpPort:
    """Opened once, closed once. `port` is the bound port."""

    def __init__(self, received: Received, clock: Clock) -> None:
        self.host = ""
        self.port = 0
        self.receive_buffer_bytes = 0  # as the kernel gave them
        self.send_buffer_bytes = 0
        self.statistics = PortStatistics()
        self._received = received
        self._clock = clock
        self._socket: socket.socket | None = None
        self._buffer = bytearray(DATAGRAM_MAX_BYTES)
        self._view = memoryview(self._buffer)
        self._offload = False

    async def open(self, host: str, port: int) -> None:
        """Bind, and have datagrams handed on from now on; port 0 takes any free one.

        Raises:
            OSError: the port cannot be bound; the message names it.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
            family, kind, protocol, _, address = found[0]
            bound = socket.socket(family, kind, protocol)
            try:
                bound.setblocking(False)
                if family == socket.AF_INET6:
                    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # "::" hears IPv4 as well
                self.receive_buffer_bytes = _granted(bound, socket.SO_RCVBUF, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
                self.send_buffer_bytes = _granted(bound, socket.SO_SNDBUF, _SO_SNDBUFFORCE, SEND_BUFFER_BYTES)
                bound.bind(address)
            except OSError:
                bound.close()
                raise
        except OSError as error:
            raise OSError(error.errno, f"WebRTC UDP {host}:{port} cannot be bound: {error.strerror}") from error
        self._socket, self._offload = bound, _has_offload(bound)
        self.host, self.port = bound.getsockname()[:2]
        self._say_what_was_given()
        loop.add_reader(bound.fileno(), self._drain)

    @property
    def offload(self) -> bool:
        """Whether the kernel cuts batches for us."""
        return self._offload

    @property
    def overflowed(self) -> int:
        """Datagrams that came and found the receive buffer full, since the port was opened; 0 when it is closed."""
        if self._socket is None:
            return 0
        told = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        return int(_MEMINFO.unpack(told)[-1])

    def _say_what_was_given(self) -> None:
        if self.receive_buffer_bytes < RECEIVE_BUFFER_BYTES or self.send_buffer_bytes < SEND_BUFFER_BYTES:
            log.warning(
                "the kernel gives the WebRTC port smaller buffers than it asked for: bursts may be lost",
                receive_bytes=self.receive_buffer_bytes,
                send_bytes=self.send_buffer_bytes,
                fix=f"sysctl -w net.core.rmem_max={RECEIVE_BUFFER_BYTES} net.core.wmem_max={SEND_BUFFER_BYTES}",
            )

    def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _drain(self) -> None:
        # Hot: once a datagram. No await, no log, nothing made but what the socket makes.
        receive, view, received = self._socket.recvfrom_into, self._view, self._received  # type: ignore[union-attr]
        now_ns = self._clock.mono_ns()
        count = 0
        try:
            while count < DATAGRAMS_A_WAKE_UP and self._socket is not None:  # it may be closed by what it received
                try:
                    length, address = receive(view)
                except BlockingIOError:
                    break
                except OSError:  # of an earlier sending, told late (ICMP): not of this datagram
                    self.statistics.failed += 1
                    break
                count += 1
                received(view, length, address, now_ns)
        finally:
            self.statistics.received += count

    def send(self, buffers: Sequence[bytes | bytearray | memoryview], address: Address, segment_size: int = 0) -> None:
        """Send `buffers` one behind the other, cut into datagrams of `segment_size`; the last may be shorter.

        0: one datagram. Never waits and never raises: what cannot leave now is dropped and counted.
        """
        # Hot: once a picture and viewer.
        if self._socket is None:
            return
        total = sum(map(len, buffers))
        if not segment_size or total <= segment_size:
            self._send_message(buffers, (), address, 1)
            return
        count = -(-total // segment_size)
        if not self._offload:
            self._send_one_by_one(buffers, address, segment_size)
        elif count > SEGMENTS_MAX or total > BATCH_MAX_BYTES:
            joined = memoryview(b"".join(buffers))
            step = segment_size * (min(SEGMENTS_MAX, BATCH_MAX_BYTES // segment_size) or 1)
            for start in range(0, total, step):
                self.send((joined[start : start + step],), address, segment_size)
        else:
            ancillary = ((socket.IPPROTO_UDP, _UDP_SEGMENT, _SEGMENT_SIZE.pack(segment_size)),)
            if not self._send_message(buffers, ancillary, address, count):
                self.statistics.uncut += count
                self._send_one_by_one(buffers, address, segment_size)

    def _send_one_by_one(
        self, buffers: Sequence[bytes | bytearray | memoryview], address: Address, segment_size: int
    ) -> None:
        joined = memoryview(b"".join(buffers))
        for start in range(0, len(joined), segment_size):
            self._send_message((joined[start : start + segment_size],), (), address, 1)

    def _send_message(
        self,
        buffers: Sequence[bytes | bytearray | memoryview],
        ancillary: Sequence[tuple[int, int, bytes]],
        address: Address,
        count: int,
    ) -> bool:
        """False: the kernel does not cut this, and nothing was sent."""
        assert self._socket is not None
        try:
            self._socket.sendmsg(buffers, ancillary, 0, address)
        except BlockingIOError:
            self.statistics.dropped += count
        except OSError as error:
            if ancillary and error.errno in _UNCUT:
                return False
            self.statistics.failed += count
        else:
            self.statistics.sent += count
        return True


def _granted(bound: socket.socket, option: int, past_limits: int, asked_bytes: int) -> int:
    """Ask for a buffer; how much of that the kernel grants, which keeps twice as much for its own accounts."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, past_limits, asked_bytes)
    except PermissionError:
        bound.setsockopt(socket.SOL_SOCKET, option, asked_bytes)
    return bound.getsockopt(socket.SOL_SOCKET, option) // 2


def _has_offload(bound: socket.socket) -> bool:
    try:
        bound.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
    except OSError:
        return False
    return True

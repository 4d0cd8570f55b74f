"""A TCP proxy that does to the bytes what a bad link would. Loopback only; for tests and for trying by hand.

    async with TcpProxy(("127.0.0.1", 8554), up=Impairments(stall_every_s=30, stall_s=8)) as proxy:
        ...                       # connect to proxy.address instead
        proxy.go_dark()           # from now on half-open: everything is taken, nothing is handed on

`up` is from client to server, `down` back. What a proxy holds is bounded by `buffer_bytes` a
direction, in the process and in its kernel buffers: a slow link pushes back as a real one does.

Not here: when something leaves (fate, pace), datagrams (udp_relay).
"""

import asyncio
import math
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from tests.chaos.fate import chunk_delay
from tests.chaos.impairments import CLEAN, Impairments
from tests.chaos.pace import Bucket, flows_again_at

CHUNK_BYTES = 16 << 10
SLOW_CHUNK_BYTES = 1_448  # what is clamped comes in packets, not in lumps of a second
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: close sends RST

Tap = Callable[[tuple[str, int], bytes], Awaitable[None]]  # client address and bytes, before they are handed on
Address = tuple[str, int]


class TcpProxy:
    """Listens inside its block, and cuts everything off at the end of it."""

    def __init__(
        self,
        server: Address,
        *,
        up: Impairments = CLEAN,
        down: Impairments = CLEAN,
        listen: Address = ("127.0.0.1", 0),
        calls_from: str = "",
        tap_up: Tap | None = None,
        tap_down: Tap | None = None,
    ) -> None:
        self.address: Address = listen
        self.swallowed_bytes = 0
        self._server = server
        self._links = (up, down)
        self._calls_from = calls_from
        self._taps = (tap_up, tap_down)
        self._dark = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[object]] = set()
        self._pairs: set[_Pair] = set()
        self._count = 0
        self._listening: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        listening = socket.create_server(self.address, backlog=512)
        _bound_kernel_buffers(listening, self._links[0])  # what is accepted inherits it
        self._listening = await asyncio.start_server(self._accepted, sock=listening, limit=_chunk_bytes(self._links[0]))
        self.address = listening.getsockname()[:2]
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._listening is not None
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # By hand

    def go_dark(self) -> None:
        """Half-open, both ways, for all connections that are there or come: no byte passes, no FIN, no RST."""
        self._dark = True

    def lighten(self) -> None:
        """The end of `go_dark`. What was swallowed is gone."""
        self._dark = False

    def hold(self) -> None:
        """The link stands still: everything waits."""
        self._flowing.clear()

    def release(self) -> None:
        """The end of `hold`: what waited comes at once."""
        self._flowing.set()

    def reset(self) -> None:
        """Cut every connection with RST, to both sides."""
        for pair in list(self._pairs):
            pair.reset()

    def widen(self) -> None:
        """All that is there has room from now on: no bandwidth holds it up any more."""
        self.narrow(math.inf, math.inf)

    def narrow(self, up_bytes_per_s: float, down_bytes_per_s: float) -> None:
        """All that is there has this bandwidth from now on. The kernel's buffers stay as they were made."""
        for pair in self._pairs:
            for direction, bytes_per_s in zip(pair.directions, (up_bytes_per_s, down_bytes_per_s), strict=True):
                direction.narrow(bytes_per_s)

    @property
    def connections(self) -> int:
        return len(self._pairs)

    # Connections

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._carry(reader, writer)
        except OSError:
            pass  # the server is not there, or somebody left: as on any network
        except asyncio.CancelledError:
            pass  # the proxy ends; asyncio.streams would report it as an error of ours
        finally:
            self._tasks.discard(task)
            _abort(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self._count = self._count, self._count + 1
        calling = socket.socket(socket.AF_INET6 if ":" in self._server[0] else socket.AF_INET)
        calling.setblocking(False)
        try:
            _bound_kernel_buffers(calling, self._links[1])
            if self._calls_from:
                calling.bind((self._calls_from, 0))
            await asyncio.get_running_loop().sock_connect(calling, self._server)
        except BaseException:
            calling.close()
            raise
        server_reader, server_writer = await asyncio.open_connection(sock=calling, limit=_chunk_bytes(self._links[1]))
        pair = _Pair(writer, server_writer)
        client: Address = writer.get_extra_info("peername")[:2]
        up = _Direction(self, pair, self._links[0], f"up{number}", client, self._taps[0], reader, server_writer)
        down = _Direction(self, pair, self._links[1], f"down{number}", client, self._taps[1], server_reader, writer)
        pair.directions = (up, down)
        self._pairs.add(pair)
        try:
            async with asyncio.TaskGroup() as both:
                for direction in (up, down):
                    both.create_task(direction.take(), name=f"chaos {direction.flow}: take")
                    both.create_task(direction.hand_on(), name=f"chaos {direction.flow}: hand on")
        except* OSError:
            pass  # one side left: the other is cut off below
        finally:
            self._pairs.discard(pair)
            _abort(server_writer)


class _Pair:
    """Both ends of one connection."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.directions: tuple[_Direction, ...] = ()
        self._writers = (client, server)

    def reset(self) -> None:
        for writer in self._writers:
            if not writer.transport.is_closing():
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


class _Direction:
    """One way of one connection: taken as it comes, handed on when it is time. Bounded by the link's buffer."""

    def __init__(
        self,
        proxy: TcpProxy,
        pair: _Pair,
        link: Impairments,
        flow: str,
        client: Address,
        tap: Tap | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.flow = flow
        self._proxy = proxy
        self._pair = pair
        self._link = link
        self._client = client
        self._tap = tap
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._bucket = Bucket(link.bytes_per_s)
        self._chunk_bytes = _chunk_bytes(link)
        self._position = 0
        self._leaves_s = 0.0  # of the chunk before: a stream stays in order
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self._ended = False
        writer.transport.set_write_buffer_limits(high=CHUNK_BYTES)

    def narrow(self, bytes_per_s: float) -> None:
        self._bucket = Bucket(bytes_per_s)

    async def take(self) -> None:
        """Until the end of the stream, or for ever once it is swallowed."""
        while data := await self._reader.read(self._chunk_bytes):
            if self._swallows():
                self._proxy.swallowed_bytes += len(data)
                continue
            self._schedule(data)
            while self._waiting_bytes > self._link.buffer_bytes:
                await self._wait_for_change()
        if self._swallows():
            await asyncio.Event().wait()  # a FIN is swallowed like everything
        self._ended = True
        self._changed.set()

    def _schedule(self, data: bytes) -> None:
        start, self._position = self._position, self._position + len(data)
        leaves_s = self._bucket.admit(self._loop.time(), len(data))
        leaves_s += chunk_delay(self._link, self.flow, start, self._position)
        leaves_s = max(self._leaves_s, flows_again_at(self._link, self._began_s, leaves_s))
        self._leaves_s = leaves_s
        self._waiting.append((leaves_s, data))
        self._waiting_bytes += len(data)
        self._changed.set()

    async def hand_on(self) -> None:
        passed = 0
        while True:
            while not self._waiting:
                if self._ended:
                    with suppress(OSError, RuntimeError):  # the other side has left
                        self._writer.write_eof()
                    return
                await self._wait_for_change()
            leaves_s, data = self._waiting.popleft()
            await asyncio.sleep(leaves_s - self._loop.time())
            await self._proxy._flowing.wait()
            passed = await self._pass(passed, data)
            self._waiting_bytes -= len(data)
            self._changed.set()

    async def _pass(self, passed: int, data: bytes) -> int:
        """Hand on what may pass, and end the connection where it is to end; the bytes that passed in all."""
        link, end = self._link, passed + len(data)
        stops = [at for at in (link.cut_at, link.reset_at, link.swallow_at) if at is not None and at <= end]
        if self._proxy._dark or (link.swallow_at is not None and passed >= link.swallow_at):
            self._proxy.swallowed_bytes += len(data)
            return end
        if stops:
            whole, data = data, data[: min(stops) - passed]
            self._proxy.swallowed_bytes += len(whole) - len(data)
        if self._tap is not None:
            await self._tap(self._client, data)
        self._writer.write(data)
        await self._writer.drain()
        if link.reset_at in stops:
            self._pair.reset()
            raise ConnectionResetError
        if link.cut_at in stops:
            raise ConnectionAbortedError  # both sides are closed in order by whoever carries the connection
        return end

    def _swallows(self) -> bool:
        at = self._link.swallow_at
        return self._proxy._dark or (at is not None and self._position >= at)

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _chunk_bytes(link: Impairments) -> int:
    return CHUNK_BYTES if link.bytes_per_s == math.inf else SLOW_CHUNK_BYTES


def _bound_kernel_buffers(taken: socket.socket, link: Impairments) -> None:
    """Without this the kernel would hold megabytes before a slow link pushes back."""
    if link.bytes_per_s != math.inf:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, link.buffer_bytes)


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.close()  # what was written still goes out, then FIN

"""Sockets on the RTSPS port hold a place from when they are accepted, on the server's loop and on asyncio's own."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

import pytest
import uvloop

from gateway.rtsp import connections as limits
from gateway.rtsp import tls_port
from gateway.rtsp.connections import Connection, Connections
from gateway.rtsp.tls_port import TlsPort
from tests.gateway.test_rtsps import tls
from tests.house.archive import until

HOST = "127.0.0.1"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Spoken(asyncio.Protocol):
    """What stands behind TLS: says what it is told."""

    proven = False
    over_udp = False

    def __init__(self, connections: Connections, instead_of: Connection) -> None:
        self.connections = connections
        self.instead_of = instead_of
        self.host = ""

    def connection_made(self, transport):
        self.transport = transport
        self.host = transport.get_extra_info("peername")[0]
        self.connections.add(self, self.instead_of)

    def data_received(self, data):
        self.transport.write(data)

    def connection_lost(self, exc):
        self.connections.discard(self)

    def cut(self):
        self.transport.abort()

    close = cut

    def tick(self, mono_ns):
        pass


@dataclass
class Scene:
    context: ssl.SSLContext
    connections: Connections = field(default_factory=Connections)
    tasks: set[asyncio.Task] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)
    port: int = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The port, and at the end whatever is open is closed and everything has ended."""
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.errors.append(context))
        listening = TlsPort(self.context, self.connections, lambda held: Spoken(self.connections, held), self.spawn)
        self.port = await listening.open(HOST, 0, 100)
        yield
        await listening.close()
        for connection in self.connections:
            connection.close()
        await until(lambda: not self.connections and not self.tasks)
        assert self.errors == []

    def spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(lambda task: task.result())

    async def silent(self, host: str = HOST) -> Streams:
        return await asyncio.open_connection(HOST, self.port, local_addr=(host, 0))

    async def secure(self) -> Streams:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return await asyncio.open_connection(HOST, self.port, ssl=context)


Play = Callable[[Callable[[Scene], Awaitable[None]]], None]


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def play(request, tmp_path, monkeypatch) -> Play:
    monkeypatch.setattr(limits, "UNPROVEN_PER_ADDRESS_MAX", 4)
    monkeypatch.setattr(limits, "CONNECTIONS_MAX", 6)

    def run(scene):
        async def whole():
            stage = Scene(tls(tmp_path))
            async with stage.open():
                await scene(stage)

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(whole(), 30))

    return run


async def ended(streams: Streams) -> bool:
    with contextlib.suppress(ConnectionError):
        assert await streams[0].read() == b""
    streams[1].close()
    return True


async def echo(streams: Streams) -> None:
    """Somebody is there behind TLS."""
    streams[1].write(b"there?")
    assert await streams[0].readexactly(6) == b"there?"


def test_who_says_nothing_holds_a_place_and_the_longest_gives_way(play):
    async def scene(stage):
        silent = []
        for number in range(1, 5):
            silent.append(await stage.silent())
            await until(lambda number=number: len(stage.connections) == number)
        device = await stage.secure()
        await echo(device)
        assert await ended(silent[0])
        await until(lambda: len(stage.connections) == 4)
        assert stage.connections.displaced == 1
        for streams in (*silent, device):
            streams[1].close()

    play(scene)


def test_in_a_full_house_it_is_the_silent_ones_who_give_way(play):
    async def scene(stage):
        other = await stage.silent("127.0.0.2")
        await until(lambda: len(stage.connections) == 1)
        (waiting,) = stage.connections
        silent = [await stage.silent() for _ in range(20)]
        await until(lambda: stage.connections.displaced == 16)
        assert waiting in list(stage.connections)
        assert len(stage.connections) == 5
        for streams in (*silent, other):
            streams[1].close()

    play(scene)


def test_a_house_full_of_devices_refuses_before_a_handshake(play, monkeypatch):
    monkeypatch.setattr(Spoken, "proven", True)

    async def scene(stage):
        devices = [await stage.secure() for _ in range(6)]
        for device in devices:
            await echo(device)
        assert await ended(await stage.silent())
        assert (len(stage.connections), stage.connections.refused) == (6, 1)
        for device in devices:
            device[1].close()

    play(scene)


@pytest.mark.parametrize("words", [b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", b"\x16\x03\x01", b""])
def test_the_place_is_free_when_a_handshake_fails(play, words):
    async def scene(stage):
        streams = await stage.silent()
        await until(lambda: len(stage.connections) == 1)
        streams[1].write(words)
        streams[1].close()
        await until(lambda: not stage.connections)
        assert stage.connections.displaced == 0

    play(scene)


def test_the_place_is_free_when_a_handshake_takes_too_long(play, monkeypatch):
    monkeypatch.setattr(tls_port, "HANDSHAKE_MAX_S", 0.3)

    async def scene(stage):
        assert await ended(await stage.silent())
        await until(lambda: not stage.connections)

    play(scene)

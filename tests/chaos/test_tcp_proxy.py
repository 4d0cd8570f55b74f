"""What the TCP proxy does, seen by two real sockets."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from tests.chaos.impairments import Impairments
from tests.chaos.tcp_proxy import TcpProxy
from tests.house.archive import until

WITHIN_S = 10


class Peer(asyncio.Protocol):
    """One end of a connection: what came, when, and how it ended."""

    def __init__(self) -> None:
        self.got = bytearray()
        self.ended: str | None = None
        self.changed = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.got += data
        self.changed.set()

    def connection_lost(self, exc):
        self.ended = "fin" if exc is None else type(exc).__name__
        self.changed.set()

    async def until(self, condition):
        async with asyncio.timeout(WITHIN_S):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def through(**options):
    """A client and what the server sees of it, with the proxy between."""
    loop = asyncio.get_running_loop()
    behind, client = Peer(), Peer()
    server = await loop.create_server(lambda: behind, "127.0.0.1", 0)
    async with server, TcpProxy(server.sockets[0].getsockname()[:2], **options) as proxy:
        await loop.create_connection(lambda: client, *proxy.address)
        client.transport.write(b"!")  # until it is through
        await behind.until(lambda peer: peer.got or peer.ended)
        yield client, behind, proxy
        for peer in (client, behind):
            if peer.transport is not None:
                peer.transport.abort()


PATTERN = bytes(range(256)) * 4_096  # 1 MiB


async def test_a_clean_link_passes_every_byte_both_ways_and_the_end():
    async with through() as (client, server, _):
        client.transport.write(PATTERN)
        server.transport.write(PATTERN[:1_000])
        await server.until(lambda peer: len(peer.got) == len(PATTERN) + 1)
        await client.until(lambda peer: len(peer.got) == 1_000)
        assert server.got == b"!" + PATTERN
        client.transport.close()
        await server.until(lambda peer: peer.ended)
        assert server.ended == "fin"


@pytest.mark.parametrize(("fault", "end"), [("cut_at", "fin"), ("reset_at", "ConnectionResetError")])
async def test_a_connection_ends_at_the_very_byte(fault, end):
    async with through(up=Impairments(**{fault: 70_001})) as (client, server, _):
        client.transport.write(PATTERN)
        await server.until(lambda peer: peer.ended)
        assert server.got == (b"!" + PATTERN)[:70_001]
        assert server.ended == end
        await client.until(lambda peer: peer.ended)


async def test_half_open_takes_everything_and_hands_on_nothing_not_even_the_end():
    async with through(up=Impairments(swallow_at=1_001)) as (client, server, proxy):
        client.transport.write(PATTERN)
        await server.until(lambda peer: len(peer.got) == 1_001)
        client.transport.write_eof()
        server.transport.write(b"are you there?")
        await client.until(lambda peer: peer.got == b"are you there?")
        assert len(server.got) == 1_001
        assert server.ended is None
        proxy.go_dark()
        server.transport.write(b"hello?")
        await until(lambda: proxy.swallowed_bytes == len(PATTERN) - 1_000 + len(b"hello?"))
        assert client.got == b"are you there?"
        assert client.ended is None


async def test_a_clamped_link_pushes_back_with_a_bounded_buffer():
    link = Impairments(bytes_per_s=100_000, buffer_bytes=32 << 10)
    async with through(up=link) as (client, server, _):
        client.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 << 10)
        began = time.monotonic()
        client.transport.write(PATTERN)
        await server.until(lambda peer: len(peer.got) > 40_000)
        assert time.monotonic() - began > 0.3
        assert len(server.got) <= 100_000 * (time.monotonic() - began) + 8_000
        held_bytes = len(PATTERN) - client.transport.get_write_buffer_size() - len(server.got)
        assert held_bytes < 8 * link.buffer_bytes  # the proxy's own buffer, and three of the kernel's


async def test_a_stalled_link_bursts_in_order_and_loses_nothing():
    async with through(up=Impairments(stall_every_s=0.4, stall_s=0.3)) as (client, server, _):
        came: list[float] = []
        began = time.monotonic()
        for turn in range(20):
            client.transport.write(bytes([turn]))
            await asyncio.sleep(0.05)  # a sender that has its own pace
            came.append(len(server.got))
        await server.until(lambda peer: len(peer.got) == 21)
        assert server.got == b"!" + bytes(range(20))
        assert time.monotonic() - began >= 1.0
        assert max(after - before for before, after in pairwise(came)) >= 4


async def test_by_hand_a_link_is_held_released_and_reset():
    async with through(down=Impairments(delay_s=0.01, jitter_s=0.02)) as (client, server, proxy):
        proxy.hold()
        for turn in range(50):
            server.transport.write(bytes([turn]) * 100)
        await asyncio.sleep(0.1)  # the hold itself
        assert not client.got
        proxy.release()
        await client.until(lambda peer: len(peer.got) == 5_000)
        assert client.got == b"".join(bytes([turn]) * 100 for turn in range(50))  # jitter or not: in order
        assert proxy.connections == 1
        proxy.reset()
        for peer in (client, server):
            await peer.until(lambda peer: peer.ended)
            assert peer.ended == "ConnectionResetError"

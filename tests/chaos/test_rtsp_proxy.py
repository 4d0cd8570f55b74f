"""Media over UDP through the relay, with ports as RTSP negotiates them."""

import asyncio
import socket
from contextlib import ExitStack, asynccontextmanager

from tests.chaos.fate import datagram_delays
from tests.chaos.impairments import CLEAN, Impairments
from tests.chaos.rtsp_proxy import RtspProxy
from tests.house.archive import until

RELAY_HOST = "127.0.0.77"
WITHIN_S = 10


def bound_pair(sockets: ExitStack) -> tuple[socket.socket, socket.socket]:
    pair = [sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)]
    for one in pair:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    return pair[0], pair[1]


@asynccontextmanager
async def set_up(up: Impairments = CLEAN, down: Impairments = CLEAN):
    """A device's and a server's pair of sockets that have found each other through the proxy."""

    async def answer(reader, writer):
        assert b"client_port=" in await reader.readuntil(b"\r\n\r\n")
        assert writer.get_extra_info("peername")[0] == RELAY_HOST  # from where it will then take media
        writer.write(b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP/UDP;unicast;" + client + b";" + serving + b"\r\n\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    with ExitStack() as sockets:
        device, server = bound_pair(sockets), bound_pair(sockets)
        client = b"client_port=%d-%d" % tuple(one.getsockname()[1] for one in device)
        serving = b"server_port=%d-%d" % tuple(one.getsockname()[1] for one in server)
        listening = await asyncio.start_server(answer, "127.0.0.1", 0)
        called = listening.sockets[0].getsockname()[:2]
        async with listening, RtspProxy(called, RELAY_HOST, media_up=up, media_down=down) as proxy:
            reader, writer = await asyncio.open_connection(*proxy.address)
            writer.write(b"SETUP rtsp://x/y RTSP/1.0\r\nTransport: RTP/AVP/UDP;unicast;" + client + b"\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            yield device, server, proxy
            writer.close()


async def received(one: socket.socket) -> tuple[bytes, tuple[str, int]]:
    async with asyncio.timeout(WITHIN_S):
        return await asyncio.get_running_loop().sock_recvfrom(one, 2_000)


async def all_received(one: socket.socket, count: int) -> list[int]:
    return [int.from_bytes((await received(one))[0], "big") for _ in range(count)]


async def test_datagrams_pass_both_ways_and_come_from_where_they_are_expected():
    async with set_up() as (device, server, proxy):
        for mine, theirs in zip(device, server, strict=True):
            (_, my_port), (_, their_port) = mine.getsockname(), theirs.getsockname()
            mine.sendto(b"media", (RELAY_HOST, their_port))
            assert await received(theirs) == (b"media", (RELAY_HOST, my_port))
            theirs.sendto(b"report", (RELAY_HOST, my_port))
            assert await received(mine) == (b"report", (RELAY_HOST, their_port))
        server[1].sendto(b"who is that?", (RELAY_HOST, server[0].getsockname()[1]))
        await until(lambda: proxy.relay.strangers)


async def test_every_datagram_has_the_fate_that_its_number_foretells():
    bad = Impairments(seed=5, loss=0.1, duplicate=0.1, reorder=0.1, reorder_s=0.02)
    foretold = [datagram_delays(bad, "up0", number) for number in range(300)]
    copies = sum(len(delays) for delays in foretold)
    async with set_up(up=bad) as (device, server, proxy):
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(all_received(server[0], copies), name="server")
            for number in range(300):
                device[0].sendto(number.to_bytes(2, "big"), (RELAY_HOST, server[0].getsockname()[1]))
                await asyncio.sleep(0)  # or the kernel's buffers would drop some by themselves
        came = hearing.result()
        assert sorted(came) == [number for number, delays in enumerate(foretold) for _ in delays]
        assert came != sorted(came)
        assert proxy.relay.lost == sum(not delays for delays in foretold)
        assert proxy.relay.duplicated == sum(len(delays) == 2 for delays in foretold)


async def test_a_clamped_link_drops_at_the_tail_and_darkness_swallows_all():
    slow = Impairments(bytes_per_s=10_000, buffer_bytes=20_000)
    async with set_up(up=slow) as (device, server, proxy):
        to = (RELAY_HOST, server[0].getsockname()[1])
        for _ in range(40):
            device[0].sendto(bytes(1_000), to)
        assert len((await received(server[0]))[0]) == 1_000
        await until(lambda: proxy.relay.dropped >= 10)
        assert 12 <= proxy.relay.dropped <= 20
        proxy.go_dark()
        device[0].sendto(b"?", to)
        await until(lambda: proxy.relay.lost)

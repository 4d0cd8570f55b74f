"""The NAT before the one WebRTC port: a port for each peer, others on request, and what a narrow path drops."""

import asyncio
import socket
from contextlib import ExitStack

from tests.chaos.impairments import Impairments
from tests.chaos.nat import Nat
from tests.house.archive import until

WITHIN_S = 10


class End:
    """A bare socket on loopback."""

    def __init__(self, sockets: ExitStack) -> None:
        self._socket = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = self._socket.getsockname()

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self._socket.sendto(data, to)

    async def received(self) -> tuple[bytes, tuple[str, int]]:
        async with asyncio.timeout(WITHIN_S):
            return await asyncio.get_running_loop().sock_recvfrom(self._socket, 2_000)


def answer_of(server: End) -> str:
    """As a server that is bound there gives it, with the address for who comes from elsewhere."""
    host, port = server.address
    return f"v=0\r\na=ice-lite\r\na=candidate:1 1 udp 2130706431 {host} {port} typ host\r\n"


async def test_each_peer_has_a_port_of_its_own_and_answers_find_it() -> None:
    with ExitStack() as sockets:
        server, one, two = End(sockets), End(sockets), End(sockets)
        async with Nat() as nat:
            said = nat.through(answer_of(server))
            assert f"2130706431 {nat.address[0]} {nat.address[1]} typ host\r\n" in said
            one.send(b"one", nat.address)
            two.send(b"two", nat.address)
            came = dict([await server.received(), await server.received()])
            assert set(came) == {b"one", b"two"}
            assert len({*came.values(), one.address, two.address}) == 4
            server.send(b"to one", came[b"one"])
            assert await one.received() == (b"to one", nat.address)


async def test_after_a_rebind_the_same_peer_comes_from_elsewhere_and_the_old_port_hears_nothing() -> None:
    with ExitStack() as sockets:
        server, peer = End(sockets), End(sockets)
        async with Nat() as nat:
            nat.through(answer_of(server))
            peer.send(b"before", nat.address)
            _, before = await server.received()
            nat.rebind()
            server.send(b"into the void", before)
            peer.send(b"after", nat.address)
            data, after = await server.received()
            assert (data, after != before) == (b"after", True)
            server.send(b"here", after)
            assert (await peer.received())[0] == b"here"


async def test_a_narrow_path_swallows_what_is_longer_than_it_carries() -> None:
    with ExitStack() as sockets:
        server, peer = End(sockets), End(sockets)
        async with Nat(up=Impairments(datagram_max_bytes=1_200)) as nat:
            nat.through(answer_of(server))
            for size in (1_201, 1_200):
                peer.send(bytes(size), nat.address)
            assert len((await server.received())[0]) == 1_200
            await until(lambda: nat.lost == 1)

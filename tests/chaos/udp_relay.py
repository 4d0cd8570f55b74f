"""A UDP relay between a device and a server that know each other's ports from RTSP.

The server takes media only from the address of the RTSP peer and the ports that its SETUP named,
and the device sends to the address that it called. So the relay has a loopback address of its own
(127.0.0.0/8 is all ours) and binds *the same port numbers* there: the server's, for the device to
send to, and the device's, for the server to hear from. No byte of the conversation is rewritten.

    device 127.0.0.1:A  →  relay 127.0.0.9:S ⇒ relay 127.0.0.9:A  →  server 127.0.0.1:S

The server must be bound to an address and not to 0.0.0.0, or its ports are taken everywhere.
Not here: how the ports become known (rtsp_proxy).
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from tests.chaos.fate import datagram_delays
from tests.chaos.impairments import CLEAN, Impairments
from tests.chaos.pace import Bucket, flows_again_at

Address = tuple[str, int]
# On a machine with too much to do the relay itself is late. What the server would then give up is known by its number.
LATE_S = 0.08
RECEIVE_BUFFER_BYTES = 4 << 20  # the relay loses what it is told to lose, and nothing because it was busy

Received = Callable[[bytes, Address], None]


class UdpRelay:
    """Relays between its clients and one server. `address` is the host of its own."""

    def __init__(self, address: str, server: str, *, up: Impairments = CLEAN, down: Impairments = CLEAN) -> None:
        self.address = address
        self.dark = False
        self.late: dict[str, set[int]] = {}  # by flow: datagrams that we, and not the link, held up too long
        self.lost = self.duplicated = self.dropped = self.strangers = 0
        self._server = server
        self._links = {"up": up, "down": down}
        self._flows: dict[Address, tuple[_Flow, _Flow]] = {}  # by client address: up, down
        self._doors: dict[int, asyncio.DatagramTransport] = {}  # by server port: where clients send to
        self._transports: list[asyncio.DatagramTransport] = []

    async def connect(self, client: Address, server_port: int) -> None:
        """Relay between this address of a client and this port of the server, from now on."""
        if client in self._flows:
            return
        door = self._doors.get(server_port)
        if door is None:
            door = self._doors[server_port] = await self._bind(server_port, self._from_client)
        number = len(self._flows)
        outward = await self._bind(client[1], partial(self._from_server, client))
        send_up = partial(outward.sendto, addr=(self._server, server_port))
        send_down = partial(door.sendto, addr=client)
        self._flows[client] = (
            _Flow(self, self._links["up"], f"up{number}", outward, send_up),
            _Flow(self, self._links["down"], f"down{number}", door, send_down),
        )

    def close(self) -> None:
        for transport in self._transports:
            transport.close()

    async def _bind(self, port: int, received: Received) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(received), local_addr=(self.address, port))
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._transports.append(transport)
        return transport

    def _from_client(self, data: bytes, source: Address) -> None:
        flows = self._flows.get(source)
        if flows is None:
            self.strangers += 1
        else:
            flows[0].take(data)

    def _from_server(self, client: Address, data: bytes, source: Address) -> None:
        self._flows[client][1].take(data)


class _Flow:
    """One direction between one port of a client and one of the server."""

    def __init__(
        self,
        relay: UdpRelay,
        link: Impairments,
        name: str,
        transport: asyncio.DatagramTransport,
        send: Callable[[bytes], None],
    ) -> None:
        self._relay = relay
        self._link = link
        self._name = name
        self._transport = transport
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._bucket = Bucket(link.bytes_per_s)
        self._number = 0

    def take(self, data: bytes) -> None:
        number, self._number = self._number, self._number + 1
        now_s = self._loop.time()
        delays_s = datagram_delays(self._link, self._name, number)
        if self._relay.dark or not delays_s:
            self._relay.lost += 1
            return
        self._relay.duplicated += len(delays_s) - 1
        for delay_s in delays_s:
            if self._bucket.backlog_bytes(now_s) > self._link.buffer_bytes:
                self._relay.dropped += 1  # at the tail, as a full queue does
                continue
            leaves_s = self._bucket.admit(now_s, len(data)) + delay_s
            leaves_s = flows_again_at(self._link, self._began_s, leaves_s)
            if leaves_s <= now_s:
                self._send_now(data)
            else:
                self._loop.call_at(leaves_s, self._hand_on, data, number, leaves_s)

    def _hand_on(self, data: bytes, number: int, leaves_s: float) -> None:
        if self._loop.time() - leaves_s > LATE_S:
            self._relay.late.setdefault(self._name, set()).add(number)
        self._send_now(data)

    def _send_now(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._send(data)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, received: Received) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr[:2])

"""A UDP relay between a device and a server that know each other's ports from RTSP.

The server takes media only from the address of the RTSP peer and the ports that its SETUP named,
and the device sends to the address that it called. So the relay has a loopback address of its own
(127.0.0.0/8 is all ours) and binds *the same port numbers* there: the server's, for the device to
send to, and the device's, for the server to hear from. No byte of the conversation is rewritten.

    device 127.0.0.1:A  →  relay 127.0.0.9:S ⇒ relay 127.0.0.9:A  →  server 127.0.0.1:S

The server must be bound to an address and not to 0.0.0.0, or its ports are taken everywhere.
Not here: how the ports become known (rtsp_proxy).
"""

from functools import partial

from tests.chaos.flow import Address, Flow, Port, Received, Relay
from tests.chaos.impairments import CLEAN, Impairments

__all__ = ["Address", "UdpRelay"]


class UdpRelay(Relay):
    """Relays between its clients and one server. `address` is the host of its own."""

    def __init__(self, address: str, server: str, *, up: Impairments = CLEAN, down: Impairments = CLEAN) -> None:
        super().__init__()
        self.address = address
        self.strangers = 0
        self._server = server
        self._links = {"up": up, "down": down}
        self._flows: dict[Address, tuple[Flow, Flow]] = {}  # by client address: up, down
        self._doors: dict[int, Port] = {}  # by server port: where clients send to
        self._ports: list[Port] = []

    def connect(self, client: Address, server_port: int) -> None:
        """Relay between this address of a client and this port of the server, from now on."""
        if client in self._flows:
            return
        door = self._doors.get(server_port)
        if door is None:
            door = self._doors[server_port] = self._bind(server_port, self._from_client)
        number = len(self._flows)
        outward = self._bind(client[1], partial(self._from_server, client))
        send_up = partial(outward.send, address=(self._server, server_port))
        send_down = partial(door.send, address=client)
        self._flows[client] = (
            Flow(self, self._links["up"], f"up{number}", send_up),
            Flow(self, self._links["down"], f"down{number}", send_down),
        )

    def close(self) -> None:
        for port in self._ports:
            port.close()

    def _bind(self, port: int, received: Received) -> Port:
        bound = Port((self.address, port), received)
        self._ports.append(bound)
        return bound

    def _from_client(self, data: bytes, source: Address) -> None:
        flows = self._flows.get(source)
        if flows is None:
            self.strangers += 1
        else:
            flows[0].take(data)

    def _from_server(self, client: Address, data: bytes, source: Address) -> None:
        self._flows[client][1].take(data)

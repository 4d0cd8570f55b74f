"""The two UDP sockets of a device of the house. What becomes of their datagrams under way is tests/chaos's."""

import random
import socket

from media.rtsp import Transport
from mingjing.simulator.senders import DatagramSender

PORTS = range(32_768, 60_000, 2)
TRIES = 50


class DatagramPair:
    """Bound to two neighbouring ports, RTP and RTCP. Nothing is lost here: the house has its own bad links."""

    def __init__(self, address: str) -> None:
        self.sockets = _bound(address)
        self.ports = (self.sockets[0].getsockname()[1], self.sockets[1].getsockname()[1])

    def sender(self, answer: Transport, host: str, payload_type: int, ssrc: int, sequence: int) -> DatagramSender:
        """Sends to the ports that the server named."""
        assert answer.server_port is not None
        for one, port in zip(self.sockets, answer.server_port, strict=True):
            one.connect((host, port))
        return DatagramSender(self.sockets, payload_type, ssrc, sequence, loss=0, chance=random.Random())

    def close(self) -> None:
        for one in self.sockets:
            one.close()


def _bound(address: str) -> tuple[socket.socket, socket.socket]:
    for port in random.SystemRandom().sample(PORTS, TRIES):
        pair = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            for one, number in zip(pair, (port, port + 1), strict=True):
                one.bind((address, number))
                one.setblocking(False)
        except OSError:
            for one in pair:
                one.close()
            continue
        return pair
    raise OSError(f"no two neighbouring UDP ports are free on {address}")

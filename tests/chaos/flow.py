"""One direction of a bad link for datagrams, and the sockets it lies between. How they belong together: the relays."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from tests.chaos.fate import datagram_delays
from tests.chaos.impairments import Impairments
from tests.chaos.pace import Bucket, flows_again_at

Address = tuple[str, int]
# On a machine with too much to do the relay itself is late. What the server would then give up is known by its number.
LATE_S = 0.08
RECEIVE_BUFFER_BYTES = 4 << 20  # the relay loses what it is told to lose, and nothing because it was busy
DATAGRAM_MAX_BYTES = 65_536
DATAGRAMS_A_WAKE_UP = 64  # then others have their turn

Received = Callable[[bytes, Address], None]


class Relay:
    """What all flows of a relay do, in sum. While it is `dark` everything is swallowed."""

    def __init__(self) -> None:
        self.dark = False
        self.late: dict[str, set[int]] = {}  # by flow: datagrams that we, and not the link, held up too long
        self.lost = self.duplicated = self.dropped = 0


class Port:
    """A socket of a relay, bound to `address`, whose datagrams are handed on."""

    def __init__(self, address: Address, received: Received) -> None:
        self._received = received
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.setblocking(False)
        try:
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise
        self.address: Address = self._socket.getsockname()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._take)

    @property
    def closed(self) -> bool:
        return self._socket.fileno() < 0

    def send(self, data: bytes, address: Address) -> None:
        """What the kernel does not take is gone, as on any network."""
        if not self.closed:
            with suppress(OSError):
                self._socket.sendto(data, address)

    def close(self) -> None:
        if not self.closed:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _take(self) -> None:
        for _ in range(DATAGRAMS_A_WAKE_UP):
            if self.closed:
                return
            try:
                data, source = self._socket.recvfrom(DATAGRAM_MAX_BYTES)
            except OSError:  # no more, or ICMP for one that was sent
                return
            self._received(data, source)


class Flow:
    """One direction between one port of a client and one of the server."""

    def __init__(self, relay: Relay, link: Impairments, name: str, send: Callable[[bytes], None]) -> None:
        self._relay = relay
        self.link = link
        self._name = name
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._bucket = Bucket(link.bytes_per_s)
        self._number = 0

    def take(self, data: bytes) -> None:
        number, self._number = self._number, self._number + 1
        now_s = self._loop.time()
        delays_s = datagram_delays(self.link, self._name, number)
        if self._relay.dark or not delays_s or len(data) > self.link.datagram_max_bytes:
            self._relay.lost += 1
            return
        self._relay.duplicated += len(delays_s) - 1
        for delay_s in delays_s:
            if self._bucket.backlog_bytes(now_s) > self.link.buffer_bytes:
                self._relay.dropped += 1  # at the tail, as a full queue does
                continue
            leaves_s = self._bucket.admit(now_s, len(data)) + delay_s
            leaves_s = flows_again_at(self.link, self._began_s, leaves_s)
            if leaves_s <= now_s:
                self._send(data)
            else:
                self._loop.call_at(leaves_s, self._hand_on, data, number, leaves_s)

    def _hand_on(self, data: bytes, number: int, leaves_s: float) -> None:
        if self._loop.time() - leaves_s > LATE_S:
            self._relay.late.setdefault(self._name, set()).add(number)
        self._send(data)

"""A NAT with a bad link to it, before the one port on which a server hears all WebRTC peers.

A peer is told the NAT's address instead of the server's, in the candidate lines of its answer, and gets a port of its
own towards the server. After some silence, or a restart of the box, NATs give another one, and tell nobody: `rebind`.

    peer 127.0.0.1:A  →  NAT 127.0.0.1:N ⇒ NAT 127.0.0.1:B  →  server 127.0.0.1:S
"""

import re
from functools import partial
from types import TracebackType
from typing import Self

from tests.chaos.flow import Address, Flow, Port, Relay
from tests.chaos.impairments import CLEAN, Impairments

ANY_PORT = ("127.0.0.1", 0)
_CANDIDATE = re.compile(r"(?m)^(a=candidate:\S+ \d+ \S+ \d+) (\S+) (\d+)")


class Nat(Relay):
    """Before the server whose address the first answer tells (`through`). `address` is where peers send to."""

    def __init__(self, *, up: Impairments = CLEAN, down: Impairments = CLEAN) -> None:
        super().__init__()
        self._server: Address | None = None
        self._links = {"up": up, "down": down}
        self._door = Port(ANY_PORT, self._from_peer)
        self._flows: dict[Address, tuple[Flow, Flow]] = {}  # by the peer's address: up, down
        self._outward: dict[Address, Port] = {}
        self.address = self._door.address

    def through(self, answer: str) -> str:
        """An answer whose candidates are here."""
        found = _CANDIDATE.search(answer)
        assert found is not None
        self._server = found[2], int(found[3])
        host, port = self.address
        return _CANDIDATE.sub(rf"\g<1> {host} {port}", answer)

    def rebind(self) -> None:
        """Every peer has another port towards the server from now on; the ones before hear nothing any more."""
        for peer, before in self._outward.items():
            self._outward[peer] = Port(ANY_PORT, partial(self._from_server, peer))
            before.close()

    def becomes(self, *, up: Impairments = CLEAN, down: Impairments = CLEAN) -> None:
        """Another link from now on, as when somebody comes out of a cellar."""
        self._links = {"up": up, "down": down}
        for flow_up, flow_down in self._flows.values():
            flow_up.link, flow_down.link = up, down

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for port in (self._door, *self._outward.values()):
            port.close()

    def _from_peer(self, data: bytes, peer: Address) -> None:
        flows = self._flows.get(peer)
        if flows is None:
            number = len(self._flows)
            self._outward[peer] = Port(ANY_PORT, partial(self._from_server, peer))
            up = Flow(self, self._links["up"], f"up{number}", partial(self._to_server, peer))
            down = Flow(self, self._links["down"], f"down{number}", partial(self._door.send, address=peer))
            flows = self._flows[peer] = up, down
        flows[0].take(data)

    def _to_server(self, peer: Address, data: bytes) -> None:
        assert self._server is not None
        self._outward[peer].send(data, self._server)

    def _from_server(self, peer: Address, data: bytes, source: Address) -> None:
        self._flows[peer][1].take(data)

"""All peers on the one port: opened, ticked and closed together.

Not here: what a session is for, and how many there may be: its owner knows.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.webrtc.addresses import host_candidates, local_addresses, reachable_addresses
from gateway.webrtc.dtls import DtlsIdentity
from gateway.webrtc.peer import Ends, Peer, PeerOwner
from gateway.webrtc.port import Address, UdpPort
from gateway.webrtc.source_filter import SourceFilter
from media.sdp import Candidate, Fingerprint, IceCredentials, Offer
from storage import Clock

TICK_S = 0.1  # OpenSSL's first retransmission is due after 1 s


@dataclass(frozen=True, slots=True)
class PeerAddresses:
    """Where the port is bound, and what answers name instead of it."""

    host: str
    port: int
    public: Sequence[str] = ()


class Peers:
    """Open it, then `add` one for each offer."""

    def __init__(self, clock: Clock) -> None:
        self.candidates: tuple[Candidate, ...] = ()
        self._clock = clock
        self._filter = SourceFilter()
        self.port = UdpPort(self._filter.receive, clock)
        self._identity = DtlsIdentity()
        self._ends: Ends = Counter()

    async def open(self, where: PeerAddresses) -> None:
        """Bind the port; port 0 takes any free one.

        Raises:
            OSError: it cannot be bound; the message names it.
        """
        await self.port.open(where.host, where.port)
        addresses = reachable_addresses(where.public, self.port.host, local_addresses())
        self.candidates = host_candidates(addresses, self.port.port)

    @property
    def fingerprint(self) -> Fingerprint:
        """Of our certificate, for answers."""
        return self._identity.fingerprint

    @property
    def dropped(self) -> dict[str, int]:
        """Datagrams that were nobody's, by why."""
        return dict(self._filter.dropped)

    @property
    def failed(self) -> dict[str, int]:
        """Answers that nobody came to, or whose handshake went wrong, by why."""
        return {why: count for (why, keyed), count in self._ends.items() if not keyed}

    @property
    def ended(self) -> dict[str, int]:
        """Connections that the peer's side ended, by why."""
        return {why: count for (why, keyed), count in self._ends.items() if keyed}

    def __len__(self) -> int:
        return len(self._filter)

    def add(self, offer: Offer, owner: PeerOwner, *, is_shown: bool = False) -> Peer:
        """A peer that may connect from now on; its owner hears of it. `is_shown` as in `Peer`."""
        now_ns = self._clock.mono_ns()
        peer = Peer(offer, self._identity, owner, self._send, now_ns, self._ends, is_shown=is_shown)
        self._filter.add(peer)
        return peer

    def restart(self, peer: Peer, remote: IceCredentials) -> IceCredentials:
        """An ICE restart: our new credentials, for the answer to it."""
        local = peer.restart(remote)
        self._filter.refresh(peer)
        return local

    def remove(self, peer: Peer) -> None:
        """Close a peer, if it is not gone yet, and forget it."""
        peer.close()
        self._filter.discard(peer)

    async def run_timers(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Lost flights, deadlines and silences of all peers."""
        now_ns = self._clock.mono_ns()
        for peer in self._filter:
            if peer.tick(now_ns):
                self._filter.refresh(peer)
            if peer.is_gone:
                self._filter.discard(peer)

    def close(self) -> None:
        """Say goodbye to every peer, and close the port."""
        for peer in self._filter:
            self.remove(peer)
        self.port.close()

    def _send(self, datagram: bytes, address: Address) -> None:
        self.port.send((datagram,), address)

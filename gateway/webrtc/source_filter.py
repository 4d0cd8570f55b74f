"""Which datagram is whose, and which is nobody's (RFC 7983).

A peer is known by the address from which it has signed a check. A check is for the session that its USERNAME names.
All else is dropped and counted by its cause, most of it before anything is hashed: 50,000 junk datagrams a second cost
what it costs to receive them.

Invariants: DTLS and SRTP from an address that is not a session's never reach one; an address has one session,
and nobody can take it from a peer that is alive.
Limits: `CHECKS_A_SECOND` from addresses that are nobody's yet; of these, and again from its own addresses,
`CHECKS_OF_A_PEER` for each session.
"""

from collections import Counter
from collections.abc import Iterator

from gateway.webrtc.ice import IceVerdict
from gateway.webrtc.peer import Peer
from gateway.webrtc.port import Address
from media.stun import asked_ufrag

# A signed check costs some 17 µs: a flood of them that names a session may take 4 % of a core. 1,000 browsers that
# come at once send some five each in their first second.
CHECKS_A_SECOND = 2_000
# For one session, from its own addresses or from new ones: browsers check twenty times a second while they set up. Who
# may watch knows a session's name, and shall not use up with it what newcomers to all others have.
CHECKS_OF_A_PEER = 100
# A peer checks every six seconds at least; one that missed two may have lost its address to another.
TAKEN_OVER_AFTER_NS = 12_000_000_000

_SECOND_NS = 1_000_000_000
_STUN_BELOW = 4
_DTLS_FROM, _DTLS_BELOW = 20, 64
_MEDIA_FROM, _MEDIA_BELOW = 128, 192


class SourceFilter:
    """All peers of the port. `dropped` counts datagrams by why they were."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._by_ufrag: dict[bytes, Peer] = {}
        self._by_address: dict[Address, Peer] = {}
        self._known: dict[Peer, tuple[tuple[bytes, ...], tuple[Address, ...]]] = {}
        self._second = 0
        self._checks: Counter[tuple[bytes, bool]] = Counter()  # in this second, by ufrag and whether a stranger's
        self._strangers = 0  # in this second, for all sessions

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Peer]:
        return iter(tuple(self._known))

    def add(self, peer: Peer) -> None:
        """From now on checks may name it."""
        self._known[peer] = ((), ())
        self.refresh(peer)

    def discard(self, peer: Peer) -> None:
        """Its datagrams are a stranger's from now on."""
        ufrags, addresses = self._known.pop(peer, ((), ()))
        for ufrag in ufrags:
            self._by_ufrag.pop(ufrag, None)
        for address in addresses:
            if self._by_address.get(address) is peer:
                del self._by_address[address]

    def refresh(self, peer: Peer) -> None:
        """Know it by the names and addresses that it has now: after a check, a restart, a tick."""
        if peer not in self._known:
            return
        ufrags, addresses = self._known[peer]
        now = (peer.ice.ufrags, peer.ice.addresses)
        if now == (ufrags, addresses):
            return
        self.discard(peer)
        self._known[peer] = now
        for ufrag in now[0]:
            self._by_ufrag[ufrag] = peer
        for address in now[1]:
            self._by_address[address] = peer

    def receive(self, buffer: memoryview, length: int, address: Address, now_ns: int) -> None:
        """One datagram of the port."""
        # Hot: once a packet. Media comes first, for it is nearly all there is.
        if not length:
            self.dropped["empty"] += 1
            return
        first = buffer[0]
        peer = self._by_address.get(address)
        if _MEDIA_FROM <= first < _MEDIA_BELOW:
            if peer is None:
                self.dropped["media_of_a_stranger"] += 1
            else:
                peer.media(buffer[:length], now_ns)
        elif first < _STUN_BELOW:
            self._check(buffer, length, address, peer, now_ns)
        elif _DTLS_FROM <= first < _DTLS_BELOW:
            if peer is None:
                self.dropped["dtls_of_a_stranger"] += 1
            else:
                peer.handshake(buffer[:length], address)
        else:
            self.dropped["unknown"] += 1

    def _check(self, buffer: memoryview, length: int, address: Address, known: Peer | None, now_ns: int) -> None:
        ufrag = asked_ufrag(buffer, length)
        peer = None if ufrag is None else self._by_ufrag.get(ufrag)
        if peer is None or ufrag is None:
            if known is None or ufrag is not None:
                self.dropped["stun_of_nobody"] += 1
            else:  # a keepalive, which is no trouble, or what a check of ours is answered with
                known.answered(buffer[:length], address)
            return
        if known is not peer and self._is_anothers(known, address, now_ns):
            self.dropped["stun_from_anothers_address"] += 1
            return
        if not self._has_room(ufrag, known is not peer, now_ns):
            self.dropped["stun_over_limit"] += 1
            return
        verdict = peer.check(buffer[:length], address, now_ns)
        if verdict is not IceVerdict.ANSWERED:
            self.dropped[f"stun_{verdict}"] += 1
            return
        if known is not None and known is not peer and address in peer.ice.addresses:
            known.ice.forget(address)
            self.refresh(known)
        self.refresh(peer)

    def _is_anothers(self, known: Peer | None, address: Address, now_ns: int) -> bool:
        """Whether the address belongs to a peer that is alive."""
        heard_ns = None if known is None else known.ice.heard_from(address)
        return heard_ns is not None and now_ns - heard_ns <= TAKEN_OVER_AFTER_NS

    def _has_room(self, ufrag: bytes, strange: bool, now_ns: int) -> bool:
        """Whether a check may cost us a hash."""
        second = now_ns // _SECOND_NS
        if second != self._second:
            self._second, self._strangers = second, 0
            self._checks.clear()
        self._checks[ufrag, strange] += 1
        if self._checks[ufrag, strange] > CHECKS_OF_A_PEER:
            return False
        self._strangers += strange
        return not strange or self._strangers <= CHECKS_A_SECOND

"""Where a viewer's media may go: to an address that has answered us.

A peer is where its signed checks come from (ice.py). But a check proves who sent it, and not that he is there: whoever
may watch, on a network that lets him forge his source address, could turn his pictures on a stranger. So an address
gets media only once something that was sent there has come back: the handshake, or the answer to a check of our own. A
lite agent need not send any (RFC 8445, 2.5); it may, and every full agent answers (7.3).

Sans-IO: addresses, datagrams and time come in, datagrams go out. Not here: publishers, to whom next to nothing is sent.

Bounds: one question at a time, asked `TRIES_MAX` times; as many proved addresses as the peer has addresses.
"""

import secrets
from dataclasses import dataclass

from gateway.webrtc.ice import LiteAgent
from gateway.webrtc.port import Address
from media.stun import MessageClass, build_request, is_signed_by, parse_stun

ASK_AGAIN_NS = 300_000_000  # more than most round trips; the 500 ms of RFC 8489, 6.2.1, are for whom nothing waits
TRIES_MAX = 7  # RFC 8489, 6.2.1

_PRIORITY = 110 << 24 | 65_535 << 8 | 255  # of a peer-reflexive candidate (RFC 8445, 5.1.2.1)
_TRANSACTION = slice(8, 20)
_SUCCESS = b"\x01\x01"


@dataclass(slots=True)
class _Question:
    """A check of ours that is under way."""

    address: Address
    transaction: bytes
    asked_ns: int
    tries: int = 1


class ReturnPath:
    """Of one peer. Before the handshake is through nothing is proved, and nothing is sent."""

    def __init__(self, ice: LiteAgent) -> None:
        self._ice = ice
        self._proved: set[Address] = set()
        self._newest: Address | None = None  # where media went last
        self._question: _Question | None = None
        self._tie_breaker = secrets.randbits(64)

    def prove(self, address: Address) -> None:
        """Something that was sent there has come back."""
        self._proved.add(address)
        self._newest = self._newest or address

    def way(self) -> Address | None:
        """Where media go now: where the peer is, once that is proved, until then where it was, if it is there still."""
        # Hot: once a picture and viewer.
        wanted = self._ice.destination()
        if wanted in self._proved:
            self._newest = wanted
            return wanted
        newest = self._newest
        return newest if newest is not None and self._ice.heard_from(newest) is not None else None

    def ask(self, now_ns: int) -> tuple[bytes, Address] | None:
        """A check to where the peer wants to be, if that is not proved and it is time to ask. Often called."""
        wanted = self._ice.destination()
        if not self._proved or wanted is None or wanted in self._proved:
            self._question = None
            return None
        question = self._question
        if question is None or question.address != wanted:
            question = self._question = _Question(wanted, secrets.token_bytes(12), now_ns)
        elif now_ns - question.asked_ns < ASK_AGAIN_NS or question.tries >= TRIES_MAX:
            return None
        else:
            question.asked_ns, question.tries = now_ns, question.tries + 1
        local, remote = self._ice.local, self._ice.remote
        request = build_request(
            question.transaction,
            f"{remote.ufrag}:{local.ufrag}".encode(),
            remote.password.encode(),
            priority=_PRIORITY,
            controlled=self._tie_breaker,
        )
        return request, wanted

    def answered(self, data: memoryview, address: Address) -> bool:
        """A STUN message that names no session. True: it is the answer to our check, from where that went."""
        question = self._question
        if question is None or address != question.address or data[_TRANSACTION] != question.transaction:
            return False
        message = parse_stun(data) if data[:2] == _SUCCESS else None
        if message is None or message.kind is not MessageClass.SUCCESS:
            return False
        if not is_signed_by(data, message, self._ice.remote.password.encode()):
            return False
        self._question = None
        self._proved = {one for one in self._proved if self._ice.heard_from(one) is not None}
        self.prove(address)
        return True

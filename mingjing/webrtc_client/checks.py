"""The ICE agent of a client (RFC 8445): it controls, checks where the server says it is, and nominates one address.

Sans-IO: datagrams and time come in, datagrams go out. All of a client's ways begin at its one socket, so a pair is an
address of the server. The first that answers is nominated, in a check of its own (regular nomination); from then on
checks ask for consent (RFC 7675). A server that is a full agent checks as well, and is answered.

Not here: gathering (the server learns our address from the checks), roles that change, restarts.
"""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from media.sdp import IceCredentials
from media.stun import MessageClass, build_request, build_success, is_signed_by, parse_stun

ADDRESSES_MAX = 16  # of a server: two families of a few networks
TRIES_MAX = 7  # RFC 8489, 6.2.1
RETRY_NS = 250_000_000  # the first wait for an answer; doubles
RETRY_MAX_NS = 2_000_000_000
CONSENT_EVERY_NS = 5_000_000_000  # RFC 7675, 5.1: and a fifth more or less
CONSENT_ENDS_NS = 30_000_000_000
PRIORITY = 126 << 24 | 65_535 << 8 | 255  # of our one socket, as the peer-reflexive candidate it may become

Address = tuple[str, int]
Datagram = tuple[bytes, Address]


@dataclass(slots=True)
class _Check:
    """One that waits for its answer."""

    address: Address
    message: bytes
    due_ns: int  # when to send it again
    wait_ns: int
    tries: int


class ControllingAgent:
    """One connection's. `selected` is where the server is, once it is known."""

    def __init__(
        self, local: IceCredentials, remote: IceCredentials, addresses: Sequence[Address], now_ns: int
    ) -> None:
        self.selected: Address | None = None
        self.failed = ""  # a word, once there is no way, or no consent any more
        self._local = local
        self._remote = remote
        self._tie_breaker = secrets.randbits(64)
        self._nominating = False
        self._checks: dict[bytes, _Check] = {}  # by transaction
        self._consent_ns = 0  # when the server last answered
        self._next_consent_ns = 0
        self._first = list(addresses[:ADDRESSES_MAX])
        if not self._first:
            self.failed = "no_address"

    def tick(self, now_ns: int) -> list[Datagram]:
        """What is to be sent now: first checks, those that were lost, and those that ask for consent."""
        sent = [self._check(address, now_ns) for address in self._first]
        self._first = []
        for transaction, check in tuple(self._checks.items()):
            if now_ns < check.due_ns:
                continue
            if check.tries >= TRIES_MAX:
                del self._checks[transaction]
                continue
            check.tries += 1
            check.wait_ns = min(2 * check.wait_ns, RETRY_MAX_NS)
            check.due_ns = now_ns + check.wait_ns
            sent.append((check.message, check.address))
        if self.selected is not None:
            if now_ns - self._consent_ns > CONSENT_ENDS_NS:
                self.failed = "no_consent"
            elif now_ns >= self._next_consent_ns:
                self._next_consent_ns = now_ns + round(CONSENT_EVERY_NS * random.uniform(0.8, 1.2))
                sent.append(self._check(self.selected, now_ns, nominates=True))
        elif not self._checks and not self.failed:
            self.failed = "no_connectivity"
        return sent

    def receive(self, data: memoryview, address: Address, now_ns: int) -> list[Datagram]:
        """A STUN message; what to send in turn."""
        message = parse_stun(data)
        if message is None:
            return []
        if message.kind is MessageClass.REQUEST:
            password = self._local.password.encode()
            if not is_signed_by(data, message, password):
                return []
            return [(build_success(message.transaction, address, password), address)]
        check = self._checks.get(message.transaction)
        answered = check is not None and check.address == address and message.kind is MessageClass.SUCCESS
        if not answered or not is_signed_by(data, message, self._remote.password.encode()):
            return []
        del self._checks[message.transaction]
        self._consent_ns = now_ns
        if not self._nominating:
            self._nominating = True
            self._checks = {}  # the first that answers is it: nobody waits for the others
            return [self._check(address, now_ns, nominates=True)]
        if self.selected is None:
            self.selected = address
            self._next_consent_ns = now_ns + CONSENT_EVERY_NS
        return []

    def _check(self, address: Address, now_ns: int, *, nominates: bool = False) -> Datagram:
        transaction = secrets.token_bytes(12)
        message = build_request(
            transaction,
            f"{self._remote.ufrag}:{self._local.ufrag}".encode(),
            self._remote.password.encode(),
            priority=PRIORITY,
            controlling=self._tie_breaker,
            use_candidate=nominates,
        )
        self._checks[transaction] = _Check(address, message, now_ns + RETRY_NS, RETRY_NS, 1)
        return message, address

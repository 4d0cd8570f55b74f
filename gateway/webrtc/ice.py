"""The lite ICE agent of one session (RFC 8445, 2.5): answers checks, and knows by them where its peer is.

Sans-IO: checks and time come in, answers go out. A peer may move: it is where its latest nomination came from. Behind a
NAT that gave it another port it does not know that it moved and nominates nothing; then it is where its checks come
from, once none come from where it was.
Not here: which session a check is for (source_filter.py).

Invariants: an address counts only after a check from it was signed with this session's password; one of the
`TRANSACTIONS_MAX` latest checks, heard again from elsewhere, is somebody else's repetition and says nothing.
"""

import secrets
from base64 import b64encode
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from gateway.webrtc.port import Address
from media.sdp import IceCredentials
from media.stun import (
    MessageClass,
    StunMessage,
    build_error,
    build_success,
    is_signed_by,
    parse_stun,
)

SET_UP_MAX_NS = 30_000_000_000  # for the first check after the answer; a browser sends it within a second
CONSENT_NS = 30_000_000_000  # RFC 7675, 5.1; a living peer checks every five seconds or so
ADDRESSES_MAX = 8  # validated addresses of one peer: two families, two networks, and those it had before
# A check signs what it asks, not where it comes from: who records one can send it again from his own address. Browsers
# check every 2 s or so: these are the last two minutes. Who is on the path can forge the peer's address anyhow.
TRANSACTIONS_MAX = 64
NOMINATION_FRESH_NS = 5_000_000_000  # so long a better pair keeps its place against a worse one that is nominated too
# Checks of consent come four to six seconds apart (RFC 7675, 5.1). A check of the same local candidate (it has the same
# priority) from elsewhere is a NAT's doing if the old address is quiet; after two intervals any other address will do.
MOVED_NS = 3_000_000_000
LOST_NS = 12_000_000_000

_UFRAG_BYTES = 6  # 8 letters: what tells sessions apart, and no stranger guesses
_PASSWORD_BYTES = 24  # 32 letters; RFC 8445 asks for 128 bits


class IceVerdict(StrEnum):
    """What became of a message, as counted."""

    ANSWERED = "answered"
    KEPT_ALIVE = "kept_alive"  # an indication
    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong_signature"
    REPLAYED = "replayed"  # from elsewhere than before
    ROLE_CONFLICT = "role_conflict"
    UNKNOWN_ATTRIBUTE = "unknown_attribute"


@dataclass(slots=True)
class _Pair:
    """A validated address of the peer."""

    heard_ns: int
    priority: int
    nominated_ns: int | None = None


def make_credentials() -> IceCredentials:
    """Credentials of a new session, or of one that restarts ICE."""
    return IceCredentials(*(b64encode(secrets.token_bytes(size)).decode() for size in (_UFRAG_BYTES, _PASSWORD_BYTES)))


class LiteAgent:
    """One session's. `local` is ours, `remote` the peer's."""

    def __init__(self, local: IceCredentials, remote: IceCredentials, now_ns: int) -> None:
        self.local = local
        self.remote = remote
        self.selected: Address | None = None
        self._before: tuple[IceCredentials, IceCredentials] | None = None  # until a restart is through
        self._pairs: OrderedDict[Address, _Pair] = OrderedDict()
        self._transactions: OrderedDict[bytes, Address] = OrderedDict()  # of signed checks, and where from
        self._heard_ns = now_ns
        self._connected = False

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where the peer has proved to be, and not been silent since."""
        return tuple(self._pairs)

    @property
    def ufrags(self) -> tuple[bytes, ...]:
        """By which names checks ask for this session: two while ICE restarts."""
        before = () if self._before is None else (self._before[0].ufrag.encode(),)
        return (self.local.ufrag.encode(), *before)

    def restart(self, local: IceCredentials, remote: IceCredentials) -> None:
        """Other credentials (RFC 8445, 9): media goes on where it goes until the peer has used them.

        A restart that nobody has come to use gives way to the next: what is in use stays in use.
        """
        if self._before is None:
            self._before = (self.local, self.remote)
        self.local, self.remote = local, remote

    def receive(self, data: memoryview, address: Address, now_ns: int) -> tuple[IceVerdict, bytes | None]:
        """A message that names this session, and the answer to it."""
        message = parse_stun(data)
        if message is None or message.kind is not MessageClass.REQUEST:
            kept = message is not None and message.kind is MessageClass.INDICATION
            return (IceVerdict.KEPT_ALIVE if kept else IceVerdict.MALFORMED), None
        transaction = message.transaction
        if message.signed_bytes is None or message.username is None or message.priority is None:
            return IceVerdict.UNSIGNED, build_error(transaction, 400, None)
        local = self._signer(data, message)
        if local is None:
            return IceVerdict.WRONG_SIGNATURE, build_error(transaction, 401, None)
        password = local.password.encode()
        if self._transactions.get(transaction, address) != address:
            return IceVerdict.REPLAYED, None
        if message.unknown:
            return IceVerdict.UNKNOWN_ATTRIBUTE, build_error(transaction, 420, password, message.unknown)
        if message.controlled is not None:  # a lite agent never controls: the peer must (RFC 8445, 6.1.1)
            return IceVerdict.ROLE_CONFLICT, build_error(transaction, 487, password)
        if local is self.local and self._before is not None:
            self._begin_anew()
        self._remember(transaction, address)
        self._hear(address, message.priority, message.use_candidate, now_ns)
        return IceVerdict.ANSWERED, build_success(transaction, (address[0], address[1]), password)

    def _signer(self, data: memoryview, message: StunMessage) -> IceCredentials | None:
        """The credentials of ours that the message is signed for."""
        for local, remote in filter(None, ((self.local, self.remote), self._before)):
            name = f"{local.ufrag}:{remote.ufrag}".encode()
            if message.username == name and is_signed_by(data, message, local.password.encode()):
                return local
        return None

    def _begin_anew(self) -> None:
        """The restart is through: nominations of before count no more, wherever the next one comes from."""
        self._before = None
        for pair in self._pairs.values():
            pair.nominated_ns = None

    def _remember(self, transaction: bytes, address: Address) -> None:
        self._transactions[transaction] = address
        if len(self._transactions) > TRANSACTIONS_MAX:
            self._transactions.popitem(last=False)

    def _hear(self, address: Address, priority: int, nominates: bool, now_ns: int) -> None:
        pair = self._pairs.pop(address, None) or _Pair(now_ns, priority)
        pair.heard_ns, pair.priority = now_ns, priority
        self._pairs[address] = pair
        self._heard_ns, self._connected = now_ns, True
        if nominates:
            pair.nominated_ns = now_ns
        if self._gives_way(priority, now_ns) if nominates else self._has_moved(address, priority, now_ns):
            self.selected = address
        while len(self._pairs) > ADDRESSES_MAX:
            del self._pairs[next(one for one in self._pairs if one != self.selected)]

    def _gives_way(self, priority: int, now_ns: int) -> bool:
        """Whether the selected pair goes for one of this priority: it is no better, or no longer nominated."""
        current = None if self.selected is None else self._pairs.get(self.selected)
        if current is None or current.nominated_ns is None or priority >= current.priority:
            return True
        return now_ns - current.nominated_ns > NOMINATION_FRESH_NS

    def _has_moved(self, address: Address, priority: int, now_ns: int) -> bool:
        """Whether the selected address is one that the peer had before its NAT gave it this one."""
        current = None if self.selected is None else self._pairs.get(self.selected)
        if current is None or address == self.selected:
            return False
        silent_ns = now_ns - current.heard_ns
        return silent_ns > LOST_NS or (silent_ns > MOVED_NS and priority == current.priority)

    def heard_from(self, address: Address) -> int | None:
        """When a check last came from there, monotonic ns; None: it is not the peer's."""
        pair = self._pairs.get(address)
        return None if pair is None else pair.heard_ns

    def destination(self) -> Address | None:
        """Where to send: the selected pair, before one is nominated the latest that was checked."""
        return self.selected if self.selected is not None else next(reversed(self._pairs), None)

    def forget(self, address: Address) -> None:
        """Somebody else has proved to be there."""
        self._pairs.pop(address, None)
        if self.selected == address:
            self.selected = None

    def forget_silent(self, now_ns: int) -> bool:
        """Addresses without a check for as long as consent lasts are not the peer's any more, if it has another.

        True: there were such.
        """
        selected = self.selected
        silent = [one for one, pair in self._pairs.items() if now_ns - pair.heard_ns > CONSENT_NS and one != selected]
        for address in silent:
            del self._pairs[address]
        return bool(silent)

    def gone(self, now_ns: int) -> str | None:
        """Why the peer counts as gone: it never came, or it has been silent for too long."""
        silent_ns = now_ns - self._heard_ns
        if not self._connected:
            return "no_connection" if silent_ns > SET_UP_MAX_NS else None
        return "silent" if silent_ns > CONSENT_NS else None

"""One peer on the port: where it is (ice.py), that it is the one of the offer (dtls.py), and then its keys.

Its owner gets four kinds of news: keys, SRTP, SRTCP, and the end, which comes once and last. OpenSSL sees datagrams
only of addresses that have answered for themselves, so nobody who cannot sign for the session disturbs its handshake.
Not here: what SRTP carries, HTTP, and which datagram is whose (source_filter.py).

Invariant: per packet nothing is made, awaited or logged here.
"""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from gateway.webrtc.dtls import DtlsEndpoint, DtlsIdentity, DtlsState
from gateway.webrtc.ice import CONSENT_NS, IceVerdict, LiteAgent, make_credentials
from gateway.webrtc.port import Address
from gateway.webrtc.return_path import ReturnPath
from media.sdp import IceCredentials, Offer, Setup, answering_setup
from media.srtp import Profile

_FIRST_RTCP, _LAST_RTCP = 192, 223  # second byte of SRTCP, where RTP has a payload type (RFC 5761, 4)

Send = Callable[[bytes, Address], None]
Ends = Counter[tuple[str, bool]]


class PeerOwner(Protocol):
    """Who has the session. `data` is the port's buffer and good until the call returns."""

    heard_ns: int  # when a packet last came that was authentic, monotonic; 0 before the first

    def keyed(self, profile: Profile, material: bytes, is_client: bool) -> None:
        """The handshake is through. `material` is laid out as RFC 5764, 4.2."""

    def srtp(self, data: memoryview, now_ns: int) -> None: ...

    def srtcp(self, data: memoryview, now_ns: int) -> None: ...

    def gone(self, cause: str) -> None:
        """Closed by the peer, silent, or never there. `cause` is a word for counting."""


class _Nobody:
    """Owns a peer that is gone."""

    heard_ns = 0

    def keyed(self, profile: Profile, material: bytes, is_client: bool) -> None: ...

    def srtp(self, data: memoryview, now_ns: int) -> None: ...

    def srtcp(self, data: memoryview, now_ns: int) -> None: ...

    def gone(self, cause: str) -> None: ...


_NOBODY = _Nobody()


class Peer:
    """From the answer until `gone` or `close`. In `ends` it counts why it is gone, and whether there were keys."""

    def __init__(
        self,
        offer: Offer,
        identity: DtlsIdentity,
        owner: PeerOwner,
        send: Send,
        now_ns: int,
        ends: Ends,
        *,
        is_shown: bool = False,
    ) -> None:
        """`is_shown`: media go to it, and so only to where it has proved to be."""
        self.setup = answering_setup(offer.setup)
        self.ice = LiteAgent(make_credentials(), offer.credentials, now_ns)
        self.is_gone = False
        self.is_keyed = False
        self._path = ReturnPath(self.ice) if is_shown else None
        self._offer = offer
        self._identity = identity
        self._owner = owner
        self._send = send
        self._ends = ends
        self._dtls: DtlsEndpoint | None = None  # from the first validated address on

    @property
    def address(self) -> Address | None:
        """Where to send to; changes when the peer moves."""
        return self.ice.destination() if self._path is None else self._path.way()

    def restart(self, remote: IceCredentials) -> IceCredentials:
        """Take other credentials of the peer (an ICE restart); ours for the answer. Keys and media stay."""
        self.ice.restart(make_credentials(), remote)
        return self.ice.local

    def check(self, data: memoryview, address: Address, now_ns: int) -> IceVerdict:
        """A STUN message that names this session."""
        verdict, answer = self.ice.receive(data, address, now_ns)
        if answer is not None:
            self._send(answer, address)
        if self._dtls is None and self.ice.addresses:
            is_client = self.setup is Setup.ACTIVE
            self._dtls = DtlsEndpoint(
                self._identity, is_client=is_client, fingerprints=self._offer.fingerprints, now_ns=now_ns
            )
            self._send_all(self._dtls.start())
        self._ask(now_ns)
        return verdict

    def answered(self, data: memoryview, address: Address) -> None:
        """A STUN message from one of its addresses that names no session: the answer to a check of ours, or nothing."""
        if self._path is not None:
            self._path.answered(data, address)

    def handshake(self, data: memoryview, address: Address) -> None:
        """A datagram of DTLS from a validated address."""
        dtls = self._dtls
        if dtls is None or self.is_gone:
            return
        before = dtls.state
        self._send_all(dtls.receive(bytes(data)))
        if dtls.keys is not None and before is DtlsState.HANDSHAKE and self._path is not None:
            self._path.prove(address)  # this flight answers one of ours
        self._tell(before)

    def media(self, data: memoryview, now_ns: int) -> None:
        """A datagram of SRTP or SRTCP from a validated address. Before there are keys nobody could read it."""
        # Hot: once a packet.
        if len(data) < 2 or not self.is_keyed or self.is_gone:
            return
        if _FIRST_RTCP <= data[1] <= _LAST_RTCP:
            self._owner.srtcp(data, now_ns)
        else:
            self._owner.srtp(data, now_ns)

    def tick(self, now_ns: int) -> bool:
        """To be called some times a second: lost flights, deadlines, silence. True: it has fewer addresses now."""
        if self.is_gone:
            return False
        fewer = self.ice.forget_silent(now_ns)
        if self._dtls is not None and not self.is_keyed:  # with keys it has no time limits of its own
            before = self._dtls.state
            self._send_all(self._dtls.tick(now_ns))
            self._tell(before)
        self._ask(now_ns)
        # A device that only sends needs no consent (RFC 7675, 5): some check once and never again.
        if now_ns - self._owner.heard_ns > CONSENT_NS and (cause := self.ice.gone(now_ns)) is not None:
            self._end(cause)
        return fewer

    def close(self) -> None:
        """Our end of it: the peer is told, the owner is not."""
        if not self.is_gone:
            self.is_gone = True
            self._owner = _NOBODY  # else we hold each other until the cyclic collector comes by
            if self._dtls is not None:
                self._send_all(self._dtls.close())

    def _tell(self, before: DtlsState) -> None:
        assert self._dtls is not None
        state = self._dtls.state
        if before is DtlsState.HANDSHAKE and self._dtls.keys is not None:
            keys = self._dtls.keys
            self.is_keyed = True
            self._owner.keyed(keys.profile, keys.material, keys.is_client)
        if state is DtlsState.CLOSED and not self.is_gone:
            self._end("closed_by_peer")
        elif state is DtlsState.FAILED and not self.is_gone:
            self._end(self._dtls.failure)

    def _end(self, cause: str) -> None:
        owner = self._owner
        self._ends[cause, self.is_keyed] += 1
        self.close()
        owner.gone(cause)

    def _ask(self, now_ns: int) -> None:
        if self._path is not None and (asked := self._path.ask(now_ns)) is not None:
            self._send(*asked)

    def _send_all(self, datagrams: list[bytes]) -> None:
        if datagrams and (address := self.ice.destination()) is not None:
            for datagram in datagrams:
                self._send(datagram, address)

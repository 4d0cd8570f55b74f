"""What publishers and viewers have in common: offers that are refused, answers, and what is trickled behind them.

Not here: which formats are taken (media.sdp), who may (publishers, viewers).
"""

import secrets
from collections.abc import Mapping

from gateway.webrtc.peer import Peer
from gateway.webrtc.peers import Peers
from media import TrackKind
from media.sdp import (
    Choice,
    LocalPeer,
    Offer,
    OfferError,
    Sent,
    WhyNot,
    build_answer,
    build_fragment,
    read_fragment,
    read_offer,
)

RETRY_AFTER_S = 5

_SDP_SESSION_BITS = 62  # RFC 8829, 5.2.1


class OfferNotTaken(Exception):
    """An offer or fragment that is refused. `status` is HTTP's, `field` names the line at fault, where it is one."""

    def __init__(
        self,
        status: int,
        words: str,
        field: str = "",
        retry_after_s: int = 0,
        why_not: Mapping[TrackKind, WhyNot] | None = None,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.field = field
        self.retry_after_s = retry_after_s
        self.why_not = why_not or {}


def offered(text: bytes) -> Offer:
    """
    Raises:
        OfferNotTaken: 400 an offer that cannot be read.
    """
    try:
        return read_offer(text)
    except OfferError as error:
        raise OfferNotTaken(400, str(error), error.field) from error


def answered(
    peers: Peers, peer: Peer, offer: Offer, choice: Choice, sent: Mapping[TrackKind, Sent] | None = None
) -> bytes:
    """The answer to an offer of this peer. `sent` are the SSRCs by which we send."""
    session = secrets.randbits(_SDP_SESSION_BITS)
    local = LocalPeer(session, peer.ice.local, peers.fingerprint, peer.setup, peers.candidates, sent or {})
    return build_answer(offer, choice, local)


def etag_of(peer: Peer) -> str:
    """Names the ICE credentials that are valid (RFC 9725, 4.3.1)."""
    return f'"{peer.ice.local.ufrag}"'


def trickled(peers: Peers, peer: Peer, offer: Offer, fragment_text: bytes, *, restart: bool) -> bytes | None:
    """A PATCH: candidates need no answer, for a peer is where it checks from; an ICE restart gets one.

    So does a `restart` that is asked for again: the first answer may be lost, on the network that was left.

    Raises:
        OfferNotTaken: 400 a fragment that cannot be read.
    """
    try:
        fragment = read_fragment(fragment_text)
    except OfferError as error:
        raise OfferNotTaken(400, str(error), error.field) from error
    ice = peer.ice
    if fragment.credentials is None or (fragment.credentials == ice.remote and not restart):
        return None
    if fragment.credentials != ice.remote:
        peers.restart(peer, fragment.credentials)
    return build_fragment(offer, ice.local, peers.candidates)

"""The lines of SDP that say how a peer is reached and known: ufrag, pwd, candidates, fingerprints, setup."""

import re

from media.sdp.webrtc.offer import Candidate, Fingerprint, IceCredentials, OfferError, Setup

CANDIDATES_MAX = 64  # a laptop with VPNs has a dozen; two families, three kinds, and room

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)  # RFC 8839, 5.4
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII)
_CANDIDATE = re.compile(
    r"(?P<foundation>[A-Za-z0-9+/]{1,64}) (?P<component>\d{1,3}) (?P<protocol>[A-Za-z-]{1,16}) (?P<priority>\d{1,10})"
    r" (?P<host>[0-9A-Za-z.:%_-]{1,255}) (?P<port>\d{1,5}) typ (?P<kind>[a-z]{1,16})( .*)?",
    re.ASCII,
)
_FINGERPRINT = re.compile(r"(?P<algorithm>[A-Za-z0-9-]{1,16})\s+(?P<digest>[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*)", re.ASCII)
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_LINE_MAX = 1_024  # no such line of a real peer has more


def read_credentials(where: str, ufrag: str | None, password: str | None) -> IceCredentials:
    """Both lines, checked."""
    if ufrag is None:
        raise OfferError(f"{where} a=ice-ufrag", "is missing: an offer of WebRTC has one (RFC 8839)")
    if password is None:
        raise OfferError(f"{where} a=ice-pwd", "is missing: an offer of WebRTC has one (RFC 8839)")
    if not _UFRAG.fullmatch(ufrag):
        raise OfferError(f"{where} a=ice-ufrag", "must be 4 to 256 of letters, digits, + and /")
    if not _PASSWORD.fullmatch(password):
        raise OfferError(f"{where} a=ice-pwd", "must be 22 to 256 of letters, digits, + and /")
    return IceCredentials(ufrag, password)


def read_candidate(value: str) -> Candidate | None:
    """What follows `a=candidate:`; None for one that cannot be read: the others may do."""
    match = _CANDIDATE.fullmatch(value) if len(value) <= _LINE_MAX else None
    if match is None or not 0 <= int(match["port"]) <= 65_535 or int(match["priority"]) >> 32:
        return None
    return Candidate(
        match["foundation"],
        int(match["component"]),
        match["protocol"].lower(),
        int(match["priority"]),
        match["host"],
        int(match["port"]),
        match["kind"],
    )


def write_candidate(candidate: Candidate) -> str:
    """The whole value of an `a=candidate:` line."""
    one = candidate
    return f"{one.foundation} {one.component} {one.protocol} {one.priority} {one.host} {one.port} typ {one.kind}"


def read_fingerprints(where: str, values: list[str]) -> tuple[Fingerprint, ...]:
    """The certificate's fingerprints of hashes that may be trusted (RFC 8122, 5); at least one is needed."""
    if not values:
        raise OfferError(f"{where} a=fingerprint", "is missing: WebRTC is never without DTLS (RFC 8827)")
    found: list[Fingerprint] = []
    for value in values:
        match = _FINGERPRINT.fullmatch(value) if len(value) <= _LINE_MAX else None
        if match is None:
            raise OfferError(f"{where} a=fingerprint", "must be a hash name and bytes in hex with colons between")
        algorithm, digest = match["algorithm"].lower(), bytes.fromhex(match["digest"].replace(":", ""))
        if algorithm in _DIGEST_BYTES:
            if len(digest) != _DIGEST_BYTES[algorithm]:
                raise OfferError(f"{where} a=fingerprint", f"{algorithm} has {_DIGEST_BYTES[algorithm]} bytes")
            found.append(Fingerprint(algorithm, digest))
    if not found:
        raise OfferError(f"{where} a=fingerprint", "sha-256, sha-384 or sha-512 is needed")
    return tuple(dict.fromkeys(found))


def write_fingerprint(fingerprint: Fingerprint) -> str:
    """The whole value of an `a=fingerprint:` line."""
    return f"{fingerprint.algorithm} {fingerprint.digest.hex(':').upper()}"


def read_setup(where: str, value: str | None) -> Setup:
    """Who may begin the handshake."""
    if value not in tuple(Setup):
        said = "is missing" if value is None else f"{value[:20]!r} cannot be"
        raise OfferError(f"{where} a=setup", f"{said}: an offer says actpass, active or passive (RFC 8842)")
    return Setup(value)

"""What an offer of WebRTC says, and an answer to one of ours, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from media.sdp.description import SdpError
from media.track import Codec, TrackKind


class OfferError(SdpError):
    """An offer that cannot be taken. `field` names the line, as `m=video a=fingerprint`; the message also the fix."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(f"{field}: {words}")
        self.field = field


class Direction(StrEnum):
    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


class Setup(StrEnum):
    """Who begins the DTLS handshake (RFC 8842): active is the client."""

    ACTPASS = "actpass"
    ACTIVE = "active"
    PASSIVE = "passive"


@dataclass(frozen=True, slots=True)
class IceCredentials:
    """Short-term credentials of one side (RFC 8839, 5.4)."""

    ufrag: str
    password: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of a certificate (RFC 8122): `algorithm` is sha-256, sha-384 or sha-512."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where an agent can be reached (RFC 8839, 5.1). `host` may be a name that only its network knows (mDNS)."""

    foundation: str
    component: int
    protocol: str  # lower case
    priority: int
    host: str
    port: int
    kind: str  # host, srflx, prflx, relay


@dataclass(frozen=True, slots=True)
class Extension:
    """A header extension of RTP (RFC 8285)."""

    id: int
    uri: str


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """What one payload type means. `codec` is None for what we cannot carry, RTX included.

    `repairs` is the payload type that RTX of this one carries again (its `apt`).
    """

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    fmtp: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    feedback: tuple[str, ...] = ()  # as "nack pli"
    codec: Codec | None = None
    repairs: int | None = None


@dataclass(frozen=True, slots=True)
class OfferedMedia:
    """One m-line. `kind` is None for data channels and the like; `takes_part` is False for these and at port 0."""

    mid: str
    kind: TrackKind | None
    medium: str  # as written: video, audio, application
    protocol: str
    words: tuple[str, ...]  # its payload types as written: a refusal repeats them
    direction: Direction
    takes_part: bool
    rtcp_mux: bool
    formats: tuple[PayloadFormat, ...] = ()
    extensions: tuple[Extension, ...] = ()
    ssrcs: tuple[int, ...] = ()
    repair_ssrcs: Mapping[int, int] = field(default_factory=dict)  # from ssrc-group FID: media → its RTX

    def rtx_of(self, payload_type: int) -> int | None:
        """The payload type by which packets of this one are sent again."""
        return next((one.payload_type for one in self.formats if one.repairs == payload_type), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A whole offer: its m-lines, and the one transport that all of them share."""

    media: tuple[OfferedMedia, ...]
    bundle: tuple[str, ...]  # mids; the first is the one the others are tied to
    credentials: IceCredentials
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup
    ice_options: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server made of an offer of ours: of its m-lines those that take part, and where the server is."""

    media: tuple[OfferedMedia, ...]
    credentials: IceCredentials
    fingerprints: tuple[Fingerprint, ...]
    setup: Setup
    candidates: tuple[Candidate, ...]

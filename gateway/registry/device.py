"""A device as the registry knows it: immutable; a change makes a new one."""

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.registry.source import Source


class RefusalReason(StrEnum):
    """Why a connection was refused; the words are for screens to translate."""

    WRONG_KEY = "wrong_key"
    DISABLED = "disabled"
    UNKNOWN_DEVICE = "unknown_device"
    OTHER_DEVICE_PATH = "other_device_path"  # a good key, but for the path of another device
    CODEC_NOT_SUPPORTED = "codec_not_supported"
    BAD_DESCRIPTION = "bad_description"  # an SDP that cannot be read
    TRANSPORT_NOT_SUPPORTED = "transport_not_supported"
    # of a camera that we call
    ADDRESS_NOT_ALLOWED = "address_not_allowed"  # outside of the networks and ports that the settings name
    UNREACHABLE = "unreachable"
    TLS_NOT_TRUSTED = "tls_not_trusted"
    WRONG_PASSWORD = "wrong_password"
    PASSWORD_UNREADABLE = "password_unreadable"  # sealed by another server's key
    NOT_FOUND = "not_found"  # the camera has no such path
    CAMERA_REFUSED = "camera_refused"  # anything else that it says no with
    NO_MEDIA = "no_media"  # it plays, it says, and sends nothing


@dataclass(frozen=True, slots=True)
class Credential:
    """Verifiers of one key, in hexadecimal; password-equivalent, hence never in a repr."""

    id: str
    ha1_md5: str = field(repr=False)
    ha1_sha256: str = field(repr=False)
    expires_utc_ns: int | None  # None: valid until rotated

    def valid_at(self, utc_ns: int) -> bool:
        return self.expires_utc_ns is None or utc_ns < self.expires_utc_ns


@dataclass(frozen=True, slots=True)
class LastRefusal:
    """Why, when and from where (host) a connection of this device was last refused."""

    reason: RefusalReason
    utc_ns: int
    peer: str
    words: str = ""  # what the reason alone does not say, as the codec's name


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    checkpoint: str
    unit: str  # that of the checkpoint
    name: str
    model: str
    enabled: bool
    created_utc_ns: int
    last_seen_utc_ns: int | None
    last_refusal: LastRefusal | None
    version: int  # counts changes by people; for ETags
    credentials: tuple[Credential, ...] = field(repr=False)
    source: Source | None = None  # where a fixed camera's pictures are fetched from


@dataclass(frozen=True, slots=True)
class NewKey:
    """A device with the key that was just made for it: the only time the key can be seen."""

    device: Device
    key: str = field(repr=False)

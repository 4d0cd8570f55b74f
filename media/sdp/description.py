"""What an SDP says of a publication, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from media.track import AudioConfig, Codec, TrackKind


class SdpError(ValueError):
    """The text is no session description, or one beyond the limits; the message says why."""


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m-line with what follows it.

    `codec` is None for what we cannot carry; `codec_name` is always as announced, so that the
    refusal can name it. `kind` is None for application data and the like.
    """

    kind: TrackKind | None
    payload_type: int
    codec: Codec | None
    codec_name: str
    clock_rate: int
    channels: int = 1
    fmtp: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    control: str = ""
    parameter_sets: tuple[bytes, ...] = ()  # sprop-*, decoded: VPS, SPS, PPS in that order
    audio: AudioConfig | None = None  # for a supported audio codec


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description. `control` is the session's own, often empty or `*`."""

    media: tuple[MediaDescription, ...]
    name: str = ""
    control: str = ""

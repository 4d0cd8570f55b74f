"""What a stream is made of: tracks, their codecs, and what a decoder must know beforehand.

Codec names are FFmpeg's; codec strings are those of RFC 6381. Track ids are fixed so that a file,
a journal record and a WebSocket message mean the same track by the same number.
"""

from dataclasses import dataclass
from enum import StrEnum

VIDEO_TRACK_ID = 1
AUDIO_TRACK_ID = 2


class TrackKind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"


class Codec(StrEnum):
    H264 = "h264"
    H265 = "hevc"
    AAC = "aac"
    OPUS = "opus"
    PCM_ALAW = "pcm_alaw"
    PCM_MULAW = "pcm_mulaw"


@dataclass(frozen=True, slots=True)
class VideoConfig:
    """What a decoder must know of a video track before its first picture.

    `parameter_sets` are NAL units without start codes, VPS, SPS and PPS in that order.
    `reorder_depth` is how many pictures may be shown before one decoded earlier; None when the
    sets do not say.
    """

    codec: Codec
    width: int
    height: int
    codec_string: str  # RFC 6381 with the in-band entry name: avc3.64001f, hev1.1.6.L93.B0
    parameter_sets: tuple[bytes, ...]
    reorder_depth: int | None
    clock_rate: int = 90_000


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """What a decoder must know of an audio track. `config` is the AudioSpecificConfig of AAC
    (ISO 14496-3, 1.6.2.1), else empty. `clock_rate` is the RTP clock, in which all times are."""

    codec: Codec
    sample_rate: int
    channels: int
    codec_string: str  # mp4a.40.2, opus, alaw, ulaw
    config: bytes
    clock_rate: int


@dataclass(frozen=True, slots=True)
class Track:
    """One elementary stream in a stream."""

    id: int
    config: VideoConfig | AudioConfig

    @property
    def kind(self) -> TrackKind:
        return TrackKind.VIDEO if isinstance(self.config, VideoConfig) else TrackKind.AUDIO

    @property
    def clock_rate(self) -> int:
        return self.config.clock_rate

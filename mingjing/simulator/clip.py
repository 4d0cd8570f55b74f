"""What simulated devices play: access units of a clip that loops, cut into RTP payloads once for all devices.

Not here: where a clip comes from (generated.py, demuxed.py), when a unit is sent (player.py), and the
RTP headers, which each device has of its own (senders.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from media import AudioConfig, Codec, TrackKind
from media.nal import syntax_of
from media.rtp import packetize_aac, packetize_g711, packetize_h264, packetize_h265, packetize_opus
from media.sdp import MediaDescription, SessionDescription, codec_name

VIDEO_CLOCK = 90_000
VIDEO_PAYLOAD_TYPE = 96
SOUND_PAYLOAD_TYPE = 98  # 97 is the picture's RTX, by WHIP
PACKET_BYTES = 1_200  # below every tunnel's MTU; by WHIP less, for what comes on top

_AAC_FORMAT = {"mode": "AAC-hbr", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3"}

PayloadSeries = tuple[bytes, ...]


class ClipError(Exception):
    """A clip cannot be made or read. An operator's error: the message says what to do."""


@dataclass(frozen=True, slots=True)
class VideoUnit:
    """One picture. A device's stamp, and its label if there is one, go between `lead` and `body`."""

    lead: PayloadSeries  # delimiter and parameter sets
    body: PayloadSeries  # slices and what follows them
    key: bool
    label: int  # index of the device's own label payloads; -1 for none
    decode_ticks: int  # when it is sent, from the start of the clip
    show_ticks: int  # its RTP time, likewise


@dataclass(frozen=True, slots=True)
class Video:
    """`period_ticks` is the length of the clip, after which it begins again."""

    codec: Codec
    units: tuple[VideoUnit, ...]
    period_ticks: int
    parameter_sets: tuple[bytes, ...]

    @property
    def key_indexes(self) -> tuple[int, ...]:
        return tuple(index for index, unit in enumerate(self.units) if unit.key)


@dataclass(frozen=True, slots=True)
class Sound:
    """Frames of equal length, `frame_ticks` of the sound's clock each."""

    config: AudioConfig
    frames: tuple[PayloadSeries, ...]
    frame_ticks: int

    @property
    def clock_rate(self) -> int:
        return self.config.clock_rate


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that loops. `label` writes a device's name into it; None for a clip from a file."""

    video: Video
    sound: Sound | None
    label: Callable[[str], tuple[PayloadSeries, ...]] | None = None

    def description(self) -> SessionDescription:
        """What a device that plays it announces."""
        media = [_describe_video(self.video)]
        if self.sound is not None:
            media.append(_describe_sound(self.sound))
        return SessionDescription(tuple(media), "Mingjing simulator")


def cut_video(codec: Codec, units: Iterable[bytes], packet_bytes: int = PACKET_BYTES) -> PayloadSeries:
    """RTP payloads of NAL units, for packets of so many bytes at most."""
    packetize = packetize_h264 if codec is Codec.H264 else packetize_h265
    return tuple(packetize(list(units), mtu=packet_bytes))


def cut_sound(codec: Codec, frame: bytes) -> PayloadSeries:
    """RTP payloads of one frame."""
    if codec is Codec.OPUS:
        return tuple(packetize_opus(frame))
    packetize = packetize_aac if codec is Codec.AAC else packetize_g711
    return tuple(packetize(frame, mtu=PACKET_BYTES))


def video_unit(
    codec: Codec,
    nals: Sequence[bytes],
    *,
    key: bool,
    label: int = -1,
    decode_ticks: int,
    show_ticks: int,
    packet_bytes: int = PACKET_BYTES,
) -> VideoUnit:
    """A picture's NAL units, parted at its first slice and cut into payloads."""
    syntax = syntax_of(codec)
    first = next((index for index, nal in enumerate(nals) if syntax.is_slice(nal)), len(nals))
    return VideoUnit(
        cut_video(codec, nals[:first], packet_bytes),
        cut_video(codec, nals[first:], packet_bytes),
        key,
        label,
        decode_ticks,
        show_ticks,
    )


def _describe_video(video: Video) -> MediaDescription:
    fmtp = {"packetization-mode": "1"} if video.codec is Codec.H264 else {}
    return MediaDescription(
        kind=TrackKind.VIDEO,
        payload_type=VIDEO_PAYLOAD_TYPE,
        codec=video.codec,
        codec_name=codec_name(video.codec),
        clock_rate=VIDEO_CLOCK,
        fmtp=fmtp,
        control="streamid=0",
        parameter_sets=video.parameter_sets,
    )


def _describe_sound(sound: Sound) -> MediaDescription:
    codec = sound.config.codec
    fmtp = {**_AAC_FORMAT, "config": sound.config.config.hex()} if codec is Codec.AAC else {}
    return MediaDescription(
        kind=TrackKind.AUDIO,
        payload_type=SOUND_PAYLOAD_TYPE,
        codec=codec,
        codec_name=codec_name(codec),
        clock_rate=sound.clock_rate,
        channels=sound.config.channels,
        fmtp=fmtp,
        control="streamid=1",
        audio=sound.config,
    )

"""A clip from a file: H.264 or H.265, with AAC or G.711 if there is such sound. Nothing is decoded.

PyAV (libav) reads the file, which the operator chose; it runs in the simulator only.
"""

from collections.abc import Iterator
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer

from media import Codec
from media.nal import split_annexb, syntax_of
from media.sdp import audio_config
from mingjing.simulator.clip import (
    PACKET_BYTES,
    VIDEO_CLOCK,
    Clip,
    ClipError,
    Sound,
    Video,
    VideoUnit,
    cut_sound,
    video_unit,
)

UNITS_MAX = 200_000  # two hours at 25 a second: a clip is held in memory
CLIP_MAX_BYTES = 1 << 30
DEFAULT_FPS = 25  # for files that do not say
AAC_FRAME_SAMPLES = 1_024
G711_FRAME_SAMPLES = 160  # 20 ms, the usual packet of telephones

_VIDEO = {"h264": (Codec.H264, "h264_mp4toannexb"), "hevc": (Codec.H265, "hevc_mp4toannexb")}
_SOUND = {"aac": Codec.AAC, "pcm_alaw": Codec.PCM_ALAW, "pcm_mulaw": Codec.PCM_MULAW}


def demuxed_clip(path: Path, packet_bytes: int = PACKET_BYTES) -> Clip:
    """The clip in a file, for packets of so many bytes at most.

    Raises:
        ClipError: unreadable, or without video that can be sent as it is.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ClipError(f"{path} has no video")
            video, begin_s = _read_video(path, container, packet_bytes)
        with av.open(str(path)) as container:
            audio = container.streams.audio
            sound = _read_sound(container, audio[0], begin_s) if audio else None
    except (av.FFmpegError, OSError) as error:
        raise ClipError(f"{path} cannot be read: {error}") from error
    return Clip(video, sound)


def _read_video(path: Path, container: InputContainer, packet_bytes: int) -> tuple[Video, float]:
    """The pictures from the first key picture on, and where in the file that is, in seconds."""
    stream = container.streams.video[0]
    name = stream.codec_context.name
    if name not in _VIDEO:
        raise ClipError(f"{path} is {name}; devices send H.264 or H.265: encode it anew")
    codec, filter_name = _VIDEO[name]
    syntax = syntax_of(codec)
    interval = VIDEO_CLOCK / float(stream.average_rate or DEFAULT_FPS)
    units: list[VideoUnit] = []
    sets: tuple[bytes, ...] = ()
    begin = size = 0
    for number, packet in enumerate(_annexb(container, stream, filter_name)):
        decode, show = _ticks(packet, number * interval)
        nals = split_annexb(bytes(packet))
        key = syntax.is_key(nals)
        if not units:
            if not key:
                continue
            begin = decode
            sets = tuple(nal for nal in nals if nal[0] in syntax.SET_HEADERS)
        size += packet.size
        if len(units) == UNITS_MAX or size > CLIP_MAX_BYTES:
            raise ClipError(
                f"{path} is too long: a clip of at most {UNITS_MAX} pictures and {CLIP_MAX_BYTES} bytes fits"
            )
        decode_ticks, show_ticks = decode - begin, show - begin
        units.append(
            video_unit(
                codec, nals, key=key, decode_ticks=decode_ticks, show_ticks=show_ticks, packet_bytes=packet_bytes
            )
        )
    if not units:
        raise ClipError(f"{path} has no key picture to begin with")
    return Video(codec, tuple(units), units[-1].decode_ticks + round(interval), sets), begin / VIDEO_CLOCK


def _annexb(
    container: InputContainer, stream: av.VideoStream, filter_name: str
) -> Iterator["av.Packet[av.VideoStream]"]:
    """The stream's packets with start codes and in-band parameter sets, as a device sends them."""
    bitstream_filter = BitStreamFilterContext(filter_name, stream)
    for packet in container.demux(stream):
        if packet.size:  # the last packet only says that it is the last
            yield from bitstream_filter.filter(packet)
    yield from bitstream_filter.filter(None)


def _ticks(packet: "av.Packet[av.VideoStream]", otherwise: float) -> tuple[int, int]:
    """Decode and show time; bare streams have none, and then no reordering is assumed."""
    if packet.dts is None or packet.pts is None or packet.time_base is None:
        return round(otherwise), round(otherwise)
    return round(packet.dts * packet.time_base * VIDEO_CLOCK), round(packet.pts * packet.time_base * VIDEO_CLOCK)


def _read_sound(container: InputContainer, stream: av.AudioStream, begin_s: float) -> Sound | None:
    """The sound from `begin_s` on; None for what no device of ours sends."""
    codec = _SOUND.get(stream.codec_context.name)
    if codec is None:
        return None
    extradata = stream.codec_context.extradata or b""
    config = audio_config(codec, stream.codec_context.sample_rate, stream.codec_context.channels, extradata.hex())
    packets = [
        bytes(packet)
        for packet in container.demux(stream)
        if packet.size and packet.pts is not None and packet.pts * packet.time_base >= begin_s
    ]
    if config is None or not packets or (codec is Codec.AAC) != bool(extradata):
        return None
    if codec is Codec.AAC:
        return Sound(config, tuple(cut_sound(codec, packet) for packet in packets), AAC_FRAME_SAMPLES)
    samples = b"".join(packets)
    frames = [samples[at : at + G711_FRAME_SAMPLES] for at in range(0, len(samples), G711_FRAME_SAMPLES)]
    return Sound(config, tuple(cut_sound(codec, frame) for frame in frames), G711_FRAME_SAMPLES)

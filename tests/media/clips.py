"""Clips that ffmpeg made, as the units a device would send, and the way from units to a file of ours.

The clips are made once a test process, into memory. Bytes are demuxed by PyAV, which is the oracle
here and no part of the path.
"""

import io
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import av

from media import (
    AccessUnit,
    AudioConfig,
    Codec,
    Fragment,
    PictureFragmenter,
    SoundFragmenter,
    Timeline,
    Track,
    VideoConfig,
)
from media.fmp4 import ParsedTrack, codec_of, init_segment, parse_init
from media.nal import VideoConfigTracker, split_annexb

MONO_NS = 5_000_000_000_000
UTC_NS = 1_790_000_000_000_000_000
PICTURES = 75
RTP_START = 0xFFFF_0000  # wraps within the first second

_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-threads", "1")
_VIDEO_OPTIONS = {
    "baseline": (*_X264, "-profile:v", "baseline"),
    "one_gop": (*_X264, "-profile:v", "baseline", "-g", "1000"),
    "one_gop_b_frames": (*_X264, "-g", "1000", "-bf", "2", "-b_strategy", "0"),
    "high": (*_X264, "-profile:v", "high", "-bf", "0", "-x264-params", "cabac=1:8x8dct=1"),
    "b_frames": ("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "3", "-b_strategy", "0", "-threads", "1"),
    "ten_bit": (*_X264, "-profile:v", "high10", "-pix_fmt", "yuv420p10le", "-bf", "0"),
    "h265": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=25:bframes=0:log-level=none:pools=1"),
    "h265_b_frames": (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "keyint=25:bframes=4:b-adapt=0:open-gop=0:log-level=none:pools=1",
    ),
}
VIDEO_CLIPS = tuple(name for name in _VIDEO_OPTIONS if not name.startswith("one_gop"))


@dataclass(frozen=True)
class Clip:
    """Units in decode order, the track they belong to, and the file they came from."""

    track: Track
    units: tuple[AccessUnit, ...]
    source: bytes


def ffmpeg(*arguments: str) -> bytes:
    """Run it; its standard output. It must not complain."""
    result = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", *arguments],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert not result.stderr, result.stderr.decode()
    return result.stdout


@cache
def video_clip(name: str, pictures: int = PICTURES) -> Clip:
    """25 pictures a second, a key picture each second or once."""
    source = ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=322x182:rate=25:duration={pictures / 25}"),
        *("-pix_fmt", "yuv420p"),
        *_VIDEO_OPTIONS[name],
        *("-f", "mpegts", "-"),
    )
    codec = Codec.H265 if name.startswith("h265") else Codec.H264
    units = []
    first_pts: int | None = None
    with av.open(io.BytesIO(source)) as container:
        for packet in container.demux(video=0):
            if packet.pts is None:
                continue
            first_pts = packet.pts if first_pts is None else first_pts
            units.append(
                unit(
                    split_annexb(bytes(packet)),
                    rtp_time=RTP_START + packet.pts - first_pts,
                    received_ns=len(units) * 40_000_000,
                    key=packet.is_keyframe,
                )
            )
    tracker = VideoConfigTracker(codec)
    tracker.observe(units[0])
    assert tracker.config is not None
    return Clip(Track(1, tracker.config), tuple(units), source)


@cache
def sound_clip(codec: Codec) -> Clip:
    """Three seconds of a tone."""
    rate, name, muxer, options = {
        Codec.AAC: (44_100, "mp4a.40.2", "adts", ("-c:a", "aac", "-b:a", "64k")),
        Codec.OPUS: (48_000, "opus", "ogg", ("-c:a", "libopus", "-b:a", "32k")),
        Codec.PCM_ALAW: (8_000, "alaw", "alaw", ("-c:a", "pcm_alaw")),
        Codec.PCM_MULAW: (8_000, "ulaw", "mulaw", ("-c:a", "pcm_mulaw")),
    }[codec]
    channels = 2 if codec is Codec.OPUS else 1
    source = ffmpeg(
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={rate}:duration=3", "-ac", str(channels)),
        *options,
        *("-f", muxer, "-"),
    )
    frames, step = _frames(codec, source)
    units = [
        unit([frame], rtp_time=RTP_START + i * step, received_ns=i * step * 1_000_000_000 // rate, key=True)
        for i, frame in enumerate(frames)
    ]
    config = AudioConfig(
        codec=codec,
        sample_rate=rate,
        channels=channels,
        codec_string=name,
        config=bytes.fromhex("1208") if codec is Codec.AAC else b"",  # AAC LC, 44,100 Hz, one channel
        clock_rate=rate,
    )
    return Clip(Track(2, config), tuple(units), source)


def _frames(codec: Codec, source: bytes) -> tuple[list[bytes], int]:
    if codec in (Codec.PCM_ALAW, Codec.PCM_MULAW):
        return [source[i : i + 160] for i in range(0, len(source), 160)], 160
    with av.open(io.BytesIO(source)) as container:
        frames = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    if codec is Codec.AAC:
        return [frame[7:] for frame in frames], 1_024  # without the ADTS header
    return frames, 960


def clip(name: str) -> Clip:
    """By the name of a video clip or a sound codec."""
    return video_clip(name) if name in VIDEO_CLIPS else sound_clip(Codec(name))


def unit(
    nals: Iterable[bytes],
    *,
    rtp_time: int,
    received_ns: int = 0,
    key: bool = False,
    lost_packets: int = 0,
    damaged: bool = False,
) -> AccessUnit:
    """An access unit received `received_ns` after the test's beginning of time."""
    return AccessUnit(
        payload=tuple(nals),
        rtp_time=rtp_time & 0xFFFF_FFFF,
        received_mono_ns=MONO_NS + received_ns,
        received_utc_ns=UTC_NS + received_ns,
        key=key,
        lost_packets=lost_packets,
        damaged=damaged,
    )


def fragments(clips: Sequence[Clip]) -> list[Fragment]:
    """All clips as one stream, in the order of reception."""
    timeline = Timeline()
    lanes = {clip.track.id: (timeline.track(clip.track.clock_rate), _fragmenter(clip.track)) for clip in clips}
    order = sorted(
        ((clip.track.id, unit) for clip in clips for unit in clip.units), key=lambda item: item[1].received_mono_ns
    )
    out: list[Fragment] = []
    for track_id, each in order:
        times, fragmenter = lanes[track_id]
        placement = times.place(each.rtp_time, each.received_mono_ns, each.received_utc_ns)
        if isinstance(fragmenter, PictureFragmenter):
            out.append(fragmenter.fragment(each, placement, len(out) + 1))
        elif fragmenter.collect(each, placement):
            out.append(_given(fragmenter.fragment(len(out) + 1)))
    for _, fragmenter in lanes.values():
        if isinstance(fragmenter, SoundFragmenter) and (rest := fragmenter.flush(len(out) + 1)):
            out.append(rest)
    return out


def file_of(clips: Sequence[Clip]) -> bytes:
    """What the archive would hold of these clips: one header, all fragments."""
    return init_segment([clip.track for clip in clips]) + b"".join(each.data for each in fragments(clips))


def without_sets(track: ParsedTrack) -> ParsedTrack:
    """As it is written of a device whose parameter sets were not known yet."""
    codec = codec_of(track)
    config = VideoConfig(codec, 0, 0, "", (), None)
    return parse_init(init_segment([Track(track.id, config)])).tracks[0]


def _fragmenter(track: Track) -> PictureFragmenter | SoundFragmenter:
    return SoundFragmenter(track) if isinstance(track.config, AudioConfig) else PictureFragmenter(track)


def _given(fragment: Fragment | None) -> Fragment:
    assert fragment is not None
    return fragment

"""Parameter sets of real encoders, read by us and by libav."""

import re
import subprocess
from pathlib import Path

import av
import pytest

from media.access_unit import AccessUnit
from media.nal import VideoConfigTracker, split_annexb, syntax_of
from media.track import Codec

X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none"
STREAMS = {
    "baseline": "322x242 -c:v libx264 -profile:v baseline",
    "main, one B": "640x360 -c:v libx264 -profile:v main -bf 1",
    "high, pyramid": "1920x1080 -c:v libx264 -preset veryfast -profile:v high -bf 3 -x264-params b-pyramid=normal",
    "high, odd size": "318x238 -c:v libx264 -profile:v high",
    "interlaced": "1920x1080 -c:v libx264 -preset veryfast -flags +ildct+ilme -x264-params interlaced=1",
    "10 bit": "320x240 -c:v libx264 -pix_fmt yuv420p10le",
    "4:2:2": "322x242 -c:v libx264 -pix_fmt yuv422p",
    "4:4:4": "323x243 -c:v libx264 -pix_fmt yuv444p",
    "monochrome": "322x242 -c:v libx264 -pix_fmt gray",
    "HRD and colours": "320x240 -c:v libx264 -b:v 500k -maxrate 500k -minrate 500k -bufsize 500k "
    "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -aspect 4:3 -x264-params nal-hrd=cbr",
    "custom matrices": "320x240 -c:v libx264 -x264-params cqm=jvt",
    "h265": f"322x242 {X265}",
    "h265, pyramid": "1920x1080 -c:v libx265 -preset ultrafast -x265-params log-level=none:b-pyramid=1:bframes=4",
    "h265, no B": "640x360 -c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=0",
    "h265, 10 bit": f"320x240 {X265} -pix_fmt yuv420p10le",
    "h265, 4:2:2": f"322x242 {X265} -pix_fmt yuv422p10le",
    "h265, 4:4:4": f"322x242 {X265} -pix_fmt yuv444p",
    "h265, temporal layers": "320x240 -c:v libx265 -preset ultrafast -x265-params log-level=none:temporal-layers=1",
}


def encode(folder: Path, name: str) -> Path:
    size, _, options = STREAMS[name].partition(" ")
    clip = folder / "clip.mp4"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=0.5"]
    if "-pix_fmt" not in options:
        options += " -pix_fmt yuv420p"
    subprocess.run([*command, *options.split(), str(clip)], check=True, timeout=60)
    return clip


def codec_string_of_mp4(extradata: bytes, codec: Codec) -> str:
    """By the avcC or hvcC that ffmpeg's muxer wrote, as ISO 14496-15, Annex E says."""
    if codec is Codec.H264:
        return "avc3." + extradata[1:4].hex()
    space, tier, profile = extradata[1] >> 6, extradata[1] >> 5 & 1, extradata[1] & 31
    compatibility = int.from_bytes(extradata[2:6], "big")
    mirrored = sum((compatibility >> i & 1) << 31 - i for i in range(32))
    constraints = extradata[6:12]
    while constraints and not constraints[-1]:
        constraints = constraints[:-1]
    string = f"hev1.{['', 'A', 'B', 'C'][space]}{profile}.{mirrored:X}.{'LH'[tier]}{extradata[12]}"
    return string + "".join(f".{byte:X}" for byte in constraints)


def reorder_depth_by_libav(clip: Path) -> int:
    """PyAV says only whether there is any; ffprobe tells the number."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=has_b_frames", "-of", "csv=p=0", clip]
    return int(subprocess.run(command, check=True, timeout=60, capture_output=True).stdout)


@pytest.mark.parametrize("name", STREAMS)
def test_size_codec_string_and_reorder_depth_are_those_of_libav(name: str, tmp_path: Path):
    clip = encode(tmp_path, name)
    byte_stream = tmp_path / "clip.annexb"
    form = "h264" if "libx264" in STREAMS[name] else "hevc"
    command = ["ffmpeg", "-v", "error", "-i", clip, "-c", "copy", "-f", form, byte_stream]
    subprocess.run(command, check=True, timeout=60)
    codec = Codec(form)
    nals = split_annexb(byte_stream.read_bytes())
    syntax = syntax_of(codec)
    first = next(i for i, nal in enumerate(nals) if syntax.is_slice(nal))
    unit = AccessUnit(tuple(nals[: first + 1]), 0, 0, 0, True)

    config = VideoConfigTracker(codec).observe(unit)

    assert config is not None
    with av.open(str(clip)) as container:
        context = container.streams.video[0].codec_context
        assert (config.width, config.height) == (context.width, context.height)
        assert config.codec_string == codec_string_of_mp4(context.extradata, codec)
        assert config.reorder_depth == reorder_depth_by_libav(clip)
        assert list(config.parameter_sets) == sets_of_mp4(context.extradata, codec)
    assert syntax.is_key(unit.payload)


def sets_of_mp4(extradata: bytes, codec: Codec) -> list[bytes]:
    """The parameter sets in an avcC or hvcC."""
    sets: list[bytes] = []

    def take(at: int, count: int) -> int:
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            sets.append(extradata[at + 2 : at + 2 + size])
            at += 2 + size
        return at

    if codec is Codec.H264:
        at = take(6, extradata[5] & 31)
        take(at + 1, extradata[at])
    else:
        at = 23
        for _ in range(extradata[22]):
            if extradata[at] & 63 in (32, 33, 34):
                at = take(at + 3, int.from_bytes(extradata[at + 1 : at + 3], "big"))
            else:
                break
    return sets


def test_the_codec_string_is_that_of_ffmpegs_dash_manifest(tmp_path: Path):
    clip = encode(tmp_path, "high, pyramid")
    manifest = tmp_path / "clip.mpd"
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-c", "copy", "-f", "dash", manifest], check=True, timeout=60)
    told = re.search(r'codecs="avc1\.(\w+)"', manifest.read_text()).group(1)
    with av.open(str(clip)) as container:
        sets = sets_of_mp4(container.streams.video[0].codec_context.extradata, Codec.H264)
    config = VideoConfigTracker(Codec.H264, sets).config
    assert config is not None
    assert config.codec_string == f"avc3.{told}"

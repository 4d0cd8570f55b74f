"""What we write, as libav reads it: PyAV and the ffmpeg command are the oracle, never the path."""

import io
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from media import Codec, VideoConfig
from media.fmp4 import init_segment
from tests.media.clips import PICTURES, VIDEO_CLIPS, clip, ffmpeg, file_of, fragments, sound_clip, video_clip

SOUND_CODECS = (Codec.AAC, Codec.OPUS, Codec.PCM_ALAW, Codec.PCM_MULAW)


def pictures(data: bytes, container_format: str | None = None) -> list[tuple[int, bytes]]:
    """Display time in ticks and pixels of every picture."""
    with av.open(io.BytesIO(data), format=container_format) as container:
        return [(frame.pts or 0, frame.to_ndarray().tobytes()) for frame in container.decode(video=0)]


def samples(data: bytes, container_format: str | None = None) -> np.ndarray:
    with av.open(io.BytesIO(data), format=container_format) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


@pytest.mark.parametrize("name", VIDEO_CLIPS)
def test_every_picture_decodes_to_the_same_pixels_at_the_same_time(name: str) -> None:
    footage = video_clip(name)
    ours, source = pictures(file_of([footage])), pictures(footage.source)
    assert len(ours) == PICTURES
    assert [pixels for _, pixels in ours] == [pixels for _, pixels in source]
    assert [pts - ours[0][0] for pts, _ in ours] == [pts - source[0][0] for pts, _ in source]


@pytest.mark.parametrize("codec", [Codec.AAC, Codec.PCM_ALAW, Codec.PCM_MULAW])
def test_every_sample_of_sound_decodes_to_the_same_value(codec: Codec) -> None:
    footage = sound_clip(codec)
    ours = samples(file_of([footage]))
    if codec is Codec.AAC:
        expected = samples(footage.source, "aac")
    else:
        with av.open(io.BytesIO(footage.source), format=codec[4:], options={"sample_rate": "8000"}) as container:
            expected = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert np.array_equal(ours, expected)


def test_every_opus_packet_decodes_and_nothing_is_skipped() -> None:
    footage = sound_clip(Codec.OPUS)
    assert samples(file_of([footage])).size == len(footage.units) * 960 * 2


@pytest.mark.parametrize("name", [*VIDEO_CLIPS, *SOUND_CODECS])
def test_ffmpeg_has_nothing_to_complain_of(name: str, tmp_path: Path) -> None:
    path = tmp_path / "segment.mp4"
    path.write_bytes(file_of([clip(name)]))
    ffmpeg("-i", str(path), "-f", "null", "-")


@pytest.mark.parametrize("sound", SOUND_CODECS)
def test_picture_and_sound_share_a_file(sound: Codec, tmp_path: Path) -> None:
    picture_clip, sound_clip_ = video_clip("b_frames"), sound_clip(sound)
    data = file_of([picture_clip, sound_clip_])
    path = tmp_path / "segment.mp4"
    path.write_bytes(data)
    ffmpeg("-i", str(path), "-map", "0", "-f", "null", "-")
    assert len(pictures(data)) == PICTURES
    with av.open(io.BytesIO(data)) as container:
        starts = [float(stream.start_time * stream.time_base) for stream in container.streams]
        assert abs(starts[0] - starts[1]) < 0.05
        assert sum(packet.size > 0 for packet in container.demux(audio=0)) == len(sound_clip_.units)


@pytest.mark.parametrize("name", VIDEO_CLIPS)
def test_ffprobe_counts_every_picture(name: str, tmp_path: Path) -> None:
    path = tmp_path / "segment.mp4"
    path.write_bytes(file_of([video_clip(name)]))
    counted = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path],
        capture_output=True,
        check=True,
        text=True,
    )
    assert (counted.stdout.strip(), counted.stderr) == (str(PICTURES), "")


def test_a_later_segment_decodes_on_its_own(tmp_path: Path) -> None:
    clips = [video_clip("b_frames"), sound_clip(Codec.AAC)]
    stream = fragments(clips)
    second_key = [i for i, fragment in enumerate(stream) if fragment.key and fragment.track_id == 1][1]
    path = tmp_path / "segment.mp4"
    path.write_bytes(init_segment([clip.track for clip in clips]) + b"".join(each.data for each in stream[second_key:]))
    ffmpeg("-i", str(path), "-f", "null", "-")
    assert len(pictures(path.read_bytes())) == PICTURES - 25


@pytest.mark.parametrize("name", ["baseline", "high", "ten_bit", "h265"])
def test_parameter_sets_of_the_entry_are_enough_without_those_in_band(name: str) -> None:
    """A device that sends its sets in SDP only."""
    footage = video_clip(name)
    sets = set(footage.track.config.parameter_sets) if isinstance(footage.track.config, VideoConfig) else set()
    bare = tuple(replace(unit, payload=tuple(nal for nal in unit.payload if nal not in sets)) for unit in footage.units)
    assert sum(unit.size_bytes for unit in bare) < sum(unit.size_bytes for unit in footage.units)
    assert len(pictures(file_of([replace(footage, units=bare)]))) == PICTURES


@pytest.mark.parametrize(
    ("name", "record"), [*((name, "avcC") for name in ("baseline", "high", "ten_bit")), ("h265", "hvcC")]
)
def test_the_decoder_record_says_what_ffmpegs_own_says(name: str, record: str, tmp_path: Path) -> None:
    footage = video_clip(name)
    theirs_path = tmp_path / "theirs.mp4"
    source_path = tmp_path / "source.ts"
    source_path.write_bytes(footage.source)
    ffmpeg("-i", str(source_path), "-c", "copy", "-movflags", "empty_moov", str(theirs_path))
    with av.open(str(theirs_path)) as theirs, av.open(io.BytesIO(file_of([footage]))) as ours:
        expected = theirs.streams.video[0].codec_context.extradata or b""
        got = ours.streams.video[0].codec_context.extradata or b""
    if record == "avcC":
        assert got == expected
    else:
        # ffmpeg adds SEI, sets completeness, and guesses at segmentation and parallelism: profile to level,
        # sampling and depths are what both must take from the SPS.
        assert got[1:13] == expected[1:13]
        assert got[16:19] == expected[16:19]
        assert got[21] == expected[21]

"""Files of real encoders, as clips. ffmpeg makes them."""

import subprocess

import pytest

from media import Codec
from mingjing.simulator import ClipError
from mingjing.simulator.demuxed import demuxed_clip

_PICTURE = ["-f", "lavfi", "-i", "testsrc=size=160x96:rate=25:duration=2"]
_SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "10"]


@pytest.fixture
def made(tmp_path):
    def make(name, *arguments):
        path = tmp_path / name
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *arguments, str(path)], check=True, timeout=60)
        return path

    return make


def test_h264_with_aac(made):
    clip = demuxed_clip(made("a.mp4", *_PICTURE, *_SOUND, *_H264, "-c:a", "aac", "-ac", "2"))
    assert clip.video.codec is Codec.H264
    assert len(clip.video.units) == 50
    assert clip.video.period_ticks == 180_000
    assert clip.video.key_indexes == (0, 10, 20, 30, 40)
    assert [set_[0] & 31 for set_ in clip.video.parameter_sets] == [7, 8]
    assert clip.sound is not None
    assert (clip.sound.config.sample_rate, clip.sound.config.channels, clip.sound.frame_ticks) == (44_100, 2, 1_024)
    assert clip.label is None


def test_pictures_out_of_order_keep_both_their_times(made):
    clip = demuxed_clip(made("b.mp4", *_PICTURE, "-c:v", "libx264", "-g", "10", "-bf", "3", "-b_strategy", "0"))
    decode = [unit.decode_ticks for unit in clip.video.units]
    assert decode == sorted(decode)
    assert decode[0] == 0
    assert any(unit.show_ticks != unit.decode_ticks for unit in clip.video.units)
    assert all(unit.show_ticks >= unit.decode_ticks for unit in clip.video.units)
    assert clip.sound is None


def test_h265_and_telephone_sound(made):
    h265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=10:bframes=0:log-level=none"]
    clip = demuxed_clip(made("c.mkv", *_PICTURE, *_SOUND, *h265, "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"))
    assert clip.video.codec is Codec.H265
    assert [set_[0] >> 1 & 63 for set_ in clip.video.parameter_sets] == [32, 33, 34]
    assert clip.sound is not None
    assert clip.sound.config.codec is Codec.PCM_ALAW
    assert {len(payload) for frame in clip.sound.frames[:-1] for payload in frame} == {160}


def test_a_bare_stream_gets_times_from_its_rate(made):
    clip = demuxed_clip(made("d.h264", *_PICTURE, *_H264, "-f", "h264"))
    assert [unit.decode_ticks for unit in clip.video.units[:3]] == [0, 3_600, 7_200]


def test_sound_that_no_device_sends_is_left_out(made):
    clip = demuxed_clip(made("e.mkv", *_PICTURE, *_SOUND, *_H264, "-c:a", "flac"))
    assert clip.sound is None


def test_what_cannot_be_sent_is_told_to_the_operator(made, tmp_path):
    with pytest.raises(ClipError, match="mpeg4"):
        demuxed_clip(made("f.mp4", *_PICTURE, "-c:v", "mpeg4"))
    with pytest.raises(ClipError, match="no video"):
        demuxed_clip(made("g.wav", *_SOUND))
    with pytest.raises(ClipError, match="cannot be read"):
        demuxed_clip(tmp_path / "nothing.mp4")
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(ClipError, match="cannot be read"):
        demuxed_clip(tmp_path / "text.mp4")

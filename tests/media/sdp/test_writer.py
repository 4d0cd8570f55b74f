"""What we write we read back, and so does ffmpeg."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.sdp import MediaDescription, SessionDescription, build, codec_name, parse
from media.sdp.audio import audio_config
from media.track import Codec, TrackKind

_words = st.from_regex(r"[a-zA-Z0-9=/_.-]{1,12}", fullmatch=True)
_h264_sets = st.tuples(st.just(b"\x67\x42\x00\x1f\xda"), st.just(b"\x68\xce"))
_h265_sets = st.tuples(st.just(b"\x40\x01v"), st.just(b"\x42\x01s"), st.just(b"\x44\x01p"))


def video(codec, sets=(), fmtp=None, control="streamid=0", payload_type=96):
    return MediaDescription(
        TrackKind.VIDEO, payload_type, codec, codec_name(codec), 90_000, 1, fmtp or {}, control, tuple(sets)
    )


def sound(codec, rate, channels, control="streamid=1"):
    fmtp = {"mode": "AAC-hbr", "sizelength": "13", "config": "1190"} if codec is Codec.AAC else {}
    config = audio_config(codec, rate, channels, fmtp.get("config", ""))
    return MediaDescription(TrackKind.AUDIO, 97, codec, codec_name(codec), rate, channels, fmtp, control, (), config)


_videos = st.one_of(
    st.builds(video, st.just(Codec.H264), _h264_sets, st.just({"packetization-mode": "1"}), _words),
    st.builds(video, st.just(Codec.H265), _h265_sets, st.just({}), _words, st.integers(96, 127)),
)
_sounds = st.sampled_from(
    [
        sound(Codec.AAC, 48_000, 2),
        sound(Codec.OPUS, 48_000, 2),
        sound(Codec.PCM_ALAW, 8_000, 1),
        sound(Codec.PCM_MULAW, 16_000, 1),
    ]
)


@settings(deadline=None)
@given(st.lists(_videos | _sounds, min_size=1, max_size=4), _words, st.just("") | _words)
def test_what_is_built_is_parsed_back_equal(media, name, control):
    description = SessionDescription(tuple(media), name, control)
    assert parse(build(description)) == description


def test_ffmpeg_reads_what_we_write(tmp_path):
    description = SessionDescription(
        (video(Codec.H264, [b"\x67\x42\x00\x1f\xda", b"\x68\xce"]), sound(Codec.AAC, 48_000, 2))
    )
    path = tmp_path / "built.sdp"
    path.write_bytes(build(description))
    command = ["ffprobe", "-v", "debug", "-protocol_whitelist", "file,rtp,udp", "-listen_timeout", "1", str(path)]
    log = subprocess.run(command, capture_output=True, text=True, timeout=60).stderr  # nobody sends: it gives up
    assert "video codec set to: h264" in log
    assert "audio codec set to: aac" in log
    assert "audio channels set to: 2" in log


def test_a_line_break_cannot_be_smuggled_in():
    with pytest.raises(ValueError, match="line break"):
        build(SessionDescription((video(Codec.H264, control="a\r\nm=x"),)))

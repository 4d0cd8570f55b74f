"""Descriptions of real devices, and of attackers."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.sdp import SdpError, parse
from media.sdp.reader import MEDIA_MAX, SDP_MAX_BYTES
from media.track import Codec, TrackKind

SPS = bytes.fromhex("6764001facd9405005bb016a02020280000003008000001e078c18cb")
PPS = bytes.fromhex("68ebe3cb22c0")

FFMPEG = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\na=tool:libavformat 59.27.100\r\n"
    b"m=video 0 RTP/AVP 96\r\nb=AS:1500\r\na=rtpmap:96 H264/90000\r\n"
    b"a=fmtp:96 packetization-mode=1; sprop-parameter-sets="
    + b64encode(SPS)
    + b","
    + b64encode(PPS)
    + b"; profile-level-id=64001F\r\na=control:streamid=0\r\n"
    b"m=audio 0 RTP/AVP 97\r\nb=AS:128\r\na=rtpmap:97 MPEG4-GENERIC/44100/2\r\n"
    b"a=fmtp:97 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config=1210\r\n"
    b"a=control:streamid=1\r\n"
)


def the_media(text):
    (media,) = parse(text).media
    return media


def test_what_ffmpeg_announces():
    description = parse(FFMPEG)
    video, audio = description.media
    assert description.name == "No Name"
    assert (video.kind, video.codec, video.payload_type, video.clock_rate) == (TrackKind.VIDEO, Codec.H264, 96, 90_000)
    assert video.parameter_sets == (SPS, PPS)
    assert dict(video.fmtp) == {"packetization-mode": "1", "profile-level-id": "64001F"}
    assert video.control == "streamid=0"
    assert (audio.kind, audio.codec, audio.channels) == (TrackKind.AUDIO, Codec.AAC, 2)
    assert audio.audio is not None
    assert (audio.audio.sample_rate, audio.audio.codec_string, audio.audio.config) == (44_100, "mp4a.40.2", b"\x12\x10")
    assert audio.fmtp["sizelength"] == "13"


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_any_line_end_will_do(line_end):
    assert parse(FFMPEG.replace(b"\r\n", line_end)) == parse(FFMPEG)


def test_spaces_capitals_a_trailing_nul_and_lines_of_no_meaning_are_tolerated():
    text = (
        b" V=0\n\nnonsense\nr=7d 1h 0 25h\nz=2882844526 -1h\nM=VIDEO 49170/2  RTP/AVP  96 \n"
        b"a=RTPMAP:96   h265/90000 \na=fmtp:96  sprop-vps = QAE= ;  sprop-sps= ; x\na=Control: trackID=1 \n\x00\x00"
    )
    media = the_media(text)
    assert (media.kind, media.codec, media.control) == (TrackKind.VIDEO, Codec.H265, "trackID=1")
    assert media.parameter_sets == (b"\x40\x01",)
    assert dict(media.fmtp) == {"x": ""}


def test_parameter_sets_are_a_courtesy():
    assert the_media(b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000").parameter_sets == ()
    bad = the_media(b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=Z!!!,BgUx,aOvjyyLA")
    assert bad.codec is Codec.H264
    assert bad.parameter_sets == (PPS,)


def test_static_payload_types_need_no_rtpmap():
    assert the_media(b"m=audio 0 RTP/AVP 8").codec is Codec.PCM_ALAW
    audio = the_media(b"m=audio 0 RTP/AVP 0")
    assert (audio.codec, audio.clock_rate, audio.channels) == (Codec.PCM_MULAW, 8_000, 1)
    assert audio.audio is not None
    assert audio.audio.codec_string == "ulaw"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"m=video 0 RTP/AVP 26", "JPEG"),
        (b"m=video 0 RTP/AVP 96\na=rtpmap:96 VP9/90000", "VP9"),
        (b"m=audio 0 RTP/AVP 97\na=rtpmap:97 MP4A-LATM/48000", "MP4A-LATM"),
        (b"m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/48000\na=fmtp:97 config=zz", "mpeg4-generic"),
        (b"m=audio 0 RTP/AVP 97\na=rtpmap:97 H264/90000", "H264"),
        (b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/0", "H264"),
        (b"m=video 0 RTP/AVP 96", "unknown"),
        (b"m=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000", "vnd.onvif.metadata"),
        (b"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "PCMU"),
    ],
)
def test_a_codec_that_cannot_be_carried_keeps_its_name(text, name):
    media = the_media(text)
    assert media.codec is None
    assert media.codec_name == name


def test_of_several_payload_types_the_first_that_can_be_carried_is_taken():
    media = the_media(b"m=video 0 RTP/AVP 96 97\na=rtpmap:96 VP8/90000\na=rtpmap:97 H264/90000")
    assert (media.payload_type, media.codec) == (97, Codec.H264)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"v=0\r\ns=x\r\n",
        b"<html></html>",
        b"m=video\n",
        b"m=video 0 RTP/AVP 128",
        b"m=video 0 RTP/AVP 96\n" * 10_000,
        b"m=video 0 RTP/AVP 96\n" * (MEDIA_MAX + 1),
        b"m=video 0 RTP/AVP 96\n" + b"x" * SDP_MAX_BYTES,
    ],
)
def test_what_is_no_description_is_refused(text):
    with pytest.raises(SdpError):
        parse(text)


_LINES = st.sampled_from(
    [
        b"m=video 0 RTP/AVP 96",
        b"m=audio 0 RTP/AVP 97 0",
        b"a=rtpmap:96 H265/90000",
        b"a=rtpmap:97 mpeg4-generic/48000/2",
        b"a=fmtp:97 config=",
        b"a=fmtp:96 sprop-sps=",
        b"a=control:",
        b"s=",
    ]
)


@settings(deadline=None)
@given(st.lists(st.tuples(_LINES, st.binary(max_size=20)), max_size=20))
def test_only_the_documented_error_escapes(lines):
    try:
        description = parse(b"\n".join(head + tail for head, tail in lines))
    except SdpError:
        return
    for media in description.media:
        assert media.codec is None or media.clock_rate > 0
        assert (media.audio is not None) == (media.codec is not None and media.kind is TrackKind.AUDIO)

"""A session description, and what the gateway makes of it. The input is the body of an ANNOUNCE."""

from collections.abc import Iterator

from gateway.rtsp.announcement import UnsupportedCodecError, read_announcement
from gateway.stream.lane import VideoOffer
from media.nal import VideoConfigTracker
from media.rtp import TrackReceiver
from media.sdp import SdpError, build, parse
from media.sdp.format_lines import PARAMETERS_MAX
from media.sdp.parameter_sets import SET_MAX_BYTES, SETS_MAX
from media.sdp.reader import MEDIA_MAX, SDP_MAX_BYTES
from tests.media.rtsp.dialogue import SDP
from tests.vectors.loader import Vector, vectors

KIND = "sdp"
TOKENS = (
    *(
        b"v=0\r\n",
        b"m=video 0 RTP/AVP 96\r\n",
        b"m=audio 0 RTP/AVP 97 0 8\r\n",
        b"a=rtpmap:96 H264/90000\r\n",
        b"H265/90000",
    ),
    *(
        b"a=rtpmap:97 ",
        b"MPEG4-GENERIC/16000/1",
        b"opus/48000/2",
        b"PCMA/8000",
        b"a=fmtp:96 ",
        b"a=fmtp:97 ",
        b"a=control:",
    ),
    *(b"sprop-parameter-sets=Z0IAH5WoFAFuQA==,aM48gA==", b"sprop-vps=", b"sprop-sps=", b"sprop-pps=", b"config=", b";"),
    *(
        b"sizelength=",
        b"indexlength=",
        b"indexdeltalength=",
        b"constantsize=",
        b"constantduration=",
        b"sprop-max-don-diff=1",
    ),
    *(
        b"auxiliarydatasizelength=",
        b"\r\n",
        b"\n",
        b"s=x\r\n",
        b"r=7d 1h 0 25h\r\n",
        b"z=0 -1h\r\n",
        b"99999",
        b"127",
        b"128",
    ),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    yield SDP


def seed(vector: Vector) -> bytes:
    return vector.data


def check(data: bytes) -> None:
    try:
        description = parse(data)
    except SdpError:
        return
    assert len(data) <= SDP_MAX_BYTES
    assert 1 <= len(description.media) <= MEDIA_MAX
    for media in description.media:
        assert 0 <= media.payload_type <= 127
        assert len(media.fmtp) <= PARAMETERS_MAX
        assert len(media.parameter_sets) <= SETS_MAX
        assert all(0 < len(one) <= SET_MAX_BYTES for one in media.parameter_sets)
        assert (media.codec is None) or media.clock_rate > 0
        if media.codec is not None:
            receiver = TrackReceiver(media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=False)
            receiver.receive(bytes((0x80, media.payload_type)) + bytes(30), 0, 32, 0, 0)
    try:
        offers = read_announcement(description).offers
    except UnsupportedCodecError:
        pass
    else:
        assert 1 <= len(offers) <= 2
        for offer in offers.values():
            if isinstance(offer, VideoOffer):
                VideoConfigTracker(offer.codec, offer.parameter_sets)
    _what_is_read_can_be_written(data)


def _what_is_read_can_be_written(data: bytes) -> None:
    """Writing brings the text into our form; from then on nothing changes any more."""
    once = parse(build(parse(data)))
    assert parse(build(once)) == once

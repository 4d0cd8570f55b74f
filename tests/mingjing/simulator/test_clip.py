"""Units cut into payloads, and what a device that plays them announces."""

from media import Codec, TrackKind
from media.sdp import build, parse
from mingjing.simulator.clip import PACKET_BYTES, cut_video, video_unit


def test_the_stamp_has_a_place_between_parameter_sets_and_slices():
    sps, pps, idr, filler = b"\x67s", b"\x68p", b"\x65i", b"\x0cf"
    unit = video_unit(Codec.H264, (sps, pps, idr, filler), key=True, decode_ticks=0, show_ticks=0)
    assert unit.lead == (sps, pps)
    assert unit.body == (idr, filler)


def test_no_packet_is_larger_than_a_tunnel_lets_through():
    payloads = cut_video(Codec.H265, [b"\x26\x01" + bytes(10_000)])
    assert max(map(len, payloads)) + 12 == PACKET_BYTES


def test_the_announcement_says_what_is_played(clip):
    video, sound = parse(build(clip.description())).media
    assert (video.kind, video.codec, video.control) == (TrackKind.VIDEO, Codec.H264, "streamid=0")
    assert video.parameter_sets == clip.video.parameter_sets
    assert (sound.codec, sound.audio) == (Codec.AAC, clip.sound.config)

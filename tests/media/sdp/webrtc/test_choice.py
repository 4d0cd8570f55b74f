"""What is taken of an offer, in both directions, and why not the rest."""

import pytest

from media.sdp import (
    TRANSPORT_CC_URI,
    Choice,
    ChosenMedia,
    Direction,
    WhyNot,
    choose_egress,
    choose_ingest,
    read_offer,
)
from media.track import Codec, Track, TrackKind
from tests.media.sdp.webrtc.offers import BROWSER, RECORDER, VIEWER, h264, h265, sound

VIDEO, AUDIO = TrackKind.VIDEO, TrackKind.AUDIO


def egress(*tracks: Track, text: str = VIEWER) -> Choice:
    return choose_egress(read_offer(text.encode()), tracks)


def ingest(text: str) -> Choice:
    return choose_ingest(read_offer(text.encode()))


def test_ingest_takes_the_publishers_first_choice_that_we_carry() -> None:
    choice = ingest(BROWSER)
    picture, heard = choice.chosen[VIDEO], choice.chosen[AUDIO]
    assert (choice.why_not, choice.talkback) == ({}, None)
    assert {picture.direction, heard.direction} == {Direction.RECVONLY}
    assert (picture.codec, picture.format.payload_type, picture.rtx_payload_type) == (Codec.H264, 102, 103)
    assert picture.feedback == ("nack", "nack pli", "ccm fir", "transport-cc")
    assert picture.fmtp["profile-level-id"] == "420034"  # its profile, our level
    assert [one.uri for one in picture.extensions] == [TRANSPORT_CC_URI]
    assert picture.extension_id(TRANSPORT_CC_URI) == 3
    assert picture.extension_id("urn:ietf:params:rtp-hdrext:toffset") is None
    assert (heard.codec, heard.format.payload_type, heard.feedback) == (Codec.OPUS, 111, ("transport-cc",))


@pytest.mark.parametrize(
    ("text", "codec", "payload_type"),
    [
        (BROWSER.replace("SAVPF 96 97 102", "SAVPF 96 97 104 102"), Codec.H264, 102),  # mode 0 only without any other
        (BROWSER.replace("96 97 102 103 104 105 106 107 112 113 49 50", "104 105"), Codec.H264, 104),
        (BROWSER.replace("SAVPF 96", "SAVPF 49 96").replace(" 49 50", " 50"), Codec.H265, 49),
        (RECORDER, Codec.H264, 96),
    ],
)
def test_pictures_that_are_taken(text: str, codec: Codec, payload_type: int) -> None:
    taken = ingest(text).chosen[VIDEO]
    assert (taken.codec, taken.format.payload_type) == (codec, payload_type)


def test_what_is_not_carried_is_told() -> None:
    choice = ingest(BROWSER.replace("H264/", "VP9/").replace("H265/", "AV1/").replace("opus", "speex"))
    assert VIDEO not in choice.chosen
    assert choice.why_not == {VIDEO: WhyNot.CODEC_NOT_OFFERED}
    assert choice.chosen[AUDIO].codec is Codec.PCM_MULAW
    assert ingest(VIEWER).why_not == {VIDEO: WhyNot.NOT_OFFERED, AUDIO: WhyNot.NOT_OFFERED}
    interleaved = ingest(BROWSER.replace("packetization-mode=1", "packetization-mode=2").replace("mode=0", "mode=2"))
    assert interleaved.chosen[VIDEO].codec is Codec.H265


@pytest.mark.parametrize(
    ("profile", "payload_type", "answered"),
    [
        ("42e01f", 106, "42e01f"),
        ("42c028", 106, "42e028"),  # the level of the stream: each side may have its own
        ("42001f", 102, "42001f"),
        ("640028", 112, "640028"),
        ("640c28", 112, "640028"),
        ("4d0028", 112, "640028"),  # a High decoder shows Main
    ],
)
def test_egress_takes_the_format_that_shows_the_stream(profile: str, payload_type: int, answered: str) -> None:
    choice = egress(h264(profile), sound(Codec.PCM_ALAW, 8_000, 1))
    taken = choice.chosen[VIDEO]
    assert (taken.direction, choice.why_not, choice.talkback) == (Direction.SENDONLY, {}, None)
    assert (taken.format.payload_type, taken.fmtp["profile-level-id"]) == (payload_type, answered)
    assert choice.chosen[AUDIO].format.payload_type == 8


def test_without_asymmetry_the_offered_level_is_repeated() -> None:
    text = VIEWER.replace("level-asymmetry-allowed=1;", "")
    assert dict(egress(h264("42e028"), text=text).chosen[VIDEO].fmtp) == {
        "packetization-mode": "1",
        "profile-level-id": "42e01f",
    }


@pytest.mark.parametrize(
    ("track", "text", "why"),
    [
        (h264("64001f", reorder_depth=2), VIEWER, WhyNot.B_FRAMES),
        (h264("f4001f"), VIEWER, WhyNot.PROFILE_NOT_OFFERED),
        (h264("640028"), VIEWER.replace("640032", "42e01f"), WhyNot.PROFILE_NOT_OFFERED),
        (h264("42e01f"), VIEWER.replace("H264/", "VP9/"), WhyNot.CODEC_NOT_OFFERED),
        (h265("hev1.1.6.L93.B0"), VIEWER.replace("H265/", "AV1/"), WhyNot.CODEC_NOT_OFFERED),
        (h265("hev1.2.4.L93.B0"), VIEWER, WhyNot.PROFILE_NOT_OFFERED),
        (h265("hev1.1.6.L186.B0"), VIEWER, WhyNot.PROFILE_NOT_OFFERED),
        (h265("hev1.1.6.H93.B0"), VIEWER, WhyNot.PROFILE_NOT_OFFERED),
        (h264("42e01f"), BROWSER, WhyNot.NOT_OFFERED),
    ],
)
def test_why_a_picture_is_not_sent(track: Track, text: str, why: WhyNot) -> None:
    choice = egress(track, text=text)
    assert VIDEO not in choice.chosen
    assert choice.why_not[VIDEO] is why


@pytest.mark.parametrize(
    ("track", "taken"),
    [
        (sound(Codec.OPUS, 48_000, 2), 111),
        (sound(Codec.OPUS, 48_000, 1), 111),
        (sound(Codec.PCM_MULAW, 8_000, 1), 0),
        (sound(Codec.PCM_ALAW, 16_000, 1), None),
        (sound(Codec.AAC, 48_000, 2), None),
    ],
)
def test_sound_goes_as_it_is_or_not_at_all(track: Track, taken: int | None) -> None:
    choice = egress(h264("42e01f"), track)
    one: ChosenMedia | None = choice.chosen.get(AUDIO)
    assert (one.format.payload_type if one else None) == taken
    assert choice.why_not == ({} if one else {AUDIO: WhyNot.CODEC_NOT_OFFERED})


def test_h265_is_sent_where_the_browser_offers_enough_of_it() -> None:
    taken = egress(h265("hev1.1.6.L120.B0")).chosen[VIDEO]
    assert (taken.format.payload_type, taken.rtx_payload_type) == (49, 50)


def test_a_channel_without_sound_answers_without() -> None:
    assert egress(h264("42e01f")).why_not == {AUDIO: WhyNot.NO_TRACK}


BOTH_WAYS = BROWSER.replace("a=sendonly", "a=sendrecv")
LISTENS = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 9 8 109\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=recvonly\r\na=rtcp-mux\r\n"
    "a=rtpmap:109 opus/48000/2\r\n"
)


def test_a_device_that_offers_its_sound_both_ways_can_be_talked_to() -> None:
    choice = ingest(BOTH_WAYS)
    assert choice.talkback is choice.chosen[AUDIO]
    assert choice.chosen[AUDIO].direction is Direction.SENDRECV
    assert choice.chosen[VIDEO].direction is Direction.RECVONLY  # nobody has a picture for it


@pytest.mark.parametrize(("sends", "plays"), [("opus/48000/2", 109), ("speex/48000/2", 109), ("PCMA/8000", 8)])
def test_a_device_may_listen_on_an_m_line_of_its_own(sends: str, plays: int) -> None:
    browser = BROWSER.replace("BUNDLE 0 1", "BUNDLE 0 1 2").replace("111 63 9 0 8 13", "111")
    text = browser.replace("111 opus/48000/2", f"111 {sends}")
    choice = ingest(text + LISTENS)
    assert choice.talkback is not None
    assert (choice.talkback.direction, choice.talkback.media.mid) == (Direction.SENDONLY, "2")
    assert choice.talkback.format.payload_type == plays  # as its own sound, if it takes that: else Opus
    assert [one.media.mid for one in choice.taken] == [
        *(["1", "0"] if AUDIO in choice.chosen else ["1"]),
        "2",
    ]
    assert ingest(text + LISTENS.replace("9 8 109", "9")).talkback is None


def test_a_viewer_is_heard_if_it_may_talk_and_offers_to() -> None:
    opus, both = (h264("42e01f"), sound(Codec.OPUS, 48_000, 2)), read_offer(BOTH_WAYS.encode())
    heard = choose_egress(both, opus, may_talk=True)
    assert heard.talkback is heard.chosen[AUDIO]
    assert heard.chosen[AUDIO].fmtp == {"sprop-stereo": "1", "minptime": "10", "useinbandfec": "1"}
    assert [one.direction for one in heard.taken] == [Direction.SENDONLY, Direction.SENDRECV]
    for other in (choose_egress(both, opus), choose_egress(read_offer(VIEWER.encode()), opus, may_talk=True)):
        assert other.talkback is None
        assert {one.direction for one in other.taken} == {Direction.SENDONLY}


def test_a_viewer_speaks_to_a_device_that_has_no_sound_of_its_own() -> None:
    choice = choose_egress(read_offer(BOTH_WAYS.encode()), (h264("42e01f"),), may_talk=True)
    assert choice.why_not == {AUDIO: WhyNot.NO_TRACK}
    assert choice.talkback is not None
    assert (choice.talkback.direction, choice.talkback.codec) == (Direction.RECVONLY, Codec.OPUS)
    assert [one.media.mid for one in choice.taken] == ["1", "0"]

"""Our answers and fragments, read by aiortc's SDP and by ourselves."""

from contextlib import suppress

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media.sdp import (
    Candidate,
    Direction,
    Fingerprint,
    IceCredentials,
    LocalPeer,
    OfferError,
    Sent,
    Setup,
    answering_setup,
    build_answer,
    build_fragment,
    choose_egress,
    choose_ingest,
    read_fragment,
    read_offer,
)
from media.sdp.webrtc.choice import Choice
from media.sdp.webrtc.transport_lines import read_candidate, write_candidate
from media.track import Codec, TrackKind
from tests.media.sdp.webrtc.offers import BROWSER, RECORDER, VIEWER, h264, sound

OURS = IceCredentials("ours", "p" * 32)
CANDIDATES = (
    Candidate("1", 1, "udp", 2_130_706_431, "192.0.2.7", 8_189, "host"),
    Candidate("2", 1, "udp", 2_130_706_175, "2001:db8::7", 8_189, "host"),
)


def answered(text: str, choice: Choice, sent: dict[TrackKind, Sent] | None = None) -> tuple[str, SessionDescription]:
    offer = read_offer(text.encode())
    local = LocalPeer(
        7, OURS, Fingerprint("sha-256", b"\x01" * 32), answering_setup(offer.setup), CANDIDATES, sent or {}
    )
    said = build_answer(offer, choice, local).decode()
    return said, SessionDescription.parse(said)


def test_an_answer_to_a_publisher() -> None:
    said, heard = answered(BROWSER, choose_ingest(read_offer(BROWSER.encode())))
    sound_line, picture = heard.media
    assert [(one.kind, one.port, one.direction) for one in heard.media] == [
        ("audio", 9, "recvonly"),
        ("video", 9, "recvonly"),
    ]
    assert "a=ice-lite\r\n" in said
    assert heard.group[0].items == ["0", "1"]
    assert picture.fmt == [102, 103]
    codec, rtx = picture.rtp.codecs
    assert (codec.mimeType, rtx.mimeType, rtx.parameters) == ("video/H264", "video/rtx", {"apt": 102})
    assert {f"{one.type} {one.parameter or ''}".strip() for one in codec.rtcpFeedback} == {
        *("nack", "nack pli", "ccm fir", "transport-cc")
    }
    assert picture.ice.usernameFragment == "ours"
    assert sound_line.ice_candidates_complete
    assert [(one.ip, one.port) for one in sound_line.ice_candidates] == [("192.0.2.7", 8_189), ("2001:db8::7", 8_189)]
    assert not picture.ice_candidates  # the first m-line's transport is that of all
    assert said.count("a=rtcp-mux-only\r\n") == 2
    assert (picture.dtls.role, picture.rtcp_mux) == ("server", True)
    assert sound_line.fmt == [111]


def test_an_answer_to_a_viewer_says_what_it_will_be_sent_by() -> None:
    choice = choose_egress(read_offer(VIEWER.encode()), (h264("42e01f"), sound(Codec.PCM_ALAW, 8_000, 1)))
    sent = {TrackKind.VIDEO: Sent(11, 12), TrackKind.AUDIO: Sent(13)}
    _, heard = answered(VIEWER, choice, sent)
    heard_sound, picture = heard.media
    assert (picture.direction, heard_sound.direction) == ("sendonly", "sendonly")
    assert [one.ssrc for one in picture.ssrc] == [11, 12]
    assert picture.ssrc_group[0].items == [11, 12]
    assert [one.ssrc for one in heard_sound.ssrc] == [13]
    assert heard_sound.fmt == [8]


def test_an_answer_says_by_what_a_device_is_talked_to() -> None:
    """And by what not: its picture goes one way, whatever it offers."""
    both = BROWSER.replace("a=sendonly", "a=sendrecv")
    _, heard = answered(both, choose_ingest(read_offer(both.encode())), {TrackKind.AUDIO: Sent(13)})
    assert [(one.direction, [source.ssrc for source in one.ssrc]) for one in heard.media] == [
        ("sendrecv", [13]),
        ("recvonly", []),
    ]
    apart = BROWSER.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + (
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    )
    _, heard = answered(apart, choose_ingest(read_offer(apart.encode())), {TrackKind.AUDIO: Sent(13)})
    assert [(one.direction, [source.ssrc for source in one.ssrc]) for one in heard.media] == [
        ("recvonly", []),
        ("recvonly", []),
        ("sendonly", [13]),
    ]


def test_what_is_not_taken_stays_in_its_place() -> None:
    text = BROWSER.replace("opus", "speex").replace("111 63 9 0 8 13", "111 63 9 13")
    said, heard = answered(text, choose_ingest(read_offer(text.encode())))
    assert [(one.kind, one.port, one.direction) for one in heard.media] == [
        ("audio", 0, "inactive"),
        ("video", 9, "recvonly"),
    ]
    assert "a=group:BUNDLE 1\r\n" in said
    assert "m=audio 0 UDP/TLS/RTP/SAVPF 111 63 9 13\r\n" in said


@pytest.mark.parametrize(
    ("offered", "ours"),
    [(Setup.ACTPASS, Setup.PASSIVE), (Setup.ACTIVE, Setup.PASSIVE), (Setup.PASSIVE, Setup.ACTIVE)],
)
def test_who_begins_the_handshake(offered: Setup, ours: Setup) -> None:
    assert answering_setup(offered) is ours


def test_a_recorders_offer_is_answered() -> None:
    _, heard = answered(RECORDER, choose_ingest(read_offer(RECORDER.encode())))
    assert heard.media[0].direction == Direction.RECVONLY


TRICKLED = (
    b"a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:EsAw\r\n"
    b"a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    b"a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"
    b"a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw\r\n"
    b"a=end-of-candidates\r\n"
)


def test_a_fragment_is_read() -> None:
    fragment = read_fragment(TRICKLED)
    assert fragment.credentials == IceCredentials("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")
    assert [(one.protocol, one.host, one.port) for one in fragment.candidates] == [
        ("udp", "192.0.2.1", 61_764),
        ("tcp", "192.0.2.1", 9),
    ]
    assert fragment.end_of_candidates
    empty = read_fragment(b"")
    assert (empty.credentials, empty.candidates, empty.end_of_candidates) == (None, (), False)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"a=ice-ufrag:abcd\r\n", "a=ice-pwd"),
        (b"a=ice-pwd:0123456789abcdefghijkl\r\n", "a=ice-ufrag"),
        (b"a=ice-ufrag:abcd\r\na=ice-ufrag:efgh\r\na=ice-pwd:0123456789abcdefghijkl\r\n", "a=ice-ufrag"),
        (b"a=ice-ufrag:a\r\na=ice-pwd:0123456789abcdefghijkl\r\n", "fragment a=ice-ufrag"),
        (b"".join(b"a=candidate:1 1 udp 1 192.0.2.1 %d typ host\n" % n for n in range(65)), "a=candidate"),
    ],
)
def test_a_wrong_fragment_is_named(text: bytes, field: str) -> None:
    with pytest.raises(OfferError) as refused:
        read_fragment(text)
    assert refused.value.field == field


def test_the_answer_to_a_restart_is_read_back() -> None:
    fragment = read_fragment(build_fragment(read_offer(BROWSER.encode()), OURS, CANDIDATES))
    assert (fragment.credentials, fragment.candidates, fragment.end_of_candidates) == (OURS, CANDIDATES, True)


def test_candidates_come_back() -> None:
    for one in CANDIDATES:
        assert read_candidate(write_candidate(one)) == one
    for wrong in ("", "1 1 udp 1 192.0.2.1 70000 typ host", "1 1 udp 9999999999 h 1 typ host", "x" * 2_000):
        assert read_candidate(wrong) is None


@given(st.binary(max_size=300))
def test_no_fragment_raises_anything_else(tail: bytes) -> None:
    with suppress(OfferError):
        read_fragment(TRICKLED[: len(tail)] + tail)

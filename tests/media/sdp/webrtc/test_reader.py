"""Offers read: as browsers and recorders write them, and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.sdp import Direction, Fingerprint, IceCredentials, OfferError, Setup, read_offer
from media.sdp.webrtc.sections import ATTRIBUTES_MAX, FORMATS_MAX, M_LINES_MAX, OFFER_MAX_BYTES
from media.sdp.webrtc.transport_lines import CANDIDATES_MAX
from media.track import Codec, TrackKind
from tests.media.sdp.webrtc.offers import BROWSER, FINGERPRINT, RECORDER


def test_a_browsers_offer() -> None:
    offer = read_offer(BROWSER.encode())
    assert offer.bundle == ("0", "1")
    assert offer.credentials == IceCredentials("Yz0x", "uGnoJmqYyN3dM6vYbRk0q2Ae")
    assert offer.fingerprints == (Fingerprint("sha-256", b"\xab" * 32),)
    assert (offer.setup, offer.ice_options) == (Setup.ACTPASS, ("trickle",))
    assert [(one.protocol, one.host, one.port, one.kind) for one in offer.candidates] == [
        ("udp", "192.0.2.1", 46_243, "host"),
        ("udp", "3a1f6c9e-1d58-4ad5-a4f0-9a1d9f9f1d1e.local", 40_000, "host"),
        ("tcp", "192.0.2.1", 9, "host"),
    ]
    sound, picture = offer.media
    assert (sound.kind, sound.mid, sound.direction, sound.rtcp_mux) == (TrackKind.AUDIO, "0", Direction.SENDONLY, True)
    assert [(one.payload_type, one.codec) for one in sound.formats] == [
        (111, Codec.OPUS),
        (63, None),
        (9, None),
        (0, Codec.PCM_MULAW),
        (8, Codec.PCM_ALAW),
        (13, None),
    ]
    assert sound.ssrcs == (1_719,)
    by_type = {one.payload_type: one for one in picture.formats}
    assert by_type[102].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert by_type[102].fmtp["profile-level-id"] == "42001f"
    assert (by_type[49].codec, by_type[96].codec, by_type[103].repairs) == (Codec.H265, None, 102)
    assert (picture.rtx_of(106), picture.rtx_of(103)) == (107, None)
    assert (picture.ssrcs, dict(picture.repair_ssrcs)) == ((2_231, 3_342), {2_231: 3_342})
    assert {one.id: one.uri for one in picture.extensions}[4] == "urn:ietf:params:rtp-hdrext:sdes:mid"


def test_a_recorders_offer_says_it_once_for_all() -> None:
    offer = read_offer(RECORDER.encode())
    assert (offer.bundle, offer.setup) == (("0",), Setup.ACTIVE)
    assert offer.credentials.ufrag == "abcd"
    assert offer.media[0].formats[0].codec is Codec.H264


def test_one_m_line_needs_no_bundle_and_a_switched_off_one_no_transport() -> None:
    assert read_offer(RECORDER.replace("a=group:BUNDLE 0\n", "").encode()).bundle == ("0",)
    off = RECORDER + "m=audio 0 UDP/TLS/RTP/SAVPF 8\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:d\n"
    offer = read_offer(off.encode())
    assert [(one.medium, one.takes_part) for one in offer.media] == [
        ("video", True),
        ("audio", False),
        ("application", False),
    ]


def test_an_m_line_that_is_bundle_only_has_no_transport_of_its_own() -> None:
    """As RFC 9725, 4.2 shows it: port 0, and neither ICE nor DTLS nor rtcp-mux."""
    text = RECORDER.replace("BUNDLE 0", "BUNDLE 0 v") + (
        "m=audio 0 UDP/TLS/RTP/SAVPF 111\na=mid:v\na=bundle-only\na=sendonly\na=rtpmap:111 opus/48000/2\n"
    )
    offer = read_offer(text.encode())
    assert offer.bundle == ("0", "v")
    assert [one.takes_part for one in offer.media] == [True, True]


@pytest.mark.parametrize(
    ("before", "after", "field", "words"),
    [
        ("a=ice-ufrag:Yz0x\r\n", "", "m=audio a=ice-ufrag", "is missing"),
        ("a=ice-pwd:uGnoJmqYyN3dM6vYbRk0q2Ae\r\n", "", "m=audio a=ice-pwd", "is missing"),
        ("a=ice-ufrag:Yz0x", "a=ice-ufrag:a b", "m=audio a=ice-ufrag", "4 to 256"),
        ("a=ice-pwd:uGnoJmqYyN3dM6vYbRk0q2Ae", "a=ice-pwd:short", "m=audio a=ice-pwd", "22 to 256"),
        (f"{FINGERPRINT}\r\n", "", "m=audio a=fingerprint", "is missing"),
        (FINGERPRINT, "a=fingerprint:sha-256 AB:CD", "m=audio a=fingerprint", "32 bytes"),
        (FINGERPRINT, "a=fingerprint:md5 AB:CD", "m=audio a=fingerprint", "is needed"),
        (FINGERPRINT, "a=fingerprint:sha-256 zz", "m=audio a=fingerprint", "in hex"),
        ("a=setup:actpass\r\n", "", "m=audio a=setup", "is missing"),
        ("a=setup:actpass", "a=setup:holdconn", "m=audio a=setup", "actpass, active or passive"),
        ("a=group:BUNDLE 0 1\r\n", "", "a=group:BUNDLE", "is missing"),
        ("a=group:BUNDLE 0 1", "a=group:BUNDLE 0", "a=group:BUNDLE", "leaves out mid '1'"),
        ("a=mid:1", "a=mid:0", "a=mid", "two m-lines"),
        ("a=mid:1", "a=mid:(1)", "m=video a=mid", "a word"),
        ("a=rtcp-mux\r\n", "", "m=audio a=rtcp-mux", "is missing"),
        ("s=-\r\n", "s=-\r\na=ice-lite\r\n", "a=ice-lite", "lite itself"),
        ("9 UDP/TLS/RTP/SAVPF 111", "9 RTP/AVP 111", "m=audio", "'RTP/AVP' cannot be"),
        ("SAVPF 111 63", "SAVPF 128 63", "m=audio", "'128' is no payload type"),
        ("m=audio 9 ", "m=audio x ", "m-line 1", "must be a medium"),
        ("m=audio 9 ", "m=audio 65536 ", "m-line 1", "must be a medium"),
    ],
)
def test_what_cannot_be_is_named(before: str, after: str, field: str, words: str) -> None:
    assert before in BROWSER
    with pytest.raises(OfferError, match=words) as refused:
        read_offer(BROWSER.replace(before, after).encode())
    assert refused.value.field == field
    assert str(refused.value).startswith(field)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("x" * (OFFER_MAX_BYTES + 1), "description"),
        ("", "m-lines"),
        ("m=audio 0 UDP/TLS/RTP/SAVPF 0\n", "m-lines"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 0\n" * (M_LINES_MAX + 1), "m-lines"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF" + " 0" * (FORMATS_MAX + 1), "m-line 1"),
        (RECORDER + "a=x\n" * ATTRIBUTES_MAX, "m=video"),
        (
            RECORDER + "".join(f"a=candidate:1 1 udp 1 192.0.2.1 {n} typ host\n" for n in range(CANDIDATES_MAX + 1)),
            "a=candidate",
        ),
    ],
)
def test_limits_are_named(text: str, field: str) -> None:
    with pytest.raises(OfferError) as refused:
        read_offer(text.encode())
    assert refused.value.field == field


def test_it_may_be_cut_anywhere() -> None:
    data = BROWSER.encode()
    for cut in range(len(data)):
        try:
            read_offer(data[:cut])
        except OfferError as error:
            assert error.field  # noqa: PT017


@given(st.lists(st.sampled_from(BROWSER.splitlines()) | st.text(max_size=40), max_size=60))
def test_no_text_raises_anything_else(lines: list[str]) -> None:
    try:
        offer = read_offer("\n".join(lines).encode("utf-8", "replace"))
    except OfferError:
        return
    assert offer.fingerprints
    assert offer.bundle

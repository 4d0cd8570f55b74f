"""An offer of WebRTC, the body of a WHIP or WHEP request, and the fragment of a PATCH."""

from collections.abc import Iterator

from media.sdp import (
    Candidate,
    Fingerprint,
    IceCredentials,
    LocalPeer,
    OfferError,
    Sent,
    answering_setup,
    build_answer,
    build_fragment,
    choose_egress,
    choose_ingest,
    read_fragment,
    read_offer,
)
from media.sdp.webrtc.sections import FORMATS_MAX, M_LINES_MAX, OFFER_MAX_BYTES
from media.sdp.webrtc.transport_lines import CANDIDATES_MAX
from media.track import Codec, TrackKind
from tests.media.sdp.webrtc.offers import BROWSER, RECORDER, VIEWER, h264, h265, sound
from tests.vectors.loader import Vector, vectors

KIND = "offer"
TOKENS = (
    *(b"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", b"m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n", b"a=group:BUNDLE 0 1\r\n"),
    *(
        b"a=mid:",
        b"a=rtcp-mux\r\n",
        b"a=bundle-only\r\n",
        b"a=setup:",
        b"actpass",
        b"active",
        b"a=fingerprint:sha-256 ",
    ),
    *(b"a=ice-ufrag:abcd\r\n", b"a=ice-pwd:0123456789abcdefghijkl\r\n", b"a=ice-lite\r\n", b"a=end-of-candidates\r\n"),
    *(b"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", b"a=rtpmap:96 H264/90000\r\n", b"a=rtpmap:97 rtx/90000\r\n"),
    *(b"a=fmtp:96 ", b"profile-level-id=", b"packetization-mode=1", b"level-asymmetry-allowed=1", b"apt=96", b";"),
    *(b"a=rtcp-fb:* nack\r\n", b"a=extmap:3 ", b"a=ssrc-group:FID 1 2\r\n", b"a=ssrc:1 cname:x\r\n", b"a=recvonly\r\n"),
)

_TRACKS = ((h264("42e01f"), sound(Codec.OPUS, 48_000, 2)), (h265("hev1.1.6.L93.B0"), sound(Codec.PCM_ALAW, 8_000, 1)))
_LOCAL = IceCredentials("ours", "p" * 32)
_CANDIDATES = (Candidate("1", 1, "udp", 1, "192.0.2.7", 8_189, "host"),)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    yield BROWSER.encode()
    yield VIEWER.encode()
    yield RECORDER.encode()


def seed(vector: Vector) -> bytes:
    return vector.data


def check(data: bytes) -> None:
    try:
        fragment = read_fragment(data)
    except OfferError:
        pass
    else:
        assert len(fragment.candidates) <= CANDIDATES_MAX
    try:
        offer = read_offer(data)
    except OfferError:
        return
    assert len(data) <= OFFER_MAX_BYTES
    assert 1 <= len(offer.media) <= M_LINES_MAX
    assert len(offer.candidates) <= CANDIDATES_MAX
    assert offer.fingerprints
    assert set(offer.bundle) <= {one.mid for one in offer.media}
    for media in offer.media:
        assert len(media.formats) <= FORMATS_MAX
        assert all(0 <= one.payload_type <= 127 for one in media.formats)
    local = LocalPeer(
        1,
        _LOCAL,
        Fingerprint("sha-256", bytes(32)),
        answering_setup(offer.setup),
        _CANDIDATES,
        {kind: Sent(1, 2) for kind in TrackKind},
    )
    for choice in (choose_ingest(offer), *(choose_egress(offer, tracks, may_talk=True) for tracks in _TRACKS)):
        assert set(choice.chosen) | set(choice.why_not) == set(TrackKind)
        answer = build_answer(offer, choice, local)
        assert answer.count(b"\r\nm=") == len(offer.media)
        assert answer.count(b"\na=fingerprint:") == len(choice.taken)  # no line of the offer's is one of ours
        assert b"\n" not in answer.replace(b"\r\n", b"")
    assert read_fragment(build_fragment(offer, _LOCAL, _CANDIDATES)).credentials == _LOCAL

"""Offers of our own read back equal, by ourselves and by aiortc; and what servers answer to them is understood."""

from contextlib import suppress

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from media.sdp import (
    TRANSPORT_CC_URI,
    Candidate,
    Direction,
    Extension,
    Fingerprint,
    IceCredentials,
    LocalPeer,
    OfferedMedia,
    OfferError,
    PayloadFormat,
    Setup,
    build_answer,
    build_offer,
    choose_ingest,
    read_answer,
    read_offer,
)
from media.track import Codec, TrackKind

CANDIDATE = Candidate("1", 1, "udp", 2_130_706_431, "192.0.2.7", 8_189, "host")
PRINT = Fingerprint("sha-256", b"\x01" * 32)
US = LocalPeer(7, IceCredentials("ours", "o" * 22), PRINT, Setup.ACTPASS, (CANDIDATE,))
THEM = LocalPeer(8, IceCredentials("them", "t" * 22), PRINT, Setup.PASSIVE, (CANDIDATE,))
FMTP = {"packetization-mode": "1", "profile-level-id": "42e01f"}
PICTURE = OfferedMedia(
    "0",
    TrackKind.VIDEO,
    "video",
    "UDP/TLS/RTP/SAVPF",
    ("96", "97"),
    Direction.SENDONLY,
    takes_part=True,
    rtcp_mux=True,
    formats=(
        PayloadFormat(96, "H264", 90_000, 1, FMTP, ("nack", "nack pli"), Codec.H264),
        PayloadFormat(97, "rtx", 90_000, 1, {"apt": "96"}, repairs=96),
    ),
    extensions=(Extension(3, TRANSPORT_CC_URI),),
    ssrcs=(5, 6),
    repair_ssrcs={5: 6},
)
SOUND = OfferedMedia(
    "1",
    TrackKind.AUDIO,
    "audio",
    "UDP/TLS/RTP/SAVPF",
    ("111",),
    Direction.SENDONLY,
    takes_part=True,
    rtcp_mux=True,
    formats=(PayloadFormat(111, "opus", 48_000, 2, {}, (), Codec.OPUS),),
    ssrcs=(9,),
)
OFFER = build_offer((PICTURE, SOUND), US, cname="bench")
ANSWER = build_answer(read_offer(OFFER), choose_ingest(read_offer(OFFER)), THEM).decode()


def test_what_is_written_is_read_back() -> None:
    offer = read_offer(OFFER)
    assert offer.media == (PICTURE, SOUND)
    assert (offer.bundle, offer.credentials, offer.fingerprints) == (("0", "1"), US.credentials, (PRINT,))
    assert (offer.setup, offer.candidates) == (Setup.ACTPASS, (CANDIDATE,))


def test_aiortc_reads_it_as_it_was_meant() -> None:
    picture, sound = SessionDescription.parse(OFFER.decode()).media
    assert (picture.kind, picture.direction, picture.fmt, sound.fmt) == ("video", "sendonly", [96, 97], [111])
    assert [(one.ssrc, one.cname) for one in picture.ssrc] == [(5, "bench"), (6, "bench")]
    assert (picture.ice.usernameFragment, picture.ice.password) == ("ours", "o" * 22)


def test_an_answer_says_what_is_taken_and_where_the_server_is() -> None:
    answer = read_answer(ANSWER.encode())
    assert (answer.credentials, answer.fingerprints, answer.setup) == (THEM.credentials, (PRINT,), Setup.PASSIVE)
    assert answer.candidates == (CANDIDATE,)
    picture, sound = answer.media
    assert (picture.mid, picture.takes_part, picture.rtx_of(96), picture.direction) == ("0", True, 97, "recvonly")
    assert [one.uri for one in picture.extensions] == [TRANSPORT_CC_URI]
    assert sound.takes_part


def test_a_refused_m_line_takes_no_part_and_with_all_refused_there_is_no_answer() -> None:
    refused = ANSWER.replace("m=video 9", "m=video 0")
    assert [one.takes_part for one in read_answer(refused.encode()).media] == [False, True]
    with pytest.raises(OfferError, match="none of the offer is taken"):
        read_answer(refused.replace("m=audio 9", "m=audio 0").encode())


@given(st.lists(st.sampled_from(ANSWER.splitlines()) | st.text(max_size=40), max_size=40))
def test_no_answer_raises_anything_else(lines: list[str]) -> None:
    with suppress(OfferError):
        assert read_answer("\n".join(lines).encode("utf-8", "replace")).fingerprints

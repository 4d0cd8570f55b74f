"""Transport headers of real devices, and of nobody."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import Lower, RtspError, Transport, parse_transport


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record", Transport(Lower.TCP, channels=(0, 1), mode="record")),
        ('RTP/AVP/TCP; interleaved = 2 - 3 ; mode="RECORD"', Transport(Lower.TCP, channels=(2, 3), mode="record")),
        ("RTP/AVP/TCP;interleaved=4", Transport(Lower.TCP, channels=(4, 5))),
        ("rtp/avp;client_port=5000", Transport(Lower.UDP, client_port=(5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001;x;y=z", Transport(Lower.UDP, client_port=(5000, 5001))),
        ("client_port=5000-5001;RTP/AVP;unicast", Transport(Lower.UDP, client_port=(5000, 5001))),
        ("RTP/AVP;multicast;ttl=1", Transport(Lower.UDP, multicast=True)),
        ("RTP/AVP/TCP;ssrc=1A2b3C4d", Transport(Lower.TCP, ssrc=0x1A2B3C4D)),
        ("RTP/AVP/TCP;ssrc=nonsense", Transport(Lower.TCP)),
    ],
)
def test_an_offer_is_read(value, expected):
    assert parse_transport(value) == (expected,)


def test_alternatives_keep_their_order_and_unknown_profiles_are_left_out():
    offers = parse_transport("RTP/SAVP;unicast, RTP/AVP;client_port=1-2, RTP/AVP/TCP")
    assert [offer.lower for offer in offers] == [Lower.UDP, Lower.TCP]


@pytest.mark.parametrize(
    "value",
    [
        "RTP/AVP/TCP;interleaved=256-257",
        "RTP/AVP/TCP;interleaved=255",
        "RTP/AVP/TCP;interleaved=1-1",
        "RTP/AVP;client_port=65535",
        "RTP/AVP;client_port=x",
        "RTP/AVP;client_port=-5",
        "RTP/AVP;client_port=" + "9" * 5_000,
        ",".join(["RTP/AVP"] * 17),
    ],
)
def test_impossible_numbers_are_refused(value):
    with pytest.raises(RtspError):
        parse_transport(value)


_channel_pairs = st.integers(0, 254).map(lambda first: (first, first + 1))
_port_pairs = st.integers(1, 65_534).map(lambda first: (first, first + 1))


@settings(deadline=None)
@given(
    st.builds(Transport, st.just(Lower.TCP), channels=_channel_pairs, ssrc=st.integers(0, 2**32 - 1))
    | st.builds(Transport, st.just(Lower.UDP), client_port=_port_pairs, server_port=_port_pairs, mode=st.just("record"))
)
def test_what_is_written_is_read_back(transport):
    assert parse_transport(str(transport)) == (transport,)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_only_the_documented_error_escapes(text):
    for value in (text, f"RTP/AVP/TCP;{text}", f"RTP/AVP;client_port={text}"):
        with suppress(RtspError):
            parse_transport(value)

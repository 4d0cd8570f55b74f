"""The header, by an independent reading of RFC 3550, 5.1."""

from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp import packets
from media.rtp.packet import payload_bounds, unpack_header


@settings(deadline=None)
@given(
    st.lists(st.binary(min_size=4, max_size=4), max_size=15),
    st.none() | st.integers(0, 5),
    st.binary(max_size=30),
    st.none() | st.integers(1, 255),
)
def test_the_payload_is_found_between_whatever_stands_around_it(
    sources: list[bytes], extension_words: int | None, payload: bytes, padding: int | None
):
    first = 0x80 | len(sources) | (0x10 if extension_words is not None else 0) | (0x20 if padding else 0)
    packet = bytes((first, 96)) + bytes(10) + b"".join(sources)
    if extension_words is not None:
        packet += b"\xbe\xde" + extension_words.to_bytes(2, "big") + bytes(4 * extension_words)
    packet += payload
    if padding:
        packet += bytes(padding - 1) + bytes((padding,))
    buffer = b"??" + packet + b"!!"
    bounds = payload_bounds(buffer, 2, 2 + len(packet))
    assert bounds is not None
    assert buffer[bounds[0] : bounds[1]] == payload


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bounds_are_within_the_packet_or_none(packet: bytes):
    bounds = payload_bounds(packet, 0, len(packet))
    assert bounds is None or 12 <= bounds[0] <= bounds[1] <= len(packet)


def test_made_packets_are_numbered_over_the_wrap_and_the_last_is_marked():
    made = packets([b"a", b"b", b"c"], payload_type=96, sequence=65_535, rtp_time=2**32 + 5, ssrc=9)
    assert [unpack_header(packet)[1:] for packet in made] == [
        (96, 65_535, 5, 9),
        (96, 0, 5, 9),
        (96 | 0x80, 1, 5, 9),
    ]
    assert [packet[12:] for packet in made] == [b"a", b"b", b"c"]
    assert packets([], payload_type=96, sequence=1, rtp_time=0, ssrc=9) == []

"""RFC 6184: fragmentation and aggregation, and what devices make of them."""

import pytest

from media.rtp import packetize_h264
from media.rtp.h264 import H264Depacketizer

NAL = b"\x65\x88" + bytes(range(256)) * 20


def take(payloads: list[bytes]) -> tuple[list[bytes], H264Depacketizer]:
    """The NAL units of one picture, and the depacketizer for its counts."""
    depacketizer = H264Depacketizer()
    units = []
    for i, payload in enumerate(payloads):
        buffer = b"xxx" + payload + b"yyy"
        units += depacketizer.push(buffer, 3, 3 + len(payload), 7, int(i == len(payloads) - 1), 1, 1)
    units += depacketizer.flush()
    return [nal for unit in units for nal in unit.payload], depacketizer


@pytest.mark.parametrize("size", [1, 2, 1_388, 1_389, 1_390, 2_775, 2_776, 5_122])
def test_what_is_packetized_comes_back_and_fits_the_mtu(size: int):
    payloads = packetize_h264([b"\x67\x42", NAL[:size], b"\x41\x9a\x00"])
    assert max(map(len, payloads)) <= 1_400 - 12
    assert take(payloads)[0] == [b"\x67\x42", NAL[:size], b"\x41\x9a\x00"]


def test_a_nal_in_a_single_fu_with_start_and_end_is_taken():
    assert take([b"\x7c\xc5\x88\x01"])[0] == [b"\x65\x88\x01"]


def test_the_nal_reference_bits_come_from_the_fu_indicator():
    assert take([b"\x3c\x81\x88", b"\x3c\x41\x01"])[0] == [b"\x21\x88\x01"]


def test_a_start_after_a_start_drops_the_first_and_keeps_the_second():
    nals, depacketizer = take([b"\x7c\x85\x81", b"\x7c\x85\x82", b"\x7c\x45\x83"])
    assert nals == [b"\x65\x82\x83"]
    assert depacketizer.malformed == 1


def test_an_end_without_a_start_is_left_out():
    nals, depacketizer = take([b"\x7c\x45\x83", b"\x41\x9a\x00"])
    assert nals == [b"\x41\x9a\x00"]
    assert depacketizer.malformed == 1


def test_a_whole_nal_amid_a_fragmented_one_ends_that_one():
    nals, depacketizer = take([b"\x7c\x85\x81", b"\x41\x9a\x00", b"\x7c\x45\x83"])
    assert nals == [b"\x41\x9a\x00"]
    assert depacketizer.malformed == 2


def test_an_aggregate_is_taken_apart():
    assert take([b"\x18\0\2\x67\x42\0\1\x68\0\3\x65\x88\x00"])[0] == [b"\x67\x42", b"\x68", b"\x65\x88\x00"]


def test_an_overlong_aggregate_keeps_what_was_whole():
    nals, depacketizer = take([b"\x18\0\3\x65\x88\x01\xff\xff\x65"])
    assert nals == [b"\x65\x88\x01"]
    assert depacketizer.malformed == 1


def test_zeros_behind_an_aggregate_are_padding():
    nals, depacketizer = take([b"\x18\0\3\x65\x88\x01\0\0\0"])
    assert nals == [b"\x65\x88\x01"]
    assert depacketizer.malformed == 0


def test_start_codes_in_the_payload_are_taken_apart():
    assert take([b"\0\0\0\1\x67\x42\0\0\1\x68\xee\0\0\0\1\x65\x88\x01"])[0] == [
        b"\x67\x42",
        b"\x68\xee",
        b"\x65\x88\x01",
    ]


@pytest.mark.parametrize("kind", [0, 25, 26, 27, 29, 30, 31])
def test_kinds_nobody_sends_are_counted_and_left_out(kind: int):
    nals, depacketizer = take([bytes((kind, 1, 2, 3)), b"\x41\x9a\x00"])
    assert nals == [b"\x41\x9a\x00"]
    assert depacketizer.malformed == 1


def test_an_empty_payload_is_nothing():
    nals, depacketizer = take([b"", b"\x41\x9a\x00"])
    assert nals == [b"\x41\x9a\x00"]
    assert depacketizer.malformed == 0


def test_a_payload_of_one_byte_is_a_nal_or_counted():
    nals, depacketizer = take([b"\x09", b"\x7c", b"\x18", b"\x41\x9a\x00"])
    assert nals == [b"\x09", b"\x41\x9a\x00"]
    assert depacketizer.malformed == 1  # an aggregate of nothing is nothing

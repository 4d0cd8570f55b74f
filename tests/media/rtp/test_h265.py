"""RFC 7798: fragmentation and aggregation."""

import pytest

from media.rtp import packetize_h265
from media.rtp.h265 import H265Depacketizer

NAL = b"\x26\x01\x80" + bytes(range(256)) * 20


def take(payloads: list[bytes], *, numbers: bool = False) -> tuple[list[bytes], H265Depacketizer]:
    """The NAL units of one picture, and the depacketizer for its counts."""
    depacketizer = H265Depacketizer(decoding_order_numbers=numbers)
    units = []
    for i, payload in enumerate(payloads):
        buffer = b"xxx" + payload + b"yyy"
        units += depacketizer.push(buffer, 3, 3 + len(payload), 7, int(i == len(payloads) - 1), 1, 1)
    units += depacketizer.flush()
    return [nal for unit in units for nal in unit.payload], depacketizer


@pytest.mark.parametrize("size", [3, 1_388, 1_389, 1_390, 2_772, 2_773, 2_774, 5_123])
def test_what_is_packetized_comes_back_and_fits_the_mtu(size: int):
    payloads = packetize_h265([b"\x40\x01\x0c", NAL[:size], b"\x02\x01\x80"])
    assert max(map(len, payloads)) <= 1_400 - 12
    assert take(payloads)[0] == [b"\x40\x01\x0c", NAL[:size], b"\x02\x01\x80"]


def test_the_layer_and_temporal_ids_come_from_the_payload_header():
    assert take([b"\x63\x0b\x81\x80", b"\x63\x0b\x41\x01"])[0] == [b"\x03\x0b\x80\x01"]


def test_a_nal_in_a_single_fu_with_start_and_end_is_taken():
    assert take([b"\x62\x01\xd3\x80\x01"])[0] == [b"\x26\x01\x80\x01"]


def test_a_start_after_a_start_and_an_end_without_a_start_are_counted():
    nals, depacketizer = take([b"\x62\x01\x53\xaa", b"\x62\x01\x93\x80", b"\x62\x01\x93\x81", b"\x62\x01\x53\x01"])
    assert nals == [b"\x26\x01\x81\x01"]
    assert depacketizer.malformed == 2


def test_an_aggregate_is_taken_apart_and_an_overlong_one_keeps_what_was_whole():
    nals, depacketizer = take([b"\x60\x01\0\3\x40\x01\x0c\0\3\x26\x01\x80\xff\xff\x26"])
    assert nals == [b"\x40\x01\x0c", b"\x26\x01\x80"]
    assert depacketizer.malformed == 1


def test_decoding_order_numbers_are_no_part_of_the_nal():
    nals, depacketizer = take(
        [
            b"\x40\x01\0\1\x0c",  # single
            b"\x60\x01\0\2\0\3\x42\x01\x01\1\0\3\x44\x01\xc0",  # aggregate: 16 bits, then 8 before each further one
            b"\x62\x01\x93\0\3\x80",  # first fragment only
            b"\x62\x01\x53\x01",
        ],
        numbers=True,
    )
    assert nals == [b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc0", b"\x26\x01\x80\x01"]
    assert depacketizer.malformed == 0


@pytest.mark.parametrize("payload", [b"\x26", b"\x62\x01", b"\x64\x01\x00\x00"])
def test_cut_and_unknown_payloads_are_counted_and_left_out(payload: bytes):
    nals, depacketizer = take([payload, b"\x02\x01\x80"])
    assert nals == [b"\x02\x01\x80"]
    assert depacketizer.malformed == 1

"""RFC 3640 in the forms devices send."""

from collections.abc import Mapping

import pytest

from media.access_unit import AccessUnit
from media.rtp import packetize_aac
from media.rtp.aac import FRAME_MAX_BYTES, AacDepacketizer

HBR = {"sizelength": "13", "indexlength": "3", "indexdeltalength": "3", "config": "1190"}  # AAC-LC 48 kHz stereo


def take(
    *payloads: bytes, fmtp: Mapping[str, str] = HBR, rate: int = 48_000
) -> tuple[list[AccessUnit], AacDepacketizer]:
    depacketizer = AacDepacketizer(rate, fmtp)
    units = [
        unit
        for payload in payloads
        for unit in depacketizer.push(b"xx" + payload + b"yyyy", 2, 2 + len(payload), 1_000, 0x80, 1, 2)
    ]
    return units, depacketizer


def headers(*sizes: int) -> bytes:
    return (16 * len(sizes)).to_bytes(2, "big") + b"".join((size << 3).to_bytes(2, "big") for size in sizes)


@pytest.mark.parametrize("size", [1, 500, 1_384, 1_385, 5_000, FRAME_MAX_BYTES])
def test_what_is_packetized_comes_back_and_fits_the_mtu(size: int):
    frame = bytes(range(256)) * 32
    payloads = packetize_aac(frame[:size])
    assert max(map(len, payloads)) <= 1_400 - 12
    [unit] = take(*payloads)[0]
    assert unit == AccessUnit((frame[:size],), 1_000, 1, 2, True)


def test_an_oversized_frame_cannot_be_packetized():
    with pytest.raises(ValueError, match="8192 bytes"):
        packetize_aac(bytes(8_192))


def test_several_frames_of_a_packet_get_a_time_each():
    units, _ = take(headers(2, 3, 1) + b"aabbbc")
    assert [unit.payload for unit in units] == [(b"aa",), (b"bbb",), (b"c",)]
    assert [unit.rtp_time for unit in units] == [1_000, 2_024, 3_048]


@pytest.mark.parametrize(
    ("fmtp", "rate", "step"),
    [
        ({"config": "1190"}, 48_000, 1_024),
        ({"config": "1194"}, 48_000, 960),  # frameLengthFlag
        ({"config": "2b92" + "0800"}, 44_100, 2_048),  # SBR: AAC-LC at 22.05 kHz, shown at 44.1 kHz
        ({"config": "1190", "constantduration": "512"}, 48_000, 512),
        ({"config": "zz"}, 48_000, 1_024),
        ({}, 8_000, 1_024),
    ],
)
def test_a_frame_lasts_as_the_configuration_says(fmtp: dict[str, str], rate: int, step: int):
    units, _ = take(headers(1, 1) + b"ab", fmtp=fmtp, rate=rate)
    assert units[1].rtp_time - units[0].rtp_time == step


def test_low_bit_rate_mode_with_its_own_field_lengths():
    fmtp = {"sizelength": "6", "indexlength": "2", "indexdeltalength": "2"}
    units, _ = take(b"\0\x10" + bytes((2 << 2, 1 << 2)) + b"aab", fmtp=fmtp)
    assert [unit.payload for unit in units] == [(b"aa",), (b"b",)]


def test_constant_size_without_headers():
    units, _ = take(b"aaabbb", fmtp={"sizelength": "0", "constantsize": "3"})
    assert [unit.payload for unit in units] == [(b"aaa",), (b"bbb",)]


def test_the_auxiliary_section_is_skipped():
    fmtp = {**HBR, "auxiliarydatasizelength": "8"}
    units, _ = take(headers(2) + b"\x08\xff" + b"aa", fmtp=fmtp)
    assert [unit.payload for unit in units] == [(b"aa",)]


@pytest.mark.parametrize(
    "payload",
    [
        b"\0",
        b"\0\x10\x00",  # header section cut
        b"\xff\xff" + bytes(100),  # header section longer than the packet
        b"\0\0aaaa",  # no frames at all
        headers(*[1] * 65) + bytes(65),  # more frames than a packet may have
        headers(1, 5) + b"abbb",  # the second frame is cut
    ],
)
def test_a_payload_that_lies_is_counted(payload: bytes):
    units, depacketizer = take(payload)
    assert depacketizer.malformed == 1
    assert len(units) <= 1


def test_a_frame_that_lost_a_part_is_not_given():
    first, second, third = packetize_aac(bytes(3_000))
    depacketizer = AacDepacketizer(48_000, HBR)
    assert not depacketizer.push(first, 0, len(first), 0, 0, 1, 1)
    depacketizer.lose(1)
    assert not depacketizer.push(third, 0, len(third), 0, 0x80, 1, 1)
    [next_frame] = packetize_aac(b"next")
    [unit] = depacketizer.push(next_frame, 0, len(next_frame), 1_024, 0x80, 1, 1)
    assert (unit.payload, unit.lost_packets) == ((b"next",), 1)
    assert second

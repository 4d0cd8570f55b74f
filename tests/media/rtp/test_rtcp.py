"""Compound RTCP packets, in any state of health."""

import pytest

from media.rtp.rtcp import (
    ReportBlock,
    SenderReport,
    build_goodbye,
    build_receiver_report,
    build_sender_report,
    parse,
    parse_report_blocks,
)

REPORT = SenderReport(ntp=0xE0E1_E2E3_8000_0000, rtp_time=90_000, received_mono_ns=5, ssrc=9, packets=10, octets=20)
APPLICATION = b"\x80\xcc\x00\x02\0\0\0\x09name"
FEEDBACK = b"\x81\xce\x00\x02\0\0\0\x09\0\0\0\x01"
UNKNOWN = b"\x80\xd5\x00\x00"


def news(packet: bytes):
    return parse(b"pp" + packet + b"ss", 2, 2 + len(packet), 5)


def test_what_we_build_we_read():
    assert news(build_sender_report(REPORT)).sender_report == REPORT
    assert news(build_goodbye(9)).goodbye
    block = ReportBlock(9, 3, 70_000, 65_536 + 3, 17, 0x2222_3333, 65_536)
    packet = build_receiver_report(1, block)
    assert len(packet) % 4 == 0
    assert parse_report_blocks(packet) == [block]
    assert news(packet).malformed == 0


def test_unknown_types_before_and_behind_are_skipped():
    told = news(APPLICATION + UNKNOWN + build_sender_report(REPORT) + FEEDBACK + build_goodbye(9))
    assert (told.sender_report, told.goodbye, told.malformed) == (REPORT, True, 0)


def test_a_packet_cut_anywhere_tells_what_was_whole():
    packet = build_sender_report(REPORT)
    for cut in range(len(packet)):
        told = news(packet[:cut])
        assert told.sender_report == (REPORT if cut >= 28 else None)
        assert told.malformed == (cut not in (0, 28))


@pytest.mark.parametrize(
    "packet",
    [
        b"\x40\xc8\x00\x06" + bytes(24),  # version 1
        b"\x80\xc8\x00\x01\0\0\0\x09",  # a sender report too short to be one
        b"\x80\xc8\xff\xff" + bytes(24),  # longer than the datagram
    ],
)
def test_lengths_that_lie_are_counted(packet: bytes):
    told = news(packet)
    assert (told.sender_report, told.malformed) == (None, 1)


def test_a_report_block_count_that_lies_gives_those_that_are_there():
    packet = bytearray(build_receiver_report(1, ReportBlock(9, 0, 0, 0, 0, 0, 0)))
    packet[0] |= 31
    assert len(parse_report_blocks(bytes(packet))) == 1

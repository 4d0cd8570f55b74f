"""What a WebRTC peer reports: read whole, cut anywhere, made up; and compared with aiortc."""

import pytest
from aiortc import rtp as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp import build_goodbye, build_sender_report, fresh_requests, parse_feedback, round_trip_ns
from media.rtp.feedback import (
    NACKED_MAX,
    PARTS_MAX,
    SSRCS_MAX,
    Feedback,
    build_nack,
    build_picture_loss,
)
from media.rtp.rtcp import ReportBlock, SenderReport, build_receiver_report, parse_report_blocks
from media.rtp.transport_feedback import TransportArrivals

OURS, THEIRS, VIDEO = 0x0102_0304, 0x0506_0708, 0x1234_5678
BLOCK = ReportBlock(VIDEO, 26, 1_000, 65_536 + 9, 31, 0x1111_2222, 65_536)
numbers = st.integers(0, 65_535)


def told(packet: bytes) -> Feedback:
    return parse_feedback(b"pp" + packet + b"ss", 2, 2 + len(packet), 5)


def full_intra_request(*items: tuple[int, int]) -> bytes:
    fci = b"".join(ssrc.to_bytes(4, "big") + bytes((number, 0, 0, 0)) for ssrc, number in items)
    return bytes(oracle.RtcpPsfbPacket(fmt=oracle.RTCP_PSFB_FIR, ssrc=THEIRS, media_ssrc=0, fci=fci))


def bandwidth(bps: int, *ssrcs: int) -> bytes:
    fci = oracle.pack_remb_fci(bps, list(ssrcs))
    return bytes(oracle.RtcpPsfbPacket(fmt=oracle.RTCP_PSFB_APP, ssrc=THEIRS, media_ssrc=0, fci=fci))


def everything() -> bytes:
    arrivals = TransportArrivals()
    arrivals.arrive(7, 1_000_000)
    arrivals.arrive(9, 2_000_000)
    return (
        build_receiver_report(THEIRS, BLOCK)
        + build_nack(THEIRS, VIDEO, [5, 6, 99])
        + build_picture_loss(THEIRS, VIDEO)
        + full_intra_request((VIDEO, 3))
        + bandwidth(1_500_000, VIDEO)
        + arrivals.feedback(THEIRS, VIDEO, 3_000_000)
        + build_sender_report(SenderReport(1 << 63, 90_000, 5, THEIRS))
        + build_goodbye(THEIRS)
    )


def test_a_compound_of_everything_tells_everything() -> None:
    news = told(everything())
    assert news.reports == [BLOCK]
    assert news.nacked == {VIDEO: [5, 6, 99]}
    assert news.picture_losses == {VIDEO}
    assert news.full_intra_requests == {VIDEO: 3}
    assert news.pictures_wanted == {VIDEO}
    assert news.bandwidth_bps is not None
    assert abs(news.bandwidth_bps - 1_500_000) < 8  # 18 bits of mantissa
    assert [(feedback.first_sequence, feedback.lost) for feedback in news.transport] == [(7, 1)]
    assert [report.ntp for report in news.sender_reports] == [1 << 63]
    assert news.names == {THEIRS: b"mingjing"}
    assert news.goodbyes == {THEIRS}
    assert news.malformed == 0


def test_cut_anywhere_it_tells_what_was_whole_and_counts_one() -> None:
    packet = everything()
    ends, at = {0}, 0
    while at < len(packet):
        at += 4 * (int.from_bytes(packet[at + 2 : at + 4], "big") + 1)
        ends.add(at)
    before = Feedback()
    for cut in range(len(packet)):
        news = told(packet[:cut])
        assert news.malformed == (cut not in ends)
        assert len(news.reports) >= len(before.reports)
        assert news.pictures_wanted >= before.pictures_wanted
        before = news


def test_every_single_kind_stands_alone_without_a_report_before_it() -> None:
    """Reduced size, RFC 5506."""
    assert told(build_nack(THEIRS, VIDEO, [1])).nacked == {VIDEO: [1]}
    assert told(build_picture_loss(THEIRS, VIDEO)).pictures_wanted == {VIDEO}


@settings(max_examples=50)
@given(st.lists(numbers, min_size=1, max_size=60, unique=True).map(sorted))
def test_a_nack_of_ours_is_what_aiortc_reads_and_the_other_way_round(lost: list[int]) -> None:
    ours = build_nack(THEIRS, VIDEO, lost)
    [packet] = oracle.RtcpPacket.parse(ours)
    assert isinstance(packet, oracle.RtcpRtpfbPacket)
    assert (packet.ssrc, packet.media_ssrc, packet.lost) == (THEIRS, VIDEO, lost)
    theirs = bytes(oracle.RtcpRtpfbPacket(fmt=1, ssrc=THEIRS, media_ssrc=VIDEO, lost=lost))
    assert told(theirs).nacked == {VIDEO: lost}
    assert ours == theirs


def test_a_nack_goes_over_the_wrap_in_one_entry() -> None:
    packet = build_nack(THEIRS, VIDEO, [65_534, 65_535, 0, 7])
    assert len(packet) == 16
    assert told(packet).nacked == {VIDEO: [65_534, 65_535, 0, 7]}


def test_a_picture_loss_is_what_aiortc_reads() -> None:
    [packet] = oracle.RtcpPacket.parse(build_picture_loss(THEIRS, VIDEO))
    assert packet == oracle.RtcpPsfbPacket(fmt=oracle.RTCP_PSFB_PLI, ssrc=THEIRS, media_ssrc=VIDEO)


@settings(max_examples=50)
@given(st.integers(0, (1 << 40) - 1), st.lists(st.integers(0, 2**32 - 1), max_size=4))
def test_a_bandwidth_is_what_aiortc_means(bps: int, ssrcs: list[int]) -> None:
    assert told(bandwidth(bps, *ssrcs)).bandwidth_bps == oracle.unpack_remb_fci(oracle.pack_remb_fci(bps, ssrcs))[0]


@settings(max_examples=50)
@given(
    st.builds(
        ReportBlock,
        *(st.integers(0, 2**32 - 1), st.integers(0, 255), st.integers(-(1 << 23), (1 << 23) - 1)),
        *(st.integers(0, 2**32 - 1) for _ in range(4)),
    )
)
def test_a_report_block_is_the_same_to_aiortc_both_ways(block: ReportBlock) -> None:
    [report, _] = oracle.RtcpPacket.parse(build_receiver_report(THEIRS, block))
    assert isinstance(report, oracle.RtcpRrPacket)
    [info] = report.reports
    assert (info.ssrc, info.fraction_lost, info.packets_lost) == (block.ssrc, block.fraction_lost, block.lost)
    assert (info.highest_sequence, info.jitter) == (block.highest_sequence, block.jitter)
    assert (info.lsr, info.dlsr) == (block.last_report, block.delay)
    assert told(bytes(report)).reports == [block] == parse_report_blocks(bytes(report))


def test_names_and_goodbyes_of_aiortc_are_read() -> None:
    chunks = [oracle.RtcpSourceInfo(ssrc=7, items=[(1, b"{cname}"), (2, b"name")])]
    assert told(bytes(oracle.RtcpSdesPacket(chunks=chunks))).names == {7: b"{cname}"}
    assert told(bytes(oracle.RtcpByePacket(sources=[7, 8]))).goodbyes == {7, 8}


def test_a_repeated_request_with_the_same_number_is_the_same_request() -> None:
    answered: dict[int, int] = {}
    requests = told(full_intra_request((VIDEO, 3), (99, 1))).full_intra_requests
    assert fresh_requests(requests, answered, [VIDEO]) == [VIDEO]
    assert fresh_requests(requests, answered, [VIDEO]) == []
    assert fresh_requests({VIDEO: 4}, answered, [VIDEO]) == [VIDEO]


def test_padding_of_a_nack_is_no_number() -> None:
    packet = bytearray(build_nack(THEIRS, VIDEO, [5]) + b"\0\0\0\4")
    packet[0] |= 0x20
    packet[3] += 1
    assert told(bytes(packet)).nacked == {VIDEO: [5]}
    packet[-1] = 0
    assert told(bytes(packet)).malformed == 1


@pytest.mark.parametrize(
    "packet",
    [
        b"\x41\xcd\x00\x03" + bytes(12),  # version 1
        b"\x81\xcd\x00\x01" + bytes(4),  # no media SSRC
        b"\x81\xcd\x00\x02" + bytes(8),  # a NACK of nothing
        b"\x84\xce\x00\x03" + bytes(12),  # half a FIR
        b"\x8f\xce\x00\x02" + bytes(8),  # an application's message without a name
        b"\x8f\xce\x00\x04" + bytes(8) + b"REMB\x01\x00\x00\x00",  # its one SSRC is missing
        b"\x8f\xcd\x00\x03" + bytes(12),  # transport-wide, cut
        b"\x81\xc9\x00\x01" + bytes(4),  # a report that counts a block and has none
        b"\x81\xcb\x00\x00",  # one says goodbye, and nobody is named
        b"\x81\xca\x00\x01" + bytes(4),  # a chunk without an end
        b"\x81\xca\x00\x02" + bytes(4) + b"\x01\xff\x41\x41",  # a name longer than its packet
        b"\xa1\xcd\x00\x03" + bytes(11) + b"\xff",  # more padding than packet
    ],
)
def test_what_lies_is_counted_and_tells_nothing(packet: bytes) -> None:
    news = told(packet + build_picture_loss(THEIRS, VIDEO)) if packet[0] >> 6 == 2 else told(packet)
    assert news.malformed == 1
    assert (news.nacked, news.full_intra_requests, news.bandwidth_bps, news.names) == ({}, {}, None, {})
    assert (news.transport, news.reports, news.goodbyes) == ([], [], set())
    assert news.pictures_wanted == ({VIDEO} if packet[0] >> 6 == 2 else set())


def test_one_datagram_names_no_more_than_the_limits() -> None:
    items = b"".join(n.to_bytes(2, "big") + b"\xff\xff" for n in range(0, 60_000, 17))
    nack = bytes(oracle.pack_rtcp_packet(205, 1, bytes(8) + items))
    news = told(nack)
    assert (sum(map(len, news.nacked.values())), news.malformed) == (NACKED_MAX, 1)
    nack = bytes(oracle.pack_rtcp_packet(205, 1, bytes(8) + bytes(4) + items))  # the last entry goes over the limit
    assert sum(map(len, told(nack).nacked.values())) == NACKED_MAX
    many = b"".join(build_nack(THEIRS, ssrc, [1]) + build_picture_loss(THEIRS, ssrc) for ssrc in range(PARTS_MAX))
    news = told(many)
    assert len(news.nacked) <= SSRCS_MAX
    assert news.malformed == 1
    assert len(news.picture_losses) == PARTS_MAX // 2


@settings(max_examples=50)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([everything(), everything()[:77]])), max_size=6))
def test_whatever_comes_nothing_is_raised(parts: list[bytes]) -> None:
    packet = b"".join(parts)
    news = told(packet)
    assert 0 <= news.malformed <= 1 + len(packet) // 4
    assert sum(map(len, news.nacked.values())) <= NACKED_MAX


def test_the_round_trip_is_the_time_since_the_report_less_what_it_was_held() -> None:
    sent_ntp, held, trip = (100 << 32) + 5, 1 << 16, 6_554  # a second, a tenth
    block = ReportBlock(VIDEO, 0, 0, 0, 0, sent_ntp >> 16, held)
    assert round_trip_ns(block, sent_ntp + (held + trip << 16)) == trip * 1_000_000_000 >> 16
    assert round_trip_ns(block, sent_ntp + (held - 1 << 16)) is None  # before it was sent
    assert round_trip_ns(ReportBlock(VIDEO, 0, 0, 0, 0, 0, 0), sent_ntp) is None

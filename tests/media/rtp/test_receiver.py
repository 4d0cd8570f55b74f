"""Order, loss, sources and payload types, as devices really mix them up."""

from collections.abc import Sequence

import pytest

from media.access_unit import AccessUnit
from media.rtp import SenderReport, TrackReceiver, build_goodbye, build_sender_report, packets
from media.rtp.packet import HEADER
from media.rtp.probation import PROOF_PACKETS
from media.rtp.reorder import UDP_AGE_MAX_NS, UDP_PACKETS_MAX, UDP_START_WAIT_NS
from media.rtp.rtcp import parse_report_blocks
from media.track import Codec

MS = 1_000_000
SSRC = 0x1234_5678


def frame(n: int) -> bytes:
    """A packet's payload that names its packet: G.711, so one packet is one unit."""
    return b"frame %d" % n


class Line:
    """A G.711 track; packet n has sequence number n modulo 2^16 and RTP time 160 n."""

    def __init__(self, *, udp: bool = False, start_wait_ns: int = 0) -> None:
        self.receiver = TrackReceiver(Codec.PCM_ALAW, 8, 8_000, {}, reorder=udp, start_wait_ns=start_wait_ns)
        self.now_ns = 0

    def send(self, *numbers: int, ssrc: int = SSRC, payload_type: int = 8) -> list[int]:
        """Receives these packets, 20 ms apart, and tells which came out."""
        out: list[AccessUnit] = []
        for n in numbers:
            self.now_ns += 20 * MS
            [packet] = packets(
                [frame(n)], payload_type=payload_type, sequence=n, rtp_time=160 * n, ssrc=ssrc, mark_last=False
            )
            out += self.receiver.receive(packet, 0, len(packet), self.now_ns, self.now_ns)
        return numbers_of(out)

    def raw(self, packet: bytes) -> Sequence[AccessUnit]:
        return self.receiver.receive(packet, 0, len(packet), self.now_ns, self.now_ns)


def numbers_of(units: Sequence[AccessUnit]) -> list[int]:
    return [int(unit.payload[0].split()[1]) for unit in units]


@pytest.fixture(params=[False, True], ids=["tcp", "udp"])
def line(request: pytest.FixtureRequest) -> Line:
    return Line(udp=request.param)


def test_sequence_numbers_wrap_without_notice(line: Line):
    numbers = list(range(65_500, 65_600))
    assert line.send(*numbers) == numbers
    statistics = line.receiver.statistics()
    assert (statistics.packets, statistics.lost, statistics.restarts) == (100, 0, 0)


def test_a_stream_may_begin_with_any_number(line: Line):
    assert line.send(40_000, 40_001) == [40_000, 40_001]


def test_over_tcp_a_missing_number_delays_nothing():
    line = Line()
    assert line.send(1, 2, 5, 6) == [1, 2, 5, 6]
    assert line.receiver.statistics().lost == 2
    assert line.receiver.statistics().reordered == 0


def test_over_udp_packets_come_out_in_order_with_their_own_receive_times():
    line = Line(udp=True)
    assert line.send(1, 3, 4) == [1]
    [packet] = packets([frame(2)], payload_type=8, sequence=2, rtp_time=320, ssrc=SSRC)
    units = line.raw(packet)
    assert numbers_of(units) == [2, 3, 4]
    assert [unit.received_mono_ns // MS for unit in units] == [60, 40, 60]
    assert line.receiver.statistics().reordered == 1
    assert line.receiver.statistics().lost == 0


def test_over_udp_a_stream_waits_for_what_its_first_packet_overtook():
    line = Line(udp=True, start_wait_ns=UDP_START_WAIT_NS)
    assert line.send(65_535 + 3, 65_535 + 1, 65_535, 65_535 + 2) == []
    units = line.receiver.due(20 * MS + UDP_START_WAIT_NS)
    assert numbers_of(units) == [65_535, 65_536, 65_537, 65_538]
    assert [unit.received_mono_ns // MS for unit in units] == [60, 40, 80, 20]
    assert line.send(65_539) == [65_539]
    assert line.receiver.statistics().lost == line.receiver.statistics().duplicates == 0


def test_the_wait_for_the_first_packet_is_bounded_and_ends_with_the_stream():
    line = Line(udp=True, start_wait_ns=10_000 * MS)
    assert line.send(*range(1, UDP_PACKETS_MAX + 2)) == list(range(1, UDP_PACKETS_MAX + 2))
    line = Line(udp=True, start_wait_ns=UDP_START_WAIT_NS)
    line.send(2, 1)
    assert numbers_of(line.receiver.flush()) == [1, 2]


def test_over_udp_a_missing_packet_is_waited_for_only_so_long():
    line = Line(udp=True)
    line.send(1, 3)
    held_since = line.now_ns
    assert not line.receiver.due(held_since + UDP_AGE_MAX_NS - 1)
    units = line.receiver.due(held_since + UDP_AGE_MAX_NS)
    assert numbers_of(units) == [3]
    assert units[0].lost_packets == 1
    assert line.receiver.statistics().lost == 1


def test_over_udp_only_so_many_packets_wait():
    line = Line(udp=True)
    line.send(1)
    now = line.now_ns
    out = []
    for n in range(3, 4 + UDP_PACKETS_MAX):
        assert not out
        [packet] = packets([frame(n)], payload_type=8, sequence=n, rtp_time=n, ssrc=SSRC)
        out = numbers_of(line.receiver.receive(packet, 0, len(packet), now, now))
    assert out == [*range(3, 4 + UDP_PACKETS_MAX)]


def test_what_comes_twice_or_too_late_is_dropped_and_counted(line: Line):
    assert line.send(1, 2, 2, 1, 3) == [1, 2, 3]
    assert line.receiver.statistics().duplicates == 2


def test_flush_gives_what_waits():
    line = Line(udp=True)
    line.send(1, 3, 5)
    assert numbers_of(line.receiver.flush()) == [3, 5]
    assert line.receiver.statistics().lost == 2


def test_a_count_begun_anew_loses_nothing(line: Line):
    assert line.send(1, 2, 3, 20_000, 20_001, 20_002) == [1, 2, 3, 20_000, 20_001, 20_002]
    statistics = line.receiver.statistics()
    assert (statistics.lost, statistics.restarts) == (0, 1)


def test_a_count_begun_anew_from_behind_loses_nothing(line: Line):
    assert line.send(30_000, 30_001, 1, 2, 3) == [30_000, 30_001, 1, 2, 3]


def test_over_tcp_a_count_begun_anew_a_little_behind_loses_nothing():
    line = Line()
    assert line.send(100, 101, 102, 60, 61, 62) == [100, 101, 102, 60, 61, 62]
    assert line.receiver.statistics().duplicates == 0


def test_what_was_counted_as_a_duplicate_is_one_for_good():
    """A packet that may be the first of a new count is none yet: a counter that goes back tells nonsense."""
    line, seen = Line(), [0]
    for number in (17, 2, 3, 4, 4, 60_000, 60_001, 59_990, 59_991):
        line.send(number)
        seen.append(line.receiver.statistics().duplicates)
    assert seen == sorted(seen)


def test_over_tcp_each_packet_sent_twice_is_dropped_once():
    line = Line()
    assert line.send(1, 1, 2, 2, 3, 3, 4, 4, 5) == [1, 2, 3, 4, 5]
    assert (line.receiver.statistics().duplicates, line.receiver.statistics().restarts) == (4, 0)


def test_one_packet_with_a_wild_number_disturbs_nothing(line: Line):
    assert line.send(1, 2, 50_000, 3, 4) == [1, 2, 3, 4]
    assert line.receiver.statistics().lost == 0


def test_another_ssrc_is_believed_once_it_follows_itself_and_loses_nothing(line: Line):
    line.send(1, 2, 3)
    anew = list(range(9_000, 9_010))
    assert line.send(*anew, ssrc=77) == anew
    statistics = line.receiver.statistics()
    assert (statistics.ssrc, statistics.source_changes, statistics.lost) == (77, 1, 0)


def test_a_stray_source_never_becomes_the_stream(line: Line):
    for n in range(1, 50):
        assert line.send(n) == [n]
        assert line.send(900 + n, ssrc=77) == []
    assert line.receiver.statistics().ssrc == SSRC
    assert line.receiver.statistics().strangers == 49


def test_pt_50_packets_with_the_number_of_the_packet_before_are_no_loss(line: Line):
    for n in range(1, 30):
        assert line.send(n) == [n]
        assert line.send(n, payload_type=50) == []
        assert line.send(n, payload_type=50) == []
    statistics = line.receiver.statistics()
    assert (statistics.lost, statistics.duplicates, statistics.strangers) == (0, 0, 58)


def test_a_stream_may_begin_with_a_pt_50_packet(line: Line):
    assert line.send(0, payload_type=50) == []
    assert line.send(1, 2) == [1, 2]


def test_an_unannounced_but_consistent_payload_type_loses_no_packet(line: Line):
    numbers = list(range(5, 5 + 3 * PROOF_PACKETS))
    assert line.send(*numbers, payload_type=97) == numbers
    assert line.receiver.statistics().payload_type == 97


def test_a_payload_type_that_changes_on_the_way_loses_no_packet(line: Line):
    assert line.send(*range(10)) == [*range(10)]
    assert line.send(*range(10, 20), payload_type=97) == [*range(10, 20)]
    assert line.receiver.statistics().lost == 0
    assert line.send(*range(20, 30)) == [*range(20, 30)]


def test_padding_extension_and_contributing_sources_are_no_payload(line: Line):
    line.send(1)
    header = HEADER.pack(0x80 | 0x20 | 0x10 | 2, 8, 2, 320, SSRC)
    packet = header + b"ccccCCCC" + b"\xbe\xde\0\1extn" + frame(2) + b"\0\0\3"
    assert numbers_of(line.raw(packet)) == [2]
    assert line.send(3) == [3]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x80",
        HEADER.pack(0x80, 8, 2, 0, SSRC)[:11],
        HEADER.pack(0x40, 8, 2, 0, SSRC) + b"version 1",
        HEADER.pack(0xC0, 8, 2, 0, SSRC) + b"version 3",
        HEADER.pack(0x8F, 8, 2, 0, SSRC) + b"fifteen CSRCs",
        HEADER.pack(0x90, 8, 2, 0, SSRC) + b"ext",
        HEADER.pack(0x90, 8, 2, 0, SSRC) + b"\xbe\xde\xff\xffextension",
        HEADER.pack(0xA0, 8, 2, 0, SSRC) + b"padding\xff",
        HEADER.pack(0xA0, 8, 2, 0, SSRC) + b"padding\0",
        HEADER.pack(0xA0, 8, 2, 0, SSRC),
    ],
)
def test_a_header_that_lies_is_counted_and_left_out(line: Line, packet: bytes):
    line.send(1)
    assert not line.raw(packet)
    assert line.receiver.statistics().malformed == 1
    assert line.send(2) == [2]


def test_the_receiver_report_tells_wraps_loss_and_the_last_sender_report(line: Line):
    line.send(*range(65_530, 65_540))
    report = SenderReport(ntp=0x1111_2222_3333_4444, rtp_time=0, received_mono_ns=0, ssrc=SSRC)
    packet = build_sender_report(report)
    line.receiver.receive_rtcp(packet, 0, len(packet), 100 * MS)
    line.send(65_542, 65_543)
    line.receiver.due(line.now_ns + UDP_AGE_MAX_NS)

    [block] = parse_report_blocks(line.receiver.receiver_report(100 * MS + 500 * MS))

    assert block.ssrc == SSRC
    assert block.highest_sequence == 65_543
    assert (block.lost, block.fraction_lost) == (2, 2 * 256 // 14)
    assert (block.last_report, block.delay) == (0x2222_3333, 32_768)
    assert parse_report_blocks(line.receiver.receiver_report(0))[0].fraction_lost == 0


def test_before_the_first_packet_the_report_has_no_block(line: Line):
    assert parse_report_blocks(line.receiver.receiver_report(0)) == []


def test_a_sender_report_may_come_before_the_first_packet(line: Line):
    packet = build_sender_report(SenderReport(ntp=5 << 32, rtp_time=7, received_mono_ns=0, ssrc=SSRC))
    line.receiver.receive_rtcp(b"$$" + packet, 2, 2 + len(packet), 44)
    line.send(1)
    assert line.receiver.sender_report == SenderReport(5 << 32, 7, 44, SSRC)


def test_the_sender_report_of_a_source_that_is_gone_is_forgotten(line: Line):
    packet = build_sender_report(SenderReport(ntp=5 << 32, rtp_time=7, received_mono_ns=0, ssrc=SSRC))
    line.send(1)
    line.receiver.receive_rtcp(packet, 0, len(packet), 44)
    line.send(*range(10, 20), ssrc=77)
    assert line.receiver.sender_report is None


def test_rtcp_on_the_media_channel_is_read_and_is_no_packet(line: Line):
    line.send(1)
    assert not line.raw(build_sender_report(SenderReport(ntp=5 << 32, rtp_time=7, received_mono_ns=0, ssrc=SSRC)))
    assert line.receiver.sender_report is not None
    assert not line.raw(build_goodbye(SSRC))
    assert line.receiver.goodbye
    assert line.send(2) == [2]
    assert line.receiver.statistics().lost == 0


def test_jitter_is_that_of_units_and_settles_at_zero_on_an_even_line(line: Line):
    line.send(*range(100))
    assert line.receiver.statistics().jitter == 0
    for n in range(100, 200):
        line.now_ns += (n % 2) * 20 * MS
        line.send(n)
    assert 60 < line.receiver.statistics().jitter < 160  # half the units are 20 ms late: 160 ticks


def test_statistics_count_bytes_and_packets(line: Line):
    line.send(1, 2, 3)
    statistics = line.receiver.statistics()
    assert (statistics.packets, statistics.bytes) == (3, 3 * (12 + len(frame(1))))

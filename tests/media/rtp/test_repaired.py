"""One track of a WebRTC publisher: what comes out, and what is said back."""

from collections.abc import Mapping
from typing import Any

import pytest

from media.access_unit import AccessUnit
from media.rtp import (
    RepairedReceiver,
    TransportArrivals,
    build_goodbye,
    build_sender_report,
    packetize_h264,
    packets,
    parse_feedback,
)
from media.rtp.header_extension import transport_extension
from media.rtp.nacks import MISSING_MAX, PATIENCE_MAX_NS, PATIENCE_MIN_NS, REORDER_WAIT_NS
from media.rtp.packet import HEADER_SIZE
from media.rtp.repaired import (
    KEY_PICTURES_APART_NS,
    PACKET_MAX_BYTES,
    PICTURE_REQUEST_INTERVAL_NS,
    REPAIR_PACKETS_MAX,
    REPORT_INTERVAL_NS,
)
from media.rtp.rtcp import SenderReport
from media.rtp.rtx import wrap_rtx
from media.rtp.transport_feedback import FEEDBACK_INTERVAL_NS
from media.track import Codec

MS = 1_000_000
VIDEO, RTX, SSRC = 96, 97, 0x1234_5678
ELEMENT = 3


class Publisher:
    """Pictures of four packets, 40 ms apart; the first and those asked for are key pictures."""

    def __init__(self, *, fmtp: Mapping[str, str] = {}, start_wait_ns: int = 0, **options: Any) -> None:
        self.receiver = RepairedReceiver(
            Codec.H264, VIDEO, 90_000, fmtp, rtx_payload_type=RTX, start_wait_ns=start_wait_ns, **options
        )
        self.now = 0
        self.sequence = 65_530
        self.rtx_sequence = 7
        self.ssrc = SSRC
        self.pictures = 0
        self.packets: dict[int, bytes] = {}
        self.units: list[AccessUnit] = []

    def picture(self, *, lose: tuple[int, ...] = (), key: bool = False, extension: bool = True) -> list[int]:
        """Sends one picture but the packets in these places. Returns the numbers of all its packets."""
        key = key or not self.pictures
        nals = [(b"\x65\x88" if key else b"\x41\x9a") + bytes((self.pictures & 0xFF,)) * (3_000 if key else 4_000)]
        payloads = packetize_h264([b"\x67\x42", *nals] if key else nals, mtu=1_174)
        made = packets(
            payloads, payload_type=VIDEO, sequence=self.sequence, rtp_time=3_600 * self.pictures, ssrc=self.ssrc
        )
        sent = []
        for place, packet in enumerate(made):
            number = self.sequence & 0xFFFF
            self.packets[number] = packet
            sent.append(number)
            if place not in lose:
                self.send(extended(packet, self.sequence & 0xFFFF) if extension else packet)
            self.sequence += 1
        self.pictures += 1
        self.now += 40 * MS
        return sent

    def send(self, packet: bytes) -> None:
        data = b"<" + packet + b">"
        self.units += self.receiver.receive(data, 1, 1 + len(packet), self.now, self.now)

    def again(self, number: int) -> None:
        packet = self.packets[number]
        self.rtx_sequence += 1
        head = packet[:1] + bytes((packet[1] & 0x80 | RTX,)) + self.rtx_sequence.to_bytes(2, "big")
        self.send(head + packet[4:8] + b"\0\0\0\x63" + wrap_rtx(number, packet[HEADER_SIZE:]))

    def wait(self, ns: int) -> None:
        self.now += ns
        self.units += self.receiver.due(self.now)

    def heard(self):
        told = self.receiver.feedback_due(self.now)
        news = parse_feedback(told, 0, len(told), self.now)
        assert news.malformed == 0
        return news

    @property
    def times(self) -> list[int]:
        return [unit.rtp_time // 3_600 for unit in self.units]


def extended(packet: bytes, number: int) -> bytes:
    return b"\x90" + packet[1:HEADER_SIZE] + transport_extension(ELEMENT, number) + packet[HEADER_SIZE:]


def test_a_picture_with_and_without_extensions_comes_out_at_its_marker() -> None:
    line = Publisher()
    line.picture()
    line.picture(extension=False)
    assert line.times == [0, 1]
    assert not any(unit.damaged or unit.lost_packets for unit in line.units)
    assert line.receiver.statistics().packets == 8


def test_a_retransmission_makes_the_picture_whole() -> None:
    line = Publisher()
    line.picture()
    numbers = line.picture(lose=(1, 2))
    line.picture()
    assert line.times == [0]
    assert line.heard().nacked == {SSRC: numbers[1:3]}
    line.again(numbers[2])
    line.again(numbers[1])
    assert line.times == [0, 1, 2]
    assert not any(unit.damaged or unit.lost_packets for unit in line.units)
    repairs = line.receiver.repairs()
    assert (repairs.repaired, repairs.unrepaired, repairs.useless) == (2, 0, 0)


def test_the_same_packet_sent_again_repairs_too_where_there_is_no_rtx() -> None:
    line = Publisher()
    line.picture()
    numbers = line.picture(lose=(0,))
    line.heard()
    line.wait(REORDER_WAIT_NS)
    line.send(line.packets[numbers[0]])
    line.send(line.packets[numbers[0]])
    assert line.times == [0, 1]
    assert line.receiver.statistics().duplicates == 1


def test_a_session_may_ask_exactly_when_it_is_told_to() -> None:
    line = Publisher()
    line.picture()
    assert line.receiver.feedback_at_ns == 0
    assert line.heard().reports
    assert line.receiver.feedback_at_ns == 40 * MS + REPORT_INTERVAL_NS
    assert line.receiver.feedback_due(line.receiver.feedback_at_ns - 1) == b""
    numbers = line.picture(lose=(1,))
    assert line.receiver.feedback_at_ns == 40 * MS + REORDER_WAIT_NS
    assert line.receiver.feedback_due(line.receiver.feedback_at_ns - 1) == b""
    assert line.heard().nacked == {SSRC: [numbers[1]]}


def test_what_never_comes_is_given_up_and_a_key_picture_is_asked_for_until_it_is_here() -> None:
    line = Publisher()
    line.picture()
    line.heard()
    line.picture(lose=(1,))
    line.picture()
    line.wait(PATIENCE_MAX_NS)
    assert line.times == [0, 2]
    assert line.units[1].lost_packets == 1
    assert line.heard().picture_losses == {SSRC}
    line.wait(PICTURE_REQUEST_INTERVAL_NS - 1)
    assert not line.heard().picture_losses
    line.wait(1)
    assert line.heard().picture_losses == {SSRC}
    line.picture(key=True)
    line.wait(10 * PICTURE_REQUEST_INTERVAL_NS)
    assert not line.heard().picture_losses
    assert line.receiver.repairs().pictures_asked == 2


def test_on_a_short_link_what_never_comes_is_waited_for_no_longer_than_repairs_take_there() -> None:
    line = Publisher()
    line.picture()
    numbers = line.picture(lose=(1,))
    line.heard()
    line.wait(15 * MS)
    line.again(numbers[1])
    assert line.receiver.repairs().round_trip_ns == 15 * MS
    line.picture(lose=(1,))
    line.wait(PATIENCE_MIN_NS - 40 * MS - 1)
    line.picture()
    assert line.times == [0, 1]
    line.wait(0)
    assert line.times == [0, 1, 3]


def test_slices_that_came_make_a_damaged_unit() -> None:
    line = Publisher()
    line.picture()
    nals = [b"\x41\x9a" + bytes(900), b"\x41\x1a" + bytes(900)]
    made = packets(nals, payload_type=VIDEO, sequence=line.sequence, rtp_time=3_600, ssrc=SSRC)
    line.send(made[0])
    line.sequence += 2
    line.pictures += 1
    line.picture()
    line.wait(PATIENCE_MAX_NS)
    assert [(unit.damaged, unit.lost_packets) for unit in line.units] == [(False, 0), (True, 1), (False, 0)]


def test_a_waiting_viewer_gets_one_request_through_and_the_next_only_after_a_while() -> None:
    line = Publisher()
    line.picture()
    line.heard()
    line.receiver.want_key_picture()
    assert line.receiver.feedback_at_ns <= line.now
    assert line.heard().picture_losses == {SSRC}
    line.picture(key=True)
    line.receiver.want_key_picture()
    assert not line.heard().picture_losses
    line.wait(PICTURE_REQUEST_INTERVAL_NS)
    assert line.heard().picture_losses == {SSRC}


def test_a_publisher_that_makes_no_key_pictures_by_itself_is_asked_for_one_now_and_then() -> None:
    line = Publisher()
    asked_after = []
    line.picture()
    began = line.now
    while len(asked_after) < 2:
        line.picture()
        if line.heard().picture_losses:
            asked_after.append(line.now - began)
            line.picture(key=True)
            began = line.now
    assert all(KEY_PICTURES_APART_NS <= after <= KEY_PICTURES_APART_NS + 100 * MS for after in asked_after)


def test_a_publisher_with_a_key_picture_each_four_seconds_is_never_asked() -> None:
    line = Publisher()
    for number in range(400):
        line.picture(key=number % 100 == 0)
        assert not line.heard().picture_losses


def test_a_viewer_may_wait_before_the_first_packet_comes() -> None:
    line = Publisher()
    line.receiver.want_key_picture()
    assert not line.heard().picture_losses
    assert line.receiver.feedback_at_ns == REPORT_INTERVAL_NS
    line.pictures = 1
    line.picture()
    assert line.receiver.feedback_at_ns <= line.now
    assert line.heard().picture_losses == {SSRC}


def test_a_stream_that_begins_in_a_group_is_asked_for_a_key_picture() -> None:
    line = Publisher()
    line.pictures = 1
    line.picture()
    assert line.heard().picture_losses == {SSRC}


def test_a_first_key_picture_without_its_sets_is_asked_for_again() -> None:
    """Found by a simulated link: the very first packet was lost, and nobody can miss what was before the first."""
    line = Publisher()
    line.picture(lose=(0,))
    assert [(unit.key, unit.damaged, unit.lost_packets) for unit in line.units] == [(True, False, 0)]
    assert line.heard().picture_losses == {SSRC}
    line = Publisher(fmtp={"sprop-parameter-sets": "Z0I=,aM4="})
    line.picture(lose=(0,))
    assert not line.heard().picture_losses


def test_without_picture_loss_in_the_sdp_and_for_sound_it_is_never_asked_for() -> None:
    line = Publisher(picture_loss=False)
    line.pictures = 1
    line.picture()
    line.receiver.want_key_picture()
    assert not line.heard().picture_losses
    sound = RepairedReceiver(Codec.OPUS, 111, 48_000, {})
    sound.want_key_picture()
    told = sound.feedback_due(0)
    assert not parse_feedback(told, 0, len(told), 0).picture_losses


def test_a_hole_too_long_to_ask_for_wants_a_key_picture_at_once() -> None:
    line = Publisher()
    line.picture()
    line.heard()
    line.sequence += MISSING_MAX + 1
    line.picture()
    news = line.heard()
    assert (news.nacked, news.picture_losses) == ({}, {SSRC})
    assert line.receiver.repairs().overruns == 1


def test_feedback_begins_with_a_report_and_a_name() -> None:
    line = Publisher()
    line.picture()
    line.heard()
    line.picture(lose=(1,))
    told = line.receiver.feedback_due(line.now)
    assert told[:2] == b"\x80\xc9"
    news = parse_feedback(told, 0, len(told), 0)
    assert list(news.names.values()) == [b"mingjing"]
    assert len(news.nacked[SSRC]) == 1


def test_tracks_of_a_session_share_the_transport_and_either_tells_of_it() -> None:
    transport = TransportArrivals()
    line = Publisher(transport=transport, transport_element=ELEMENT)
    sound = RepairedReceiver(
        Codec.OPUS, 111, 48_000, {}, transport=transport, transport_element=ELEMENT, start_wait_ns=0
    )
    line.picture()
    [packet] = packets([b"opus"], payload_type=111, sequence=1, rtp_time=0, ssrc=9)
    packet = extended(packet, 65_534)
    assert len(sound.receive(packet, 0, len(packet), line.now, line.now)) == 1
    line.heard()
    line.wait(FEEDBACK_INTERVAL_NS)
    [feedback] = line.heard().transport
    assert (feedback.first_sequence, len(feedback.arrivals), feedback.lost) == (65_530, 5, 0)
    told = sound.feedback_due(line.now)
    assert not parse_feedback(told, 0, len(told), 0).transport


def test_a_probe_with_padding_is_told_of_as_arrived() -> None:
    transport = TransportArrivals()
    line = Publisher(transport=transport, transport_element=ELEMENT)
    line.picture()
    probe = b"\xb0" + bytes((RTX,)) + bytes(10) + transport_extension(ELEMENT, 65_534) + bytes(3) + b"\4"
    line.send(probe)
    line.send(probe[:16])  # its extension is cut off
    assert sorted(transport.arrivals) == [65_530, 65_531, 65_532, 65_533, 65_534]
    assert line.receiver.statistics().malformed == 1


def test_late_and_made_up_retransmissions_change_nothing() -> None:
    line = Publisher()
    first = line.picture()
    for number in first:
        line.again(number)
    for number in (20_000, 20_001, 20_002, 40_000, 40_001):
        line.packets[number] = line.packets[first[0]]
        line.again(number)
    line.send(b"\x80" + bytes((RTX,)) + bytes(10) + b"\1\2")  # a probe
    line.send(b"\xb0" + bytes((RTX,)) + bytes(10) + b"\xff\xff")
    line.picture()
    assert line.times == [0, 1]
    assert line.receiver.repairs().useless == 9
    statistics = line.receiver.statistics()
    assert (statistics.restarts, statistics.lost, statistics.malformed) == (0, 0, 1)


def test_packets_far_behind_are_late_and_no_new_count() -> None:
    """SRTP has one count a source: what comes again after seconds must not turn the order over."""
    line = Publisher()
    for _ in range(300):
        line.picture()
    for number in range(65_530, 65_536):
        line.send(line.packets[number])
    line.picture()
    assert line.times == list(range(301))
    assert line.receiver.statistics().restarts == 0


def test_a_sender_report_is_taken_as_ever() -> None:
    line = Publisher()
    line.send(build_sender_report(SenderReport(ntp=5 << 32, rtp_time=7, received_mono_ns=0, ssrc=SSRC)))
    assert line.receiver.sender_report is not None


def test_of_a_report_on_several_sources_only_its_own_is_taken() -> None:
    """Found in review: the last one was, and placed pictures by the clock of the sound."""
    line = Publisher()
    line.picture()
    ours, others = SenderReport(5 << 32, 7, 3, SSRC), SenderReport(6 << 32, 8, 3, 99)
    both = build_sender_report(ours) + build_sender_report(others)
    line.receiver.receive_rtcp(both, 0, len(both), 3)
    line.receiver.receive_rtcp(build_goodbye(99), 0, 8, 3)
    assert (line.receiver.sender_report, line.receiver.goodbye) == (ours, False)
    line.receiver.receive_rtcp(build_goodbye(SSRC) + b"\x80", 0, 9, 3)
    assert line.receiver.goodbye
    assert line.receiver.statistics().malformed_rtcp == 1


def test_probes_do_not_become_the_source_where_nothing_is_asked_for() -> None:
    """Found in review: five retransmissions in a row were believed to be the stream."""
    line = Publisher(nack=False)
    numbers = line.picture()
    for number in 3 * numbers:
        line.again(number)
    line.picture()
    statistics = line.receiver.statistics()
    assert (line.times, statistics.source_changes, statistics.payload_type) == ([0, 1], 0, VIDEO)


def test_another_source_that_begins_in_a_group_is_asked_for_a_key_picture_of_its_own() -> None:
    line = Publisher()
    line.picture()
    line.heard()
    line.ssrc, line.sequence = 99, 1_000
    line.picture()
    line.picture()
    assert line.times == [0, 1, 2]
    assert line.heard().picture_losses == {99}


def test_another_source_need_not_bring_the_sets_that_are_known() -> None:
    """Or a device that says them once would be asked twice a second for good."""
    line = Publisher()
    line.picture()
    line.heard()
    line.ssrc, line.sequence = 99, 1_000
    line.picture(key=True, lose=(0,))
    line.picture()
    assert [unit.key for unit in line.units] == [True, True, False]
    line.wait(PICTURE_REQUEST_INTERVAL_NS)
    assert not line.heard().picture_losses


def test_a_hole_in_what_came_in_wrong_order_at_the_beginning_is_asked_for() -> None:
    """Found by a simulated link: at 5 % loss each second stream began with a damaged picture."""
    line = Publisher(start_wait_ns=100 * MS)
    numbers = line.picture(lose=(0, 1, 2, 3))
    for place in (3, 0, 2):
        line.send(line.packets[numbers[place]])
    assert line.receiver.feedback_at_ns <= line.now + REORDER_WAIT_NS
    line.wait(REORDER_WAIT_NS)
    assert line.heard().nacked == {SSRC: [numbers[1]]}
    line.again(numbers[1])
    line.wait(100 * MS)
    assert [(unit.key, unit.damaged, unit.lost_packets) for unit in line.units] == [(True, False, 0)]


@pytest.mark.parametrize("nack", [True, False])
def test_what_waits_is_bounded_by_count_and_bytes(nack: bool) -> None:
    line = Publisher(nack=nack)
    line.picture()
    for n in range(3 * REPAIR_PACKETS_MAX):
        [packet] = packets([b"\x41\x9a" + bytes(1_000)], payload_type=VIDEO, sequence=n + 10, rtp_time=n, ssrc=SSRC)
        line.send(packet)
        assert len(line.receiver._reorder.held) <= REPAIR_PACKETS_MAX
    line.send(packet + bytes(PACKET_MAX_BYTES))
    assert line.receiver.statistics().malformed == 1
    assert len(line.receiver.feedback_due(line.now)) <= 1_200

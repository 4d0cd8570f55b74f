"""When a picture ends, what belongs to it, and when it says that it is damaged."""

from collections.abc import Sequence

from media.access_unit import AccessUnit
from media.rtp import Closing, TrackReceiver, packets
from media.rtp.picture import UNIT_MAX_BYTES, UNIT_MAX_NALS
from media.track import Codec

SPS = b"\x67\x64\x00\x1f"
PPS = b"\x68\xee"
IDR = b"\x65\x88\x84"  # first_mb_in_slice 0
SLICE = b"\x41\x9a\x02"
SECOND_SLICE = b"\x41\x44\x02"  # first_mb_in_slice above 0
MS = 1_000_000


class Camera:
    """Sends single NAL units, each with the marker and RTP time that the test says."""

    def __init__(self, codec: Codec = Codec.H264) -> None:
        self.receiver = TrackReceiver(codec, 96, 90_000, {}, reorder=False)
        self.sequence = 65_530  # near the wrap, so that every test crosses it
        self.clock_ms = 0

    def send(self, nal: bytes, rtp_time: int, *, marker: bool = False) -> Sequence[AccessUnit]:
        [packet] = packets([nal], payload_type=96, sequence=self.sequence, rtp_time=rtp_time, ssrc=9, mark_last=marker)
        self.sequence += 1
        self.clock_ms += 1
        return self.receiver.receive(packet, 0, len(packet), self.clock_ms * MS, self.clock_ms * MS + 5)

    def lose(self, count: int = 1) -> None:
        self.sequence += count


def test_the_marker_ends_a_picture_at_once():
    camera = Camera()
    assert not camera.send(SPS, 100)
    assert not camera.send(IDR, 100)
    [unit] = camera.send(SECOND_SLICE, 100, marker=True)
    assert unit == AccessUnit((SPS, IDR, SECOND_SLICE), 100, 3 * MS, 3 * MS + 5, True)


def test_without_markers_a_new_rtp_time_ends_a_picture():
    camera = Camera()
    camera.send(IDR, 100)
    [first] = camera.send(SLICE, 3_700)
    assert (first.payload, first.received_mono_ns) == ((IDR,), MS)  # received when its last packet was
    assert camera.receiver.flush()[0].payload == (SLICE,)


def test_a_picture_that_the_end_of_the_stream_cut_off_says_that_its_marker_never_came():
    camera = Camera()
    camera.send(IDR, 100, marker=True)
    camera.send(SLICE, 200)  # and then the connection is reset
    [cut_off] = camera.receiver.flush()
    assert cut_off.marker_lost


def test_a_lost_marker_ends_one_picture_late_and_the_next_ones_in_time():
    camera = Camera()
    camera.send(IDR, 100, marker=True)
    camera.send(SLICE, 200)
    [late, in_time] = camera.send(SLICE, 300, marker=True)
    assert (late.marker_lost, in_time.marker_lost) == (True, False)
    assert (late.rtp_time, in_time.rtp_time) == (200, 300)
    assert len(camera.send(SLICE, 400, marker=True)) == 1
    assert camera.receiver.statistics().closing is Closing.MARKER


def test_marker_on_parameter_sets_alone_does_not_cut_them_off_the_key_picture():
    camera = Camera()
    assert not camera.send(SPS, 100, marker=True)
    assert not camera.send(PPS, 100, marker=True)
    [unit] = camera.send(IDR, 100, marker=True)
    assert unit.payload == (SPS, PPS, IDR)
    assert camera.receiver.statistics().closing is Closing.MARKER


def test_padding_alone_behind_a_marker_is_no_packet_of_the_same_picture():
    """libwebrtc probes a link so where there is no RTX. Found in review: every picture came one later, for good."""
    for codec, nal in ((Codec.H264, IDR), (Codec.H265, b"\x26\x01\x80")):
        camera = Camera(codec)
        assert len(camera.send(nal, 100, marker=True)) == 1
        for rtp_time in (100, 100, 200):
            packet = (
                b"\xa0"
                + packets(
                    [bytes(9) + b"\x0a"],
                    payload_type=96,
                    sequence=camera.sequence,
                    rtp_time=rtp_time,
                    ssrc=9,
                    mark_last=False,
                )[0][1:]
            )
            camera.sequence += 1
            assert not camera.receiver.receive(packet, 0, len(packet), 0, 0)
        [unit] = camera.send(nal, 3_700, marker=True)
        assert (unit.rtp_time, unit.damaged, unit.lost_packets) == (3_700, False, 0)
        statistics = camera.receiver.statistics()
        assert (statistics.closing, statistics.malformed, statistics.packets) == (Closing.MARKER, 0, 5)


def test_parameter_sets_with_an_rtp_time_of_their_own_go_with_the_picture_that_follows():
    camera = Camera()
    assert not camera.send(SPS, 99, marker=True)
    assert not camera.send(PPS, 99, marker=True)
    [unit] = camera.send(IDR, 100, marker=True)
    assert (unit.payload, unit.rtp_time, unit.damaged) == ((SPS, PPS, IDR), 100, False)


def test_packets_after_the_marker_switch_the_stream_for_good_to_closing_by_rtp_time():
    camera = Camera()
    [cut] = camera.send(IDR, 100, marker=True)
    assert not camera.send(SECOND_SLICE, 100, marker=True)  # the device marks every slice
    [rest] = camera.send(SLICE, 200, marker=True)
    assert (cut.payload, rest.payload, rest.damaged) == ((IDR,), (SECOND_SLICE,), True)
    assert camera.receiver.statistics().closing is Closing.RTP_TIME

    assert not camera.send(SECOND_SLICE, 200, marker=True)
    [whole] = camera.send(SLICE, 300, marker=True)
    assert (whole.payload, whole.damaged) == ((SLICE, SECOND_SLICE), False)
    assert camera.receiver.statistics().closing is Closing.RTP_TIME


def test_loss_inside_a_picture_is_counted_on_it_and_it_is_damaged():
    camera = Camera()
    camera.send(IDR, 100)
    camera.lose(2)
    [unit] = camera.send(SECOND_SLICE, 100, marker=True)
    assert (unit.damaged, unit.lost_packets) == (True, 2)
    [after] = camera.send(SLICE, 200, marker=True)
    assert (after.damaged, after.lost_packets) == (False, 0)


def test_a_whole_picture_after_a_lost_one_is_not_damaged_but_carries_the_loss():
    camera = Camera()
    camera.send(IDR, 100, marker=True)
    camera.lose(3)
    [unit] = camera.send(SLICE, 300, marker=True)
    assert (unit.damaged, unit.lost_packets) == (False, 3)


def test_a_picture_whose_first_slice_was_lost_is_damaged():
    camera = Camera()
    camera.send(IDR, 100, marker=True)
    camera.lose()
    [unit] = camera.send(SECOND_SLICE, 200, marker=True)
    assert unit.damaged


def test_what_is_left_of_a_picture_without_slices_is_not_given_to_the_next():
    camera = Camera()
    stamp_of_lost = b"\x06\x05\x01\x00\x80"
    camera.send(stamp_of_lost, 100)
    camera.lose(4)
    [unit] = camera.send(SLICE, 200, marker=True)
    assert (unit.payload, unit.damaged, unit.lost_packets) == ((SLICE,), False, 4)


def test_ten_thousand_tiny_nals_are_one_unit_given_up_and_the_next_picture_is_whole():
    camera = Camera()
    for _ in range(10_000):
        assert not camera.send(b"\x41\x9a", 100)
    assert not camera.send(SLICE, 100, marker=True)
    [unit] = camera.send(IDR, 200, marker=True)
    assert unit.payload == (IDR,)
    assert camera.receiver.statistics().oversized == 1


def test_as_many_nals_in_aggregates_are_given_up_alike():
    camera = Camera()
    aggregate = b"\x18" + b"\0\2\x41\x9a" * (UNIT_MAX_NALS + 1)
    assert not camera.send(aggregate, 100, marker=True)
    [unit] = camera.send(IDR, 200, marker=True)
    assert unit.payload == (IDR,)
    assert camera.receiver.statistics().oversized == 1


def test_a_picture_at_the_size_limit_passes_and_one_over_it_is_given_up():
    camera = Camera()
    block = SLICE + bytes(65_536 - 3)
    for _ in range(UNIT_MAX_BYTES // 65_536 - 1):
        camera.send(block, 100)
    [unit] = camera.send(block, 100, marker=True)
    assert unit.size_bytes == UNIT_MAX_BYTES
    for _ in range(UNIT_MAX_BYTES // 65_536):
        camera.send(block, 200)
    assert not camera.send(SLICE, 200, marker=True)
    assert camera.receiver.statistics().oversized == 1
    assert camera.send(IDR, 300, marker=True)


def test_a_picture_without_end_is_bounded_and_counted_once():
    camera = Camera()
    for _ in range(200):
        assert not camera.send(SLICE + bytes(60_000), 100)
    assert camera.receiver.statistics().oversized == 1
    assert not camera.receiver.flush()


def test_h265_follows_the_same_rule():
    camera = Camera(Codec.H265)
    assert not camera.send(b"\x40\x01\x0c", 100, marker=True)
    [unit] = camera.send(b"\x26\x01\x80", 100, marker=True)
    assert (unit.payload, unit.key, unit.damaged) == ((b"\x40\x01\x0c", b"\x26\x01\x80"), True, False)
    [damaged] = camera.send(b"\x02\x01\x00", 200, marker=True)
    assert (damaged.key, damaged.damaged) == (False, True)


def test_a_marker_amid_a_fragmented_nal_ends_nothing():
    camera = Camera()
    assert not camera.send(IDR, 100)
    assert not camera.send(b"\x7c\x85\x44", 100, marker=True)
    [unit] = camera.send(b"\x7c\x45\x01", 100, marker=True)
    assert (unit.payload, unit.damaged) == ((IDR, b"\x65\x44\x01"), False)
    assert camera.receiver.statistics().closing is Closing.MARKER


def test_no_fragmented_nal_goes_on_in_the_next_picture():
    camera = Camera()
    assert not camera.send(SPS, 100)
    assert not camera.send(b"\x7c\x85\x88", 100)
    assert not camera.send(b"\x7c\x05\x01", 200)
    [unit] = camera.send(SLICE, 200, marker=True)
    assert (unit.payload, unit.damaged) == ((SLICE,), True)


def test_a_picture_in_which_the_count_began_anew_is_damaged():
    camera = Camera()
    camera.send(IDR, 100)
    camera.lose(20_000)
    camera.send(SECOND_SLICE, 100)
    [unit] = camera.send(SECOND_SLICE, 100, marker=True)
    assert (len(unit.payload), unit.damaged, unit.lost_packets) == (3, True, 0)

import pytest

from gateway.stream.gap_detector import GapDetector
from media import AccessUnit, GapCause, Placement
from tests.gateway.fragments import START_UTC_NS

MS = 1_000_000
INTERVAL_NS = 40 * MS


def unit(lost_packets: int = 0) -> AccessUnit:
    return AccessUnit((b"\x65",), 0, 0, 0, True, lost_packets=lost_packets)


def placed(at_ms: int, *, reanchored: bool = False) -> Placement:
    return Placement(0, 0, START_UTC_NS + at_ms * MS, 0, 0, 0, reanchored)


@pytest.fixture
def detector() -> GapDetector:
    """One that has seen a second of 25 pictures, the last at 960 ms."""
    detector = GapDetector(lambda: START_UTC_NS)
    for n in range(25):
        assert detector.missing_before(unit(), placed(n * 40)) is None
        detector.passed(placed(n * 40), INTERVAL_NS)
    return detector


def test_footage_ends_one_interval_after_the_last_unit(detector: GapDetector) -> None:
    assert detector.placed_end_ns == START_UTC_NS + 1_000 * MS


def test_a_slower_picture_rate_is_no_gap(detector: GapDetector) -> None:
    assert detector.missing_before(unit(), placed(1_160)) is None
    assert detector.missing_before(unit(), placed(1_860)) is None


def test_a_hole_of_a_second_without_loss_is_the_device_that_paused(detector: GapDetector) -> None:
    assert detector.missing_before(unit(), placed(2_000)) == (
        GapCause.DEVICE_PAUSED,
        START_UTC_NS + 1_000 * MS,
        START_UTC_NS + 2_000 * MS,
    )


def test_a_lost_picture_is_a_gap_of_its_own_length(detector: GapDetector) -> None:
    assert detector.missing_before(unit(lost_packets=3), placed(1_040)) == (
        GapCause.PACKET_LOSS,
        START_UTC_NS + 1_000 * MS,
        START_UTC_NS + 1_040 * MS,
    )


def test_packets_lost_inside_a_picture_are_no_gap(detector: GapDetector) -> None:
    assert detector.missing_before(unit(lost_packets=1), placed(1_000)) is None


def test_the_steps_of_b_frames_are_no_loss(detector: GapDetector) -> None:
    detector.reorder_depth = 2
    assert detector.missing_before(unit(lost_packets=1), placed(1_080)) is None
    assert detector.missing_before(unit(lost_packets=1), placed(1_160)) is not None


def test_a_jump_of_rtp_time_is_said_to_be_one(detector: GapDetector) -> None:
    assert detector.missing_before(unit(), placed(3_000, reanchored=True)) == (
        GapCause.RTP_JUMP,
        START_UTC_NS + 1_000 * MS,
        START_UTC_NS + 3_000 * MS,
    )
    assert detector.missing_before(unit(), placed(1_000, reanchored=True)) is None


def test_a_jump_of_rtp_time_that_costs_less_than_a_second_is_a_gap_too(detector: GapDetector) -> None:
    assert detector.missing_before(unit(), placed(1_500, reanchored=True)) == (
        GapCause.RTP_JUMP,
        START_UTC_NS + 1_000 * MS,
        START_UTC_NS + 1_500 * MS,
    )
    assert detector.missing_before(unit(), placed(1_015, reanchored=True)) is None  # jitter


def test_the_steps_of_a_pyramid_of_b_frames_are_learned_from_it(detector: GapDetector) -> None:
    detector.reorder_depth = 2
    for at_ms in (1_120, 1_040, 1_000, 1_080):  # I P B b b: the picture goes ahead by four
        detector.passed(placed(at_ms), INTERVAL_NS)
    assert detector.missing_before(unit(lost_packets=1), placed(1_280)) is None
    assert detector.missing_before(unit(), placed(1_280, reanchored=True)) is None


def test_the_room_for_b_frames_is_given_up_where_none_come_any_more(detector: GapDetector) -> None:
    """It would hide every loss that is shorter, for the rest of the stream."""
    for at_ms in (1_720, 1_000):
        detector.passed(placed(at_ms), INTERVAL_NS)
    for n in range(600):
        detector.passed(placed(1_760 + n * 40), INTERVAL_NS)
    last_ms = 1_760 + 599 * 40
    assert detector.missing_before(unit(lost_packets=9), placed(last_ms + 480)) == (
        GapCause.PACKET_LOSS,
        START_UTC_NS + (last_ms + 40) * MS,
        START_UTC_NS + (last_ms + 480) * MS,
    )


def test_a_gap_leaves_room_for_as_many_b_frames_as_there_may_be_where_none_have_come_of_late(
    detector: GapDetector,
) -> None:
    """An encoder that does without them for ten seconds, and begins again behind a loss."""
    detector.reorder_depth = 2
    missing = detector.missing_before(unit(lost_packets=9), placed(2_000))
    assert missing is not None
    assert missing[2] == START_UTC_NS + 1_920 * MS


def test_the_room_for_b_frames_is_kept_while_they_come(detector: GapDetector) -> None:
    for n in range(200):
        base_ms = 1_000 + n * 160
        for at_ms in (120, 40, 0, 80):
            detector.passed(placed(base_ms + at_ms), INTERVAL_NS)
    assert detector.missing_before(unit(lost_packets=1), placed(1_000 + 200 * 160 + 120)) is None


def test_a_gap_leaves_room_for_the_b_frames_that_follow(detector: GapDetector) -> None:
    for at_ms in (1_120, 1_040, 1_000, 1_080):
        detector.passed(placed(at_ms), INTERVAL_NS)
    assert detector.missing_before(unit(), placed(4_120)) == (
        GapCause.DEVICE_PAUSED,
        START_UTC_NS + 1_160 * MS,
        START_UTC_NS + 4_000 * MS - 1,
    )


def test_the_room_for_b_frames_does_not_lack_the_nanosecond_by_which_ticks_are_rounded(detector: GapDetector) -> None:
    """Drawn fault 335104: the first picture behind a pause stood one nanosecond inside of the gap."""
    newest_ns, back_ns = START_UTC_NS + 960 * MS, 119_944_444

    def shown(at_ns: int) -> Placement:
        return Placement(0, 0, at_ns, 0, 0, 0, False)

    detector.passed(shown(newest_ns - back_ns), INTERVAL_NS)
    behind = shown(newest_ns + 5_000 * MS)
    missing = detector.missing_before(unit(), behind)
    assert missing is not None
    assert missing[2] <= behind.placed_utc_ns - back_ns - 1


def test_a_track_that_comes_late_was_missing_from_the_streams_begin() -> None:
    detector = GapDetector(lambda: START_UTC_NS)
    assert detector.missing_before(unit(), placed(900)) is None
    assert detector.missing_before(unit(), placed(9_000)) == (
        GapCause.DEVICE_PAUSED,
        START_UTC_NS,
        START_UTC_NS + 9_000 * MS,
    )


def test_a_track_that_ended_long_before_its_stream_was_missing_until_the_end(detector: GapDetector) -> None:
    assert detector.missing_at_end(START_UTC_NS + 1_900 * MS) is None
    assert detector.missing_at_end(START_UTC_NS + 9_000 * MS) == (
        GapCause.DEVICE_PAUSED,
        START_UTC_NS + 1_000 * MS,
        START_UTC_NS + 9_000 * MS,
    )

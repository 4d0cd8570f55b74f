"""RTP time on its way out: exact within a stream, and going on by placed time over jumps and returns."""

from media.rtp import OutgoingTime

SECOND_NS = 1_000_000_000
RATE = 90_000


def test_within_a_stream_every_stamp_keeps_its_distance() -> None:
    time = OutgoingTime(RATE, 7)
    first = time.of_unit(500, SECOND_NS)
    assert first > 7
    assert [time.of_unit(500 + step, SECOND_NS) - first for step in (3_600, 3_611, 1 << 33)] == [3_600, 3_611, 1 << 33]


def test_a_return_and_a_jump_go_on_by_placed_time_and_never_back() -> None:
    time = OutgoingTime(RATE, 0)
    before = time.of_unit(10, SECOND_NS)
    time.break_off()
    assert time.of_unit(77_777, 11 * SECOND_NS) - before == 10 * RATE
    jumped = time.of_unit(1, 12 * SECOND_NS, jumped=True)
    assert jumped - before == 11 * RATE
    time.break_off()
    assert time.of_unit(5, SECOND_NS) == jumped + 1  # placed before what was sent: right behind it


def test_an_instant_has_a_time_and_the_time_an_instant() -> None:
    time = OutgoingTime(RATE, 1 << 31)
    assert time.at(SECOND_NS) is None
    newest = time.of_unit(0, 5 * SECOND_NS)
    assert time.at(6 * SECOND_NS) == newest + RATE
    assert time.at(4 * SECOND_NS) == newest - RATE
    for instant in (4 * SECOND_NS, 5 * SECOND_NS, 6 * SECOND_NS):
        wrapped = (time.at(instant) or 0) & 0xFFFF_FFFF
        assert time.placed_at(wrapped) == instant


def test_pictures_that_are_shown_before_earlier_ones_are_noticed_until_the_stream_ends() -> None:
    time = OutgoingTime(RATE, 0)
    for rtp_time in (0, 3_600, 3_600):
        time.of_unit(rtp_time, SECOND_NS)
    assert not time.reordered
    time.of_unit(1_800, SECOND_NS)
    assert time.reordered
    time.break_off()
    assert not time.reordered

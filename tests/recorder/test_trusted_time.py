"""The time that footage grows old by: a clock that is ahead has to run for a day before anything is deleted by it."""

import pytest

from recorder.retention import Believed, TrustedTime, first_belief
from tests.storage.footage import MORNING_NS, StoppedClock

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS


@pytest.fixture
def clock():
    return StoppedClock()


def test_it_is_the_wall_clock_while_that_runs_as_time_does(clock):
    time = TrustedTime(clock)
    for _ in range(100):
        clock.pass_s(3_000)
        assert time.utc_ns() == clock.utc
    assert not time.doubted


def test_a_step_back_is_followed_at_once(clock):
    time = TrustedTime(clock)
    clock.utc -= 5 * DAY_NS
    assert time.utc_ns() == clock.utc


def test_a_step_ahead_is_followed_after_a_day_of_running(clock):
    time = TrustedTime(clock)
    clock.utc += 400 * DAY_NS
    started = MORNING_NS
    assert time.utc_ns() == started
    clock.pass_s(23 * 3_600)
    assert time.utc_ns() == started + 23 * HOUR_NS
    clock.pass_s(3_600)
    assert time.utc_ns() == clock.utc


def test_a_second_step_within_the_day_begins_it_anew(clock):
    """Else what was set in the last minute of the day would be believed at once."""
    time = TrustedTime(clock)
    clock.utc += DAY_NS
    time.utc_ns()
    clock.pass_s(23 * 3_600)
    time.utc_ns()
    clock.utc += 10 * DAY_NS
    time.utc_ns()
    clock.pass_s(2 * 3_600)
    assert time.utc_ns() == MORNING_NS + 25 * HOUR_NS
    clock.pass_s(23 * 3_600)
    assert time.utc_ns() == clock.utc


def test_a_clock_that_was_ahead_and_is_set_right_is_followed_at_once(clock):
    time = TrustedTime(clock)
    clock.utc += 10 * DAY_NS
    time.utc_ns()
    clock.pass_s(3_600)
    clock.utc -= 10 * DAY_NS
    assert time.utc_ns() == clock.utc
    assert not time.doubted


def test_a_machine_that_boots_with_its_clock_ahead_goes_on_from_what_was_believed(clock):
    believed = Believed(clock.utc - 60 * 10**9)
    clock.utc += 10 * DAY_NS
    time = TrustedTime(clock, believed)
    assert time.utc_ns() == believed.utc_ns
    clock.pass_s(24 * 3_600)
    assert time.utc_ns() == clock.utc


def test_doubt_outlives_restarts_and_so_does_the_time_that_it_has_run(clock):
    """A machine that is restarted each noon would else never believe its clock, and one that is restarted at once would
    believe a wrong one."""
    time = TrustedTime(clock)
    clock.utc += 10 * DAY_NS
    time.utc_ns()
    for _ in range(3):
        clock.pass_s(6 * 3_600)
        time.utc_ns()
        time = TrustedTime(clock, time.believed)
        assert time.utc_ns() < MORNING_NS + DAY_NS
    clock.pass_s(6 * 3_600)
    assert time.utc_ns() == clock.utc


def test_nights_and_a_weekend_without_power_do_not_keep_a_true_clock_from_being_believed(clock):
    time = TrustedTime(clock)
    for hours_off in (14, 14, 48):
        clock.pass_s(10 * 3_600)
        time.utc_ns()
        clock.utc += hours_off * HOUR_NS
        time = TrustedTime(clock, time.believed)
        assert time.utc_ns() < clock.utc
    clock.pass_s(10 * 3_600)
    assert time.utc_ns() == clock.utc


def test_a_clock_that_nobody_has_set_says_nothing(clock):
    time = TrustedTime(clock)
    time.utc_ns()
    right = clock.utc
    clock.utc = 60 * 10**9  # booted in 1970
    time = TrustedTime(clock, time.believed)
    assert time.utc_ns() == right
    clock.pass_s(20)
    clock.utc = right + 300 * 10**9  # and set by the network
    assert time.utc_ns() == clock.utc


def test_where_nothing_was_believed_yet_newest_footage_and_ledger_say_what_time_it_is_at_least():
    assert first_belief(MORNING_NS, MORNING_NS + 5) == Believed(MORNING_NS)
    assert first_belief(0, MORNING_NS) == Believed(MORNING_NS)
    assert first_belief(60 * 10**9, 0) is None

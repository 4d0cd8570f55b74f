import pytest

from storage import SteadyClock
from storage.steady_clock import BORN_UTC_NS
from tests.storage.manual_clock import START_UTC_NS, ManualClock

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def steps():
    return []


@pytest.fixture
def steady(clock, steps):
    return SteadyClock(clock, steps.append)


def since_start_s(steady):
    return (steady.utc_ns() - START_UTC_NS) / 1e9


def test_it_is_the_wall_clock_while_nobody_sets_that(clock, steady, steps):
    for _ in range(100):
        clock.advance(1)
        assert steady.utc_ns() == clock.utc_ns()
        assert steady.mono_ns() == clock.mono_ns()
    assert steps == []


def test_a_clock_that_is_set_ahead_is_followed_at_once_and_told(clock, steady, steps):
    clock.step_wall(HOUR_S)
    assert since_start_s(steady) == HOUR_S
    assert steps == [HOUR_S * 10**9]


def test_a_clock_that_is_set_back_does_not_take_time_back(clock, steady, steps):
    clock.advance(10)
    steady.utc_ns()
    clock.step_wall(-HOUR_S)
    assert since_start_s(steady) == 10
    assert steady.ahead_ns == HOUR_S * 10**9
    clock.advance(100)
    assert since_start_s(steady) == pytest.approx(110, abs=0.11)  # slewed by a thousandth
    assert since_start_s(steady) < 110
    assert steps == [-HOUR_S * 10**9]


def test_a_clock_that_was_wrong_for_a_while_costs_nothing(clock, steady):
    clock.step_wall(-HOUR_S)
    steady.utc_ns()
    clock.advance(60)
    clock.step_wall(HOUR_S)
    assert steady.utc_ns() == clock.utc_ns()


def test_it_comes_back_to_the_wall_clock_in_the_end_and_never_turns_back(clock, steady):
    clock.step_wall(-60)
    before = steady.utc_ns()
    for _ in range(700):
        clock.advance(100)
        now = steady.utc_ns()
        assert now > before
        before = now
    assert steady.utc_ns() == clock.utc_ns()


def test_a_clock_that_ran_in_the_wrong_year_is_followed_back(clock, steady):
    clock.step_wall(-100 * DAY_S)
    assert steady.utc_ns() == clock.utc_ns() >= BORN_UTC_NS


def test_a_clock_that_was_lost_is_not_followed_back(clock, steady):
    clock.step_wall(-START_UTC_NS / 1e9)  # to 1970
    clock.advance(5)
    assert since_start_s(steady) == pytest.approx(5, abs=0.01)


def test_after_a_boot_in_1970_time_goes_on_where_footage_ended_and_follows_the_clock_once_it_is_set():
    clock = ManualClock(utc_ns=60 * 10**9)
    steady = SteadyClock(clock)
    steady.not_before(START_UTC_NS)
    assert since_start_s(steady) == 0
    clock.advance(30)
    assert since_start_s(steady) == pytest.approx(30, abs=0.1)
    clock.step_wall(START_UTC_NS / 1e9 + DAY_S)
    assert steady.utc_ns() == clock.utc_ns() > START_UTC_NS + DAY_S * 10**9


def test_after_a_restart_it_does_not_go_back_into_what_was_recorded_before_the_clock_was_set_back(clock, steady):
    steady.not_before(START_UTC_NS + HOUR_S * 10**9)
    assert since_start_s(steady) == HOUR_S


def test_footage_of_a_wrong_year_does_not_hold_the_clock_there(clock, steady):
    steady.not_before(START_UTC_NS + 400 * DAY_S * 10**9)
    assert since_start_s(steady) == 0

"""Faults by the clock, with a clock of the test's own."""

import math

import pytest

from mingjing.simulator.faults import SECOND_NS, DeviceClock, Faults, Stalls


def test_a_link_stands_still_for_its_time_at_each_interval():
    stalls = Stalls(Faults(stall_every_s=10, stall_s=3), 0, phase=0)
    still = [second for second in range(40) if stalls.until(second * SECOND_NS)]
    assert still == [5, 6, 7, 15, 16, 17, 25, 26, 27, 35, 36, 37]


def test_the_end_of_a_stall_is_told():
    stalls = Stalls(Faults(stall_every_s=10, stall_s=3), 0, phase=0)
    assert stalls.until(5 * SECOND_NS) == 8 * SECOND_NS
    assert stalls.until(7 * SECOND_NS) == 8 * SECOND_NS
    assert stalls.until(8 * SECOND_NS) == 0


def test_devices_stall_at_different_moments_and_one_that_never_comes_back_says_so():
    faults = Faults(stall_every_s=10, stall_s=math.inf)
    early, late = Stalls(faults, 0, 0.0), Stalls(faults, 0, 0.8)
    assert math.isinf(early.until(6 * SECOND_NS))
    assert late.until(6 * SECOND_NS) == 0
    assert math.isinf(late.until(9 * SECOND_NS))


def test_without_the_fault_a_link_never_stands_still():
    assert Stalls(Faults(), 0, 0).until(10**15) == 0


def test_a_fast_clock_plays_more_in_the_same_time_and_is_wrong_by_its_offset():
    clock = DeviceClock(Faults(drift_ppm=500, clock_offset_s=3_600), 1_000, 0)
    assert clock.media_at(1_000 + 100 * SECOND_NS) == 100_050_000_000
    assert clock.mono_at(100_050_000_000) == 1_000 + 100 * SECOND_NS
    assert clock.utc_at(1_000) == 3_600 * SECOND_NS
    assert clock.utc_at(1_000 + 100 * SECOND_NS) == 3_600 * SECOND_NS + 100_050_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"loss": 1.5},
        {"loss": -0.1},
        {"share": 2},
        {"stall_s": 5},
        {"stall_every_s": 5},
        {"stall_s": 5, "stall_every_s": 5},
        {"stall_s": -1, "stall_every_s": 5},
        {"drift_ppm": 200_000},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r".+"):
        Faults(**wrong)

"""An hour of sound stays where its units say it stands, whatever clock they are stamped by."""

from collections.abc import Callable

import pytest

from workers.inside.run_clock import RunClock

HOUR_S = 3_600
FRAME = 1_024

# What a unit of the n-th frame is stamped with, at 44,100 samples a second, by what clock.
STAMPS: dict[str, tuple[int, Callable[[int], int]]] = {
    "its samples": (44_100, lambda n: n * FRAME),
    "whole milliseconds": (44_100, lambda n: n * FRAME * 1_000 // 44_100 * 441 // 10),
    "an RTP clock of pictures": (90_000, lambda n: n * FRAME * 90_000 // 44_100),
    "a clock 200 ppm fast": (44_100, lambda n: n * FRAME + n * FRAME * 200 // 1_000_000),
    "a clock 200 ppm slow": (44_100, lambda n: n * FRAME - n * FRAME * 200 // 1_000_000),
    "a clock that jitters by 20 ms": (44_100, lambda n: n * FRAME + (n * 7_919 % 1_764) - 882),
}
EXACT = ("its samples", "whole milliseconds", "an RTP clock of pictures")


@pytest.mark.parametrize("stamped", STAMPS)
def test_an_hour_of_sound_is_never_more_than_40_ms_off_its_stamps(stamped: str) -> None:
    clock_rate, stamp = STAMPS[stamped]
    clock = RunClock(stamp(0), clock_rate, 44_100, 48_000)
    made = decoded = mended = 0  # samples of 48 kHz behind what was decoded and mended
    worst = 0.0
    for n in range(HOUR_S * 44_100 // FRAME):
        mending = clock.look(stamp(n))
        assert not mending.ends
        mended += mending.silence - mending.leave_out
        made = decoded * 48_000 // 44_100 + mended
        worst = max(worst, abs(made / 48_000 - (stamp(n) - stamp(0)) / clock_rate))
        clock.passed(FRAME)
        decoded += FRAME
    assert worst <= 0.04
    assert (mended == 0) == (stamped in EXACT)


@pytest.mark.parametrize(("later_ms", "ends"), [(26, False), (200, False), (201, True), (-26, False), (-1_001, True)])
def test_a_hole_is_filled_up_to_a_fifth_of_a_second_and_ends_the_run_beyond(later_ms: int, ends: bool) -> None:
    clock = RunClock(0, 8_000, 8_000, 8_000)
    clock.passed(16_000)
    mending = clock.look(16_000 + later_ms * 8)
    assert mending.ends is ends
    assert mending.silence - mending.leave_out == (0 if ends else later_ms * 8)
    assert ends or clock.apart(16_000 + later_ms * 8) == 0

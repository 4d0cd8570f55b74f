"""A leak is seen, a leap is not taken for one."""

import random

import pytest

from mingjing.bench.soak.flatness import flatness, slope, unexplained
from mingjing.bench.soak.samples import Sample
from mingjing.bench.soak.verdict import flatnesses

TIMES = [float(second) for second in range(0, 3_600, 10)]


def breathing(seed=1, base=300.0):
    chance = random.Random(seed)
    return [base + chance.gauss(0, 2) for _ in TIMES]


def test_what_breathes_is_flat():
    assert flatness("rss_mb", TIMES, breathing()).flat


def test_a_leak_of_ten_megabytes_an_hour_is_found_in_the_noise():
    found = flatness("rss_mb", TIMES, [value + 10 * at / 3_600 for value, at in zip(breathing(), TIMES, strict=True)])
    assert not found.flat
    assert found.growth_an_hour == pytest.approx(10, abs=1)


def test_a_leap_and_some_wild_samples_are_no_growth():
    values = breathing()
    values[200] = values[50] = 900.0
    assert flatness("rss_mb", TIMES, values).flat


def test_one_task_a_minute_that_never_ends_is_found():
    assert not flatness("tasks", TIMES, [1_000 + at / 60 for at in TIMES]).flat
    assert not flatness("threads", TIMES, [20 + at // 600 for at in TIMES]).flat


def test_a_slope_needs_two_samples_and_a_thousand_are_thinned():
    assert slope([1.0], [5.0]) == 0.0
    many = [float(n) for n in range(5_000)]
    assert slope(many, [3 * n for n in many]) == pytest.approx(3)


def crowd(seed):
    """Viewers that come and go."""
    chance = random.Random(seed)
    present, counts = 20, []
    for _ in TIMES:
        present = max(0, present + chance.choice((-3, -2, -1, 0, 1, 2, 3)))
        counts.append(float(present))
    return counts


@pytest.mark.parametrize("seed", range(5))
def test_viewers_that_come_and_go_are_no_growth_and_hide_none(seed):
    chance = random.Random(seed)
    viewers = crowd(seed)
    tasks = [300 + 4 * count + chance.gauss(0, 2) for count in viewers]
    assert flatness("tasks", TIMES, unexplained(tasks, viewers)).flat
    leaking = [value + 20 * at / 3_600 for value, at in zip(tasks, TIMES, strict=True)]
    found = flatness("tasks", TIMES, unexplained(leaking, viewers))
    assert found.growth == pytest.approx(20, abs=5)
    assert not found.flat


def sample(at_s, rss_mb):
    return Sample(at_s, rss_mb, 100, 10, 50, 1.0, 1.0, 1.0, 3, 1, 0, 0.0)


def test_what_warms_up_is_left_out_and_a_short_run_is_not_long_enough():
    rising = [sample(at, min(300.0, 100 + at)) for at in TIMES]
    found = {one.quantity: one for one in flatnesses(rising)}
    assert found["rss_mb"].flat
    assert found["rss_mb"].long_enough
    assert not flatnesses(rising[:20])[0].long_enough
    assert flatnesses([]) == []

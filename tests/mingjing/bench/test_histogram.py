"""Percentiles of many durations from several processes."""

import random

from mingjing.bench.histogram import COARSE_NS, FINE_NS, Histogram

MS = 1_000_000


def histogram(*durations_ms):
    made = Histogram()
    for duration in durations_ms:
        made.add(round(duration * MS))
    return made


def test_a_percentile_is_never_less_than_what_was_measured_and_at_most_a_slot_more():
    chance = random.Random(1)
    durations = [chance.expovariate(1 / 20) for _ in range(5_000)]
    made = histogram(*durations)
    durations.sort()
    for percent in (50, 95, 99, 100):
        exact = durations[max(0, round(len(durations) * percent / 100) - 1)]
        assert exact <= made.percentile_ms(percent) + 0.001
        assert made.percentile_ms(percent) <= exact + 2 * FINE_NS / MS


def test_seconds_are_kept_more_coarsely_and_not_cut_off():
    made = histogram(7_000)
    assert 7_000 <= made.percentile_ms(50) <= 7_000 + COARSE_NS / MS


def test_no_samples_are_no_latency_and_a_clock_that_steps_back_by_a_grain_is_nothing():
    assert Histogram().percentile_ms(99) == 0
    made = Histogram()
    made.add(-5)
    assert made.percentile_ms(99) <= 0.1


def test_several_processes_are_one_distribution_and_not_a_mean_of_percentiles():
    quick, slow = histogram(*[1] * 980), histogram(*[200] * 20)
    both = Histogram.from_json(quick.as_json())
    both.merge(Histogram.from_json(slow.as_json()))
    assert both.count == 1_000
    assert both.percentile_ms(50) < 2
    assert both.percentile_ms(99) > 199

"""What a client counts, and how it is not fooled."""

import pytest

from mingjing.bench.counts import SILENT_AFTER_NS, Counts, UnitCount, silent, together
from mingjing.bench.histogram import Histogram

MS = 1_000_000


@pytest.fixture
def counts():
    return Counts()


def test_loss_duplicates_and_order_are_counted_by_numbers(counts):
    units = UnitCount(counts, 0)
    for n in (10, 11, 14, 14, 12, 15):
        units.unit(n, 0, MS)
    assert (counts.received, counts.lost, counts.duplicated) == (4, 2, 2)


def test_pictures_that_the_server_kept_for_newcomers_are_not_late(counts):
    units = UnitCount(counts, opened_ns=1_000 * MS)
    units.unit(1, sent_ns=100 * MS, now_ns=1_010 * MS)
    units.unit(2, sent_ns=140 * MS, now_ns=1_010 * MS)
    assert counts.latency.count == 0
    units.unit(3, sent_ns=1_040 * MS, now_ns=1_045 * MS)
    assert counts.latency.count == 1
    assert 5 <= counts.latency.percentile_ms(50) <= 5.1
    assert 10 <= counts.first_picture.percentile_ms(50) <= 10.1


def test_the_warm_up_is_forgotten_but_not_which_picture_came_last(counts):
    units = UnitCount(counts, 0)
    units.unit(1, 0, 900 * MS)
    units.unit(5, 800 * MS, 999 * MS)
    counts.begin()
    units.unit(6, 1_000 * MS, 1_001 * MS)
    units.unit(8, 1_080 * MS, 1_081 * MS)
    assert (counts.received, counts.lost) == (2, 1)
    assert counts.latency.percentile_ms(100) < 2


def test_a_client_to_which_nothing_comes_is_silent_also_when_nothing_ever_came(counts):
    fed, starved, never = (UnitCount(counts, 0) for _ in range(3))
    now = 10 * SILENT_AFTER_NS
    fed.unit(1, 0, now - 1)
    starved.unit(1, 0, now - 2 * SILENT_AFTER_NS)
    assert silent([fed, starved, never], now) == 2
    assert counts.lost == 0  # which is why silence is told of


def test_processes_are_added_up(counts):
    counts.received = 3
    counts.latency.add(MS)
    answers = [counts.as_json(1, Histogram()), counts.as_json(0, Histogram())]
    numbers, durations = together(answers)
    assert (numbers["received"], numbers["silent"], durations["latency"].count) == (6, 1, 2)

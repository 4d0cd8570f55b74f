"""The loop's lag between two readings, not since the start and not of the last minute."""

from mingjing.bench.server import Metrics, lag_between
from mingjing.loop_lag import BUCKETS_MS, LoopLag
from storage import SystemClock


def reading(lag, max_ms):
    ends = [*(f"{end / 1_000:g}" for end in BUCKETS_MS), "+Inf"]
    lines = [
        f'mingjing_loop_lag_seconds_bucket{{le="{end}"}} {count}'
        for end, count in zip(ends, lag.buckets(), strict=True)
    ]
    return Metrics.parse(
        "\n".join([*lines, f'mingjing_loop_lag_milliseconds{{quantile="1"}} {max_ms}', 'x{a="b"} 2', 'x{a="c"} 3'])
    )


def counted(*lags_ms, lag=None):
    lag = lag or LoopLag(SystemClock())
    for ms in lags_ms:
        lag._count(round(ms * 1e6))
    return lag


def test_what_was_before_the_first_reading_is_not_in_it():
    lag = counted(*[400] * 50)
    before = reading(lag, 400)
    after = reading(counted(*[0.5] * 1_000, lag=lag), 400)
    p99_ms, max_ms = lag_between(before, after)
    assert p99_ms <= 1
    assert max_ms == 1  # the last minute's 400 ms was before: the end of the bucket stands for it


def test_the_maximum_is_the_servers_own_where_it_falls_into_the_window():
    lag = counted()
    before = reading(lag, 0)
    p99_ms, max_ms = lag_between(before, reading(counted(*[1] * 90, *[40] * 9, 123, lag=lag), 123.4))
    assert 30 < p99_ms <= 50
    assert max_ms == 123.4


def test_the_end_of_a_gates_bucket_is_not_passed_by_interpolation():
    lag = counted()
    before = reading(lag, 0)
    p99_ms, _ = lag_between(before, reading(counted(*[1] * 98, 30.5, 31, lag=lag), 31))
    assert p99_ms > 30


def test_no_samples_are_no_lag_and_families_are_added_up():
    one = reading(counted(), 0)
    assert lag_between(one, one) == (0.0, 0.0)
    assert one.total("x") == 5
    assert one["not there"] == 0

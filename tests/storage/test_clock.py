from datetime import UTC, datetime

from storage import SystemClock, iso_from_ns, utc_from_ns


def test_times_are_written_in_utc_with_milliseconds_and_a_z():
    assert iso_from_ns(1_800_000_000_123_999_999) == "2027-01-15T08:00:00.123Z"
    assert iso_from_ns(1_800_000_000_000_000_000) == "2027-01-15T08:00:00.000Z"


def test_times_before_1970_are_times_too():
    assert iso_from_ns(-1) == "1969-12-31T23:59:59.999Z"


def test_a_nanosecond_count_becomes_an_aware_datetime_without_float_rounding():
    moment = utc_from_ns(1_800_000_000_123_456_789)
    assert moment == datetime(2027, 1, 15, 8, 0, 0, 123_456, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_the_system_clock_gives_wall_time_and_a_monotonic_time_that_never_goes_back():
    clock = SystemClock()
    assert abs(clock.utc_ns() / 1e9 - datetime.now(UTC).timestamp()) < 5
    times = [clock.mono_ns() for _ in range(1000)]
    assert times == sorted(times)

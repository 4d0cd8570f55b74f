"""The clock of a film: placed time, going forward over all streams."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recorder.export.film_clock import FilmClock

MS = 1_000_000
FRAME = 40 * MS


def at(clock, placed_ms, position_ms=None):
    return clock.at(placed_ms * MS, (placed_ms if position_ms is None else position_ms) * MS, FRAME) / MS


def test_a_film_shows_footage_when_it_was_placed():
    clock = FilmClock()
    clock.begin("a")
    assert [at(clock, placed) for placed in (0, 40, 900)] == [0, 40, 900]
    clock.begin("b")
    assert at(clock, 5_000, 7) == 5_000
    assert (clock.squeezed, clock.off_max_ns) == ([], 0)


def test_sound_that_comes_behind_a_picture_and_stands_before_it_is_shown_before_it():
    clock = FilmClock()
    clock.begin("a")
    assert [at(clock, placed) for placed in (1_040, 1_000)] == [1_040, 1_000]


def test_a_stream_goes_by_its_own_count_until_placed_time_is_a_frame_of_sound_ahead():
    clock = FilmClock()
    clock.begin("a")
    shown = [at(clock, counted + counted // 1_000, counted) for counted in range(0, 40_001, 40)]
    steps = {round(after - before) for before, after in pairwise(shown)}
    assert steps == {40, 60}
    assert shown[-1] == 40_040
    assert clock.off_max_ns < 20 * MS


def test_a_film_that_is_ahead_of_placed_time_loses_that_where_something_is_missing():
    clock = FilmClock()
    clock.begin("a")
    shown = [at(clock, counted - counted // 1_000, counted) for counted in range(0, 40_001, 40)]
    assert shown == list(range(0, 40_001, 40))
    assert clock.off_max_ns == 40 * MS
    assert at(clock, 49_960, 50_000) == 49_960


def test_what_stands_on_the_end_of_the_stream_before_runs_twice_as_fast_until_the_clock_is_true():
    clock = FilmClock()
    clock.begin("a")
    at(clock, 960)
    clock.begin("b")
    shown = [at(clock, placed) for placed in range(600, 1_801, 40)]
    assert shown[0] == 1_000
    assert shown[5] == 1_100
    assert shown[20:] == list(range(1_400, 1_801, 40))
    assert clock.squeezed == [(600 * MS, 1_400 * MS)]


def test_a_hint_of_a_long_picture_squeezes_nothing():
    clock = FilmClock()
    clock.begin("a")
    clock.at(0, 0, 1_000 * MS)
    clock.begin("b")
    assert at(clock, 500) == 500


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 200), st.integers(-2_000, 2_000)), max_size=60))
def test_nothing_is_ever_shown_before_what_came_before_it(steps):
    clock, placed, stream, before = FilmClock(), 10_000 * MS, 0, None
    clock.begin("0")
    for kind, forward, back in steps:
        if kind == 3:
            stream += 1
            clock.begin(str(stream))
            placed += back * MS
        placed += forward * MS
        shown = clock.at(placed, placed, FRAME)
        assert before is None or shown > before
        before = shown

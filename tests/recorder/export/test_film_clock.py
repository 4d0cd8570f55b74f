"""The clock of a film: placed time, going forward over all streams."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.export.film_clock import FilmClock

MS = 1_000_000


def test_a_film_shows_footage_when_it_was_placed():
    clock = FilmClock()
    clock.begin("a")
    assert [clock.at(at * MS, 40 * MS) for at in (0, 40, 900)] == [0, 40 * MS, 900 * MS]
    clock.begin("b")
    assert clock.at(5_000 * MS, 40 * MS) == 5_000 * MS
    assert clock.squeezed == []


def test_sound_that_comes_behind_a_picture_and_stands_before_it_is_shown_before_it():
    clock = FilmClock()
    clock.begin("a")
    assert [clock.at(at * MS, 40 * MS) for at in (1_040, 1_000)] == [1_040 * MS, 1_000 * MS]


def test_what_stands_on_the_end_of_the_stream_before_runs_twice_as_fast_until_the_clock_is_true():
    clock = FilmClock()
    clock.begin("a")
    clock.at(960 * MS, 40 * MS)
    clock.begin("b")
    shown = [clock.at(at * MS, 40 * MS) for at in range(600, 1_801, 40)]
    assert shown[0] == 1_000 * MS
    assert shown[5] == 1_100 * MS
    assert shown[20:] == [at * MS for at in range(1_400, 1_801, 40)]
    assert clock.squeezed == [(600 * MS, 1_400 * MS)]


def test_a_hint_of_a_long_picture_squeezes_nothing():
    clock = FilmClock()
    clock.begin("a")
    clock.at(0, 1_000 * MS)
    clock.begin("b")
    assert clock.at(500 * MS, 40 * MS) == 500 * MS


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
        shown = clock.at(placed, 40 * MS)
        assert before is None or shown > before
        before = shown

from hypothesis import given, settings
from hypothesis import strategies as st

from media.delay_window import SLICE_NS, SLICES, DelayWindow

S = 1_000_000_000


def test_the_smallest_counts_until_its_slice_is_two_minutes_old() -> None:
    window = DelayWindow()
    window.observe(10, S)
    for second in range(2, 130):
        window.observe(50, second * S)
        assert window.smallest_ns == 10
    for second in range(130, 145):
        window.observe(50, second * S)
    assert window.smallest_ns == 50


def test_it_says_when_the_smallest_changed() -> None:
    window = DelayWindow()
    assert [window.observe(delay, S) for delay in (10, 12, 9, 9)] == [True, False, True, False]


def test_a_silence_of_minutes_does_not_wipe_out_what_was_known() -> None:
    window = DelayWindow()
    window.observe(10, S)
    window.observe(900 * S, 901 * S)
    assert window.smallest_ns == 10


def test_a_shift_moves_all_that_was_seen() -> None:
    window = DelayWindow()
    window.observe(10, S)
    window.observe(50, S + SLICE_NS)
    window.shift(-7)
    assert window.smallest_ns == 3
    window.observe(44, S + SLICE_NS + 1)
    assert window.smallest_ns == 3


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 3 * SLICE_NS)), min_size=1, max_size=80))
def test_it_is_the_smallest_of_a_time_between_the_last_slice_and_all_slices(units: list[tuple[int, int]]) -> None:
    window = DelayWindow()
    now = S
    seen: list[tuple[int, int]] = []
    for delay, wait in units:
        now += wait
        seen.append((now, delay))
        window.observe(delay, now)
        recent = [each for at, each in seen if at > now - SLICE_NS]
        assert min(each for _, each in seen) <= window.smallest_ns <= min(recent)
    assert SLICES * SLICE_NS == 120 * S

"""The replay window, against a set that forgets nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from media.srtp.replay import WINDOW, ReplayWindow


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-WINDOW - 3, WINDOW + 3), max_size=60))
def test_it_knows_what_a_set_knows(steps: list[int]) -> None:
    start = 1 << 20
    window, seen = ReplayWindow(start), {start}
    for step in steps:
        index = window.newest + step
        assert window.is_too_old(index) == (max(seen) - index >= WINDOW)
        if window.is_too_old(index):
            continue
        assert window.has_seen(index) == (index in seen)
        if index not in seen:
            window.accept(index)
            seen.add(index)
        assert window.newest == max(seen)


def test_a_jump_over_the_whole_index_is_no_work_and_forgets_all_before() -> None:
    window = ReplayWindow(0)
    window.accept((1 << 47) + 5)
    assert window.has_seen((1 << 47) + 5)
    assert not window.has_seen((1 << 47) + 4)
    assert window.is_too_old(0)
    assert window._seen.bit_length() <= WINDOW


def test_the_edge_of_the_window() -> None:
    window = ReplayWindow(0)
    window.accept(WINDOW - 1)
    assert window.has_seen(0)
    assert not window.is_too_old(0)
    window.accept(WINDOW)
    assert window.is_too_old(0)
    assert not window.is_too_old(1)

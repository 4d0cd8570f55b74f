"""A slow viewer: left out past a bound, taken in again at a key picture, given up when it takes nothing."""

from gateway.stream.backlog import BACKLOG_AGE_MAX_NS as AGE_MAX_NS
from gateway.stream.backlog import BACKLOG_BYTES_MAX as BYTES_MAX
from gateway.stream.backlog import STOPPED_AFTER_NS, Backlog

BYTES_MIN = 32 << 10
SECOND_NS = 1_000_000_000


def begun() -> Backlog:
    backlog = Backlog(BYTES_MIN)
    backlog.begin()
    return backlog


def test_it_begins_with_a_key_picture():
    backlog = Backlog(BYTES_MIN)
    assert not backlog.admits(0, 1, key=False)
    assert backlog.admits(0, 2, key=True)
    assert backlog.admits(0, 3, key=False)


def test_too_much_at_once_is_left_out_until_all_is_taken_and_a_key_picture_comes():
    backlog = begun()
    assert not backlog.admits(BYTES_MAX + 1, 1, key=True)
    assert not backlog.admits(10, 2, key=True)
    assert not backlog.admits(0, 3, key=False)
    assert backlog.admits(0, 4, key=True)


def test_what_waits_for_long_is_not_live_any_more():
    backlog = begun()
    assert backlog.admits(BYTES_MIN + 1, 1, key=False)
    assert backlog.admits(BYTES_MIN + 1, 1 + AGE_MAX_NS, key=False)
    assert not backlog.admits(BYTES_MIN + 1, 2 + AGE_MAX_NS, key=False)


def test_a_long_link_is_no_slow_one():
    backlog = begun()
    assert all(backlog.admits(BYTES_MIN, second * SECOND_NS, key=False) for second in range(1, 60))


def test_who_takes_nothing_is_given_up_and_who_takes_a_little_is_not():
    stuck, slow = begun(), begun()
    for second in range(1, 30):
        stuck.look(BYTES_MAX + 1, second * SECOND_NS)
        slow.look(BYTES_MAX + 100 - second, second * SECOND_NS)
    assert stuck.stopped
    assert not slow.stopped
    fresh = begun()
    fresh.look(BYTES_MAX + 1, 1)
    fresh.look(BYTES_MAX + 1, 1 + STOPPED_AFTER_NS)
    assert not fresh.stopped
    fresh.look(BYTES_MAX + 1, 2 + STOPPED_AFTER_NS)
    assert fresh.stopped


def test_it_need_not_be_asked_while_nothing_waits_and_nothing_is_left_out():
    backlog = Backlog(BYTES_MIN)
    assert not backlog.clear
    assert backlog.admits(0, 1, key=True)
    assert backlog.clear
    backlog.admits(1, 2, key=False)
    assert not backlog.clear
    backlog.admits(0, 3, key=False)
    assert backlog.clear


def test_who_has_caught_up_meanwhile_is_behind_only_since_then():
    backlog = begun()
    assert backlog.admits(BYTES_MIN + 1, 1 * SECOND_NS, key=False)
    assert backlog.admits(0, 2 * SECOND_NS, key=False)
    assert backlog.admits(BYTES_MIN + 1, 5 * SECOND_NS, key=False)
    assert not backlog.admits(BYTES_MIN + 1, 9 * SECOND_NS, key=False)

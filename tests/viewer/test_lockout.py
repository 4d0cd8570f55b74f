from viewer.access.lockout import FAILURES_MAX, PEER_FAILURES_MAX, REMEMBERED_MAX, WINDOW_S, Lockout

S = 1_000_000_000


def failed(lockout, times, account="li", peer="p1", at_s=0):
    for _ in range(times):
        lockout.failed(account, peer, at_s * S)


def test_the_fifth_failure_within_the_window_locks_until_the_first_is_fifteen_minutes_old():
    lockout = Lockout()
    failed(lockout, 4)
    assert lockout.locked_for_s("li", "p1", 0) == 0
    failed(lockout, 1, at_s=600)
    assert lockout.locked_for_s("li", "p1", 600 * S) == 300
    assert lockout.locked_for_s("li", "p1", 899 * S + 1) == 1
    assert lockout.locked_for_s("li", "p1", 900 * S) == 0


def test_old_failures_do_not_count():
    lockout = Lockout()
    failed(lockout, 4)
    failed(lockout, 1, at_s=WINDOW_S)
    assert lockout.locked_for_s("li", "p1", WINDOW_S * S) == 0


def test_the_lock_is_of_the_pair_and_nobody_else():
    lockout = Lockout()
    failed(lockout, FAILURES_MAX)
    assert lockout.locked_for_s("li", "p1", 0) == WINDOW_S
    assert lockout.locked_for_s("li", "p2", 0) == 0
    assert lockout.locked_for_s("wang", "p1", 0) == 0


def test_success_forgets_the_failures():
    lockout = Lockout()
    failed(lockout, 4)
    lockout.succeeded("li", "p1")
    failed(lockout, 4)
    assert lockout.locked_for_s("li", "p1", 0) == 0


def test_one_password_tried_on_many_names_locks_the_peer():
    lockout = Lockout()
    for number in range(PEER_FAILURES_MAX):
        lockout.failed(f"user{number}", "p1", 0)
    assert lockout.locked_for_s("somebody.new", "p1", 0) == WINDOW_S
    assert lockout.locked_for_s("somebody.new", "p2", 0) == 0


def test_success_does_not_forgive_the_peer_its_other_failures():
    lockout = Lockout()
    for number in range(PEER_FAILURES_MAX):
        lockout.failed(f"user{number}", "p1", 0)
        lockout.succeeded("own.account", "p1")
    assert lockout.locked_for_s("user999", "p1", 0) == WINDOW_S


def test_memory_is_bounded_and_the_oldest_failure_is_forgotten():
    lockout = Lockout()
    failed(lockout, FAILURES_MAX, peer="first")
    for number in range(REMEMBERED_MAX):
        lockout.failed("x", f"p{number}", 0)
    assert lockout.locked_for_s("li", "first", 0) == 0
    assert len(lockout._failures) == REMEMBERED_MAX

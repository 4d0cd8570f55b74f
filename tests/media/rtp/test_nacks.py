"""What is asked for, when, how often, and when no more."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp.nacks import (
    ASKED_MAX,
    MISSING_MAX,
    PATIENCE_MAX_NS,
    PATIENCE_MIN_NS,
    REORDER_WAIT_NS,
    REPEATED_MAX,
    RETRY_MARGIN_NS,
    ROUND_TRIP_MAX_NS,
    ROUND_TRIP_MIN_NS,
    TRIES_MAX,
    NackGenerator,
)

MS = 1_000_000
TRIP = 60 * MS


def begun() -> NackGenerator:
    """Of a source whose 10 has come; a round trip of 60 ms is known."""
    nacks = NackGenerator(round_trip_ns=TRIP)
    nacks.arrived(10, -1, 0)
    return nacks


def test_a_skipped_number_is_asked_for_after_the_wait_for_reordering() -> None:
    nacks = begun()
    nacks.arrived(13, 11, 0)
    assert nacks.next_ns == REORDER_WAIT_NS
    assert nacks.due(REORDER_WAIT_NS - 1) == []
    assert nacks.due(REORDER_WAIT_NS) == [11, 12]
    assert nacks.asked == 2


def test_one_that_was_only_late_is_never_asked_for() -> None:
    nacks = begun()
    nacks.arrived(12, 11, 0)
    assert not nacks.arrived(11, 11, 5 * MS)
    assert nacks.due(REORDER_WAIT_NS) == []
    assert (nacks.next_ns, nacks.repaired) == (0, 0)


def test_it_is_asked_again_when_the_answer_should_have_come_and_at_most_so_often() -> None:
    nacks = begun()
    nacks.arrived(12, 11, 0)
    times = []
    while nacks.next_ns:
        times.append(nacks.next_ns)
        assert nacks.due(nacks.next_ns) == [11]
    assert len(times) == TRIES_MAX
    steps = {after - before for before, after in pairwise(times)}
    assert steps == {TRIP + 2 * TRIP // 4}
    assert nacks.missing == 1
    nacks.give_up(13)
    assert (nacks.missing, nacks.unrepaired) == (0, 1)


def test_numbers_wrap() -> None:
    nacks = NackGenerator()
    nacks.arrived(65_533, -1, 0)
    nacks.arrived(1, 65_534, 0)
    assert nacks.due(REORDER_WAIT_NS) == [65_534, 65_535, 0]
    assert nacks.arrived(65_535, 65_534, 90 * MS)
    nacks.give_up(1)
    assert (nacks.missing, nacks.unrepaired, nacks.repaired) == (0, 2, 1)


def test_what_is_missing_before_the_first_that_came_is_asked_for_first() -> None:
    nacks = NackGenerator()
    nacks.arrived(2, -1, 0)
    nacks.arrived(5, 2, 0)
    nacks.began_before(65_535, 2, 1)
    assert nacks.due(1 + REORDER_WAIT_NS) == [0, 1, 3, 4]
    nacks.give_up(2)
    assert (nacks.missing, nacks.unrepaired) == (2, 2)
    nacks.began_before(2 - MISSING_MAX, 2, 1)
    assert (nacks.missing, nacks.overruns) == (2, 1)


def test_packets_in_order_need_not_be_told_of() -> None:
    nacks = begun()
    nacks.arrived(503, 501, 0)
    assert nacks.due(REORDER_WAIT_NS) == [501, 502]


def test_the_round_trip_is_that_of_numbers_asked_once() -> None:
    nacks = begun()
    for n in range(11, 400, 2):
        now = n * 1_000 * MS
        nacks.arrived(n + 1, n, now)
        nacks.due(now + REORDER_WAIT_NS)
        assert nacks.arrived(n, n, now + REORDER_WAIT_NS + 90 * MS)
    assert abs(nacks.round_trip_ns - 90 * MS) < MS
    assert nacks.patience_ns == max(PATIENCE_MIN_NS, REORDER_WAIT_NS + 5 * (nacks.round_trip_ns + RETRY_MARGIN_NS))


def test_the_round_trip_follows_a_link_that_changes() -> None:
    nacks = begun()
    for n in range(11, 200, 2):
        trip = 40 * MS if n < 60 else 70 * MS
        now = n * 1_000 * MS
        nacks.arrived(n + 1, n, now)
        nacks.due(now + REORDER_WAIT_NS)
        nacks.arrived(n, n, now + REORDER_WAIT_NS + trip)
        if n == 59:
            assert nacks.round_trip_ns == 40 * MS
    assert abs(nacks.round_trip_ns - 70 * MS) < MS


def test_a_guess_that_was_too_short_mends_itself_by_the_second_answers() -> None:
    """Found by a simulated link: each number was asked twice, so none ever measured the round trip."""
    nacks = NackGenerator(round_trip_ns=50 * MS)
    nacks.arrived(10, -1, 0)
    nacks.arrived(12, 11, 0)
    first = REORDER_WAIT_NS
    assert nacks.due(first) == [11]
    second = nacks.next_ns
    assert nacks.due(second) == [11]
    assert second < first + 120 * MS
    assert nacks.arrived(11, 11, first + 120 * MS)
    assert nacks.round_trip_ns == 50 * MS
    nacks.came_again(11, second + 120 * MS)
    assert nacks.round_trip_ns == 120 * MS


def test_a_long_hole_is_not_asked_for_and_counted() -> None:
    nacks = begun()
    nacks.arrived(11 + MISSING_MAX + 1, 11, 0)
    assert (nacks.missing, nacks.overruns, nacks.next_ns) == (0, 1, 0)
    nacks.arrived(11 + MISSING_MAX + 3, 11, 0)
    assert nacks.due(REORDER_WAIT_NS) == [11 + MISSING_MAX + 2]


def test_one_packet_with_a_wild_number_does_not_stop_the_questions() -> None:
    nacks = begun()
    nacks.arrived(20_000, 11, 0)
    nacks.arrived(13, 11, 0)
    assert nacks.due(REORDER_WAIT_NS) == [11, 12]


def test_a_message_asks_for_no_more_than_the_limit_and_the_next_for_the_rest() -> None:
    nacks = begun()
    nacks.arrived(11 + MISSING_MAX, 11, 0)
    first, second, third = (nacks.due(REORDER_WAIT_NS) for _ in range(3))
    assert len(first) == len(second) == ASKED_MAX
    assert first + second + third == list(range(11, 11 + MISSING_MAX))


def test_patience_and_round_trip_have_bounds() -> None:
    assert NackGenerator(round_trip_ns=0).round_trip_ns == ROUND_TRIP_MIN_NS
    assert NackGenerator(round_trip_ns=0).patience_ns == PATIENCE_MIN_NS
    assert NackGenerator(round_trip_ns=10**12).round_trip_ns == ROUND_TRIP_MAX_NS
    assert NackGenerator(round_trip_ns=10**12).patience_ns == PATIENCE_MAX_NS


def test_another_source_begins_with_nothing() -> None:
    nacks = begun()
    nacks.arrived(12, 11, 0)
    nacks.forget()
    assert (nacks.missing, nacks.next_ns) == (0, 0)
    nacks.arrived(40_000, -1, 0)
    nacks.arrived(40_001, 40_001, 0)
    assert nacks.missing == 0


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 65_535), st.integers(-1, 65_535), st.sampled_from("anugb"), st.integers(0, 10**9))
    )
)
def test_whatever_comes_it_stays_within_its_bounds(steps) -> None:
    nacks, now = NackGenerator(), 0
    for sequence, expected, what, passed in steps:
        now += passed
        match what:
            case "a":
                nacks.arrived(sequence, expected, now)
            case "n":
                asked = nacks.due(now)
                assert len(asked) == len(set(asked)) <= ASKED_MAX
            case "g":
                nacks.give_up(max(0, expected))
            case "b":
                nacks.began_before(sequence, max(0, expected), now)
            case _:
                nacks.came_again(sequence, now)
        assert nacks.missing <= MISSING_MAX
        assert len(nacks._repeated) <= REPEATED_MAX
        assert ROUND_TRIP_MIN_NS <= nacks.round_trip_ns <= ROUND_TRIP_MAX_NS
        assert PATIENCE_MIN_NS <= nacks.patience_ns <= PATIENCE_MAX_NS

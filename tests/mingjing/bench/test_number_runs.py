"""A set of numbers in runs is the set."""

from hypothesis import given
from hypothesis import strategies as st

from mingjing.bench.archive.number_runs import NumberRuns

PIECES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), max_size=30)


@given(PIECES, st.integers(0, 70), st.integers(0, 70))
def test_it_is_as_a_set_of_numbers_whatever_the_order(pieces, first, last):
    runs, known = NumberRuns(), set()
    for start, length in pieces:
        piece = set(range(start, start + length + 1))
        assert runs.add(start, start + length) == len(piece & known)
        known |= piece
    assert len(runs) == len(known)
    assert {n for a, b in runs.runs() for n in range(a, b + 1)} == known
    assert all(b + 1 < c for (_, b), (c, _) in zip(runs.runs(), runs.runs()[1:], strict=False))
    wanted = set(range(first, last + 1))
    assert {n for a, b in runs.missing(first, last) for n in range(a, b + 1)} == wanted - known


def test_numbers_in_order_are_one_run():
    runs = NumberRuns()
    assert [runs.add(n, n) for n in range(1_000)] == [0] * 1_000
    assert runs.runs() == [(0, 999)]

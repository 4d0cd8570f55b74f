"""The spans of what was sent: few, in order, and nothing that was sent is left out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from viewer.playback.spans import NEAR_NS, SPANS_MAX, SentSpans

S = 1_000_000_000


def spans_of(*given_s):
    sent = SentSpans()
    for start, end in given_s:
        sent.add(round(start * S), round(end * S))
    return [(start / S, end / S) for start, end in sent.spans]


def test_groups_that_follow_each_other_are_one_span():
    assert spans_of((0, 2), (2.001, 4), (10, 12)) == [(0, 4), (10, 12)]


def test_what_was_sent_twice_counts_once_and_order_does_not_matter():
    assert spans_of((10, 12), (0, 2), (1, 3), (0, 2)) == [(0, 3), (10, 12)]
    assert spans_of((0, 2), (4, 6), (1, 5)) == [(0, 6)]


def test_of_too_many_the_nearest_are_joined():
    sent = SentSpans()
    for n in range(SPANS_MAX + 1):
        sent.add(n * 10 * S, (n * 10 + (8 if n == 7 else 1)) * S)
    assert len(sent.spans) == SPANS_MAX
    assert (70 * S, 81 * S) in sent.spans


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 40)), max_size=300))
def test_nothing_is_left_out_and_they_stay_apart(given_s):
    sent = SentSpans()
    for start, length in given_s:
        sent.add(start * S, (start + length) * S)
    spans = sent.spans
    assert len(spans) <= SPANS_MAX
    assert all(before[1] + NEAR_NS < after[0] for before, after in pairwise(spans))
    for start, length in given_s:
        assert any(a <= start * S and (start + length) * S <= b for a, b in spans)
    assert sent.length_ns == sum(b - a for a, b in spans)

"""What of placed time somebody was sent, as few spans: for the ledger. Pure.

Spans that touch, or nearly, are one. Where there are too many the nearest are joined, so that nothing that was sent
is ever left out.
"""

from bisect import bisect_left

SPANS_MAX = 100
NEAR_NS = 500_000_000  # between two groups of pictures lies less: the length of a picture is a hint


class SentSpans:
    """Begin and end in nanoseconds of UTC, in order, apart from each other."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start_utc_ns: int, end_utc_ns: int) -> None:
        spans = self._spans
        first = bisect_left(spans, start_utc_ns - NEAR_NS, key=lambda span: span[1])
        last = first
        while last < len(spans) and spans[last][0] <= end_utc_ns + NEAR_NS:
            start_utc_ns, end_utc_ns = min(start_utc_ns, spans[last][0]), max(end_utc_ns, spans[last][1])
            last += 1
        spans[first:last] = [(start_utc_ns, end_utc_ns)]
        if len(spans) > SPANS_MAX:
            nearest = min(range(len(spans) - 1), key=lambda n: spans[n + 1][0] - spans[n][1])
            spans[nearest : nearest + 2] = [(spans[nearest][0], spans[nearest + 1][1])]

    @property
    def spans(self) -> list[tuple[int, int]]:
        return list(self._spans)

    @property
    def length_ns(self) -> int:
        return sum(end - start for start, end in self._spans)

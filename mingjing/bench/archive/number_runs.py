"""A set of numbers that come mostly one after another, kept as runs: an hour of 200 devices is 18 million of them."""

from bisect import bisect_left, bisect_right


class NumberRuns:
    """Runs in order, each from its first to its last number, both of it; neighbours are joined."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in zip(self._firsts, self._lasts, strict=True))

    def runs(self) -> list[tuple[int, int]]:
        return list(zip(self._firsts, self._lasts, strict=True))

    def add(self, first: int, last: int) -> int:
        """Put these numbers in; how many of them were there already."""
        if self._lasts and first == self._lasts[-1] + 1:  # nearly always
            self._lasts[-1] = last
            return 0
        # What overlaps the new run, or touches it.
        start = bisect_left(self._lasts, first - 1)
        end = bisect_right(self._firsts, last + 1)
        known = sum(
            max(0, min(last, self._lasts[place]) - max(first, self._firsts[place]) + 1) for place in range(start, end)
        )
        if start < end:
            first = min(first, self._firsts[start])
            last = max(last, self._lasts[end - 1])
        self._firsts[start:end] = [first]
        self._lasts[start:end] = [last]
        return known

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """The runs between `first` and `last`, both included, that are not there."""
        holes = []
        place = bisect_left(self._lasts, first)
        at = first
        while at <= last:
            if place == len(self._firsts) or self._firsts[place] > last:
                holes.append((at, last))
                break
            if self._firsts[place] > at:
                holes.append((at, self._firsts[place] - 1))
            at = self._lasts[place] + 1
            place += 1
        return holes

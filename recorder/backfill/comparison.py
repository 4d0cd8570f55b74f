"""What an original and the live copy do not have in common, picture by picture, where both were recorded. Pure.

A picture of the file that no fingerprint paired is looked for in its place: half a step around its placed time. There
is the same picture (it was there twice elsewhere), another one, or none; and none in a gap is what an original is for.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recorder.backfill.anchors import LivePicture
from recorder.backfill.backfill import DIFFERENCES_MAX, GAPS_MAX, ClosedGap, Difference, DifferenceKind, Span
from recorder.footage import GapFact
from workers import FilePictures

JOIN_NS = 1_000_000_000  # differences of one kind less than a second apart are told as one

AGREEING, IN_GAPS, BEYOND = "agreeing", "in_gaps", "beyond"  # counts beside those of differences


@dataclass(frozen=True, slots=True)
class Comparison:
    """`counts`: pictures that agree, that lie in gaps, that lie beyond all live footage, and of each difference."""

    counts: Mapping[str, int]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared. `placed` is of the file's pictures in the order of `order`, `live` in that of placed time."""

    file: FilePictures
    order: Sequence[int]
    placed: Sequence[int]
    step_ns: int
    coverage: Sequence[Span]
    live: Sequence[LivePicture]
    gaps: Sequence[Span]  # of pictures
    recorded: Sequence[Span]  # where there are live segments


def compare(sides: Sides, paired: Mapping[int, int]) -> Comparison:
    """`paired`: pictures of the file that are known to be live ones."""
    live_at = [one.placed_utc_ns for one in sides.live]
    taken = set(paired.values())
    counts: Counter[str] = Counter({AGREEING: len(paired)})
    found: list[tuple[DifferenceKind, int]] = []
    near_ns = sides.step_ns // 2
    gaps, recorded, coverage = _Merged(sides.gaps), _Merged(sides.recorded), _Merged(sides.coverage)
    for n, placed in zip(sides.order, sides.placed, strict=True):
        if n in paired:
            continue
        there = range(bisect_left(live_at, placed - near_ns), bisect_right(live_at, placed + near_ns))
        free = [m for m in there if m not in taken]
        same = [m for m in free if sides.live[m].slices == sides.file.slices(n)]
        if free:
            m = min(same or free, key=lambda one: abs(live_at[one] - placed))
            taken.add(m)
            if same:
                counts[AGREEING] += 1
            else:
                damaged = sides.live[m].damaged
                found.append((DifferenceKind.LIVE_DAMAGED if damaged else DifferenceKind.ALTERED, placed))
        elif gaps.near(placed, near_ns):
            counts[IN_GAPS] += 1
        elif recorded.near(placed, -near_ns):
            found.append((DifferenceKind.ONLY_ORIGINAL, placed))
        else:
            counts[BEYOND] += 1
    for m, placed in enumerate(live_at):
        if m not in taken and coverage.near(placed, -near_ns):
            found.append((DifferenceKind.ONLY_LIVE, placed))
    counts.update(kind.value for kind, _ in found)
    return Comparison({key: count for key, count in counts.items() if count}, _joined(found, sides.step_ns))


class _Merged:
    """Spans that may overlap, for many questions."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for span in sorted(spans):
            if self._ends and span.start_ns <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], span.end_ns)
            else:
                self._starts.append(span.start_ns)
                self._ends.append(span.end_ns)

    def near(self, at_ns: int, margin_ns: int) -> bool:
        """Whether it lies in one of them, each made longer by the margin at both ends."""
        n = bisect_right(self._starts, at_ns + margin_ns) - 1
        return n >= 0 and at_ns < self._ends[n] + margin_ns


def _joined(found: list[tuple[DifferenceKind, int]], step_ns: int) -> tuple[Difference, ...]:
    """In order of time, neighbours of one kind as one; the longest breaks stay where there are too many."""
    join_ns = JOIN_NS
    rows = [Difference(kind, placed, placed + step_ns, 1) for kind, placed in found]
    while True:
        joined: list[Difference] = []
        for kind in DifferenceKind:
            of_kind: list[Difference] = []
            for one in sorted(row for row in rows if row.kind is kind):
                before = of_kind[-1] if of_kind else None
                if before is not None and one.start_utc_ns - before.end_utc_ns < join_ns:
                    end = max(before.end_utc_ns, one.end_utc_ns)
                    of_kind[-1] = Difference(kind, before.start_utc_ns, end, before.pictures + one.pictures)
                else:
                    of_kind.append(one)
            joined += of_kind
        if len(joined) <= DIFFERENCES_MAX:
            return tuple(sorted(joined, key=lambda one: (one.start_utc_ns, one.kind)))
        rows, join_ns = joined, join_ns * 2


def closed_gaps(
    gaps: Iterable[GapFact], placed: Sequence[int], coverage: Sequence[Span], step_ns: int
) -> tuple[ClosedGap, ...]:
    """Which gaps of pictures this closes, whole or in part. `placed` is in order."""
    closed = []
    for gap in gaps:
        inside = [span for span in coverage if span.start_ns < gap.end_utc_ns and span.end_ns > gap.start_utc_ns]
        if not inside or gap.ongoing:
            continue
        near_ns = step_ns // 2
        pictures = bisect_left(placed, gap.end_utc_ns - near_ns) - bisect_left(placed, gap.start_utc_ns - near_ns)
        if pictures <= 0:
            continue
        whole = any(
            span.start_ns <= gap.start_utc_ns + step_ns and span.end_ns >= gap.end_utc_ns - step_ns for span in inside
        )
        closed.append(ClosedGap(gap.stream, gap.sequence, gap.start_utc_ns, gap.end_utc_ns, pictures, whole))
    return tuple(closed[:GAPS_MAX])

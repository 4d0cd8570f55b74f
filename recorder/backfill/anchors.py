"""Where pictures of a file are pictures of the live copy, and what placed time that gives every other one. Pure.

A fingerprint that is there twice on either side says nothing, unless the one with SEI tells its pictures apart. Pairs
of one live stream must agree with each other; streams were anchored each by itself, and may differ.

Not here: reading (live_pictures, workers), and what is made of it (matching, comparison).
"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, median_low
from typing import NamedTuple

from recorder.backfill.backfill import KNOTS_MAX, RUNS_MAX, Knot, Span
from workers import FilePictures

AGREE_WITHIN_NS = 250_000_000  # of one stream: jitter of a device's two clocks, and rounding of RTP and file times
AGREE_WITHIN_PPM = 1_500  # placed time is slewed by a thousand at most, and crystals drift by five hundred
AGREEING_MIN = 3  # pictures: one could be a test card, and three in step are no accident
HOLE_NS = 400_000_000  # between pictures, at least: a device at night takes five a second
HOLE_STEPS = 2.5


class LivePicture(NamedTuple):
    """One picture of the live copy. `damaged`: packets of it were lost."""

    placed_utc_ns: int
    slices: bytes
    whole: bytes
    stream: str
    damaged: bool


class Anchor(NamedTuple):
    """Picture `n` of the file is picture `m` of the live ones."""

    file_ns: int
    placed_utc_ns: int
    n: int
    m: int


@dataclass(frozen=True, slots=True)
class FileTimes:
    """The pictures of a file in the order of showing. `step_ns` is from one to the next, mostly."""

    order: "array[int]"  # numbers of pictures
    times_ns: "array[int]"  # of these
    step_ns: int
    runs: tuple[Span, ...]  # without a hole; the last of each is shown for a step


def file_times(pictures: FilePictures) -> FileTimes:
    """Of a file with at least one picture."""
    numbers = array("q", sorted(range(len(pictures)), key=pictures.times_ns.__getitem__))
    times = array("q", (pictures.times_ns[n] for n in numbers))
    steps = [after - before for before, after in pairwise(times) if after > before]
    step = median_low(steps) if steps else 40_000_000
    return FileTimes(numbers, times, step, _runs(times, step))


def _runs(times: Sequence[int], step_ns: int) -> tuple[Span, ...]:
    hole = max(HOLE_NS, round(HOLE_STEPS * step_ns))
    cuts = [n for n, (before, after) in enumerate(pairwise(times), 1) if after - before > hole]
    if len(cuts) >= RUNS_MAX:  # the longest holes are told
        cuts = sorted(sorted(cuts, key=lambda n: times[n] - times[n - 1])[-(RUNS_MAX - 1) :])
    starts, ends = [0, *cuts], [*cuts, len(times)]
    return tuple(Span(times[a], times[b - 1] + step_ns) for a, b in zip(starts, ends, strict=True))


def pair(file: FilePictures, live: Sequence[LivePicture]) -> dict[int, int]:
    """Which picture of the file is which of the live ones, as far as a fingerprint says so without doubt."""
    numbers = range(len(file))
    by_slices = _common({n: file.slices(n) for n in numbers}, {m: one.slices for m, one in enumerate(live)})
    by_whole = _common({n: file.whole(n) for n in numbers}, {m: one.whole for m, one in enumerate(live)})
    return {**by_slices, **by_whole}


def _common(file: Mapping[int, bytes], live: Mapping[int, bytes]) -> dict[int, int]:
    """Of those that are there once on each side."""
    here, there = _once(file), _once(live)
    return {n: there[print_] for print_, n in here.items() if n >= 0 and there.get(print_, -1) >= 0}


def _once(prints: Mapping[int, bytes]) -> dict[bytes, int]:
    """-1: more than one has it."""
    found: dict[bytes, int] = {}
    for number, print_ in prints.items():
        found[print_] = -1 if print_ in found else number
    return found


def agreeing(file: FilePictures, live: Sequence[LivePicture], pairs: Mapping[int, int]) -> list[Anchor]:
    """The pairs that agree with the majority of their stream, in order of file time; none where too few do."""
    of_stream: dict[str, list[Anchor]] = defaultdict(list)
    for n, m in pairs.items():
        of_stream[live[m].stream].append(Anchor(file.times_ns[n], live[m].placed_utc_ns, n, m))
    kept = sorted(anchor for anchors in of_stream.values() for anchor in _majority(anchors))
    kept = _forward(kept)
    return kept if len(kept) >= min(AGREEING_MIN, len(file)) else []


def _majority(anchors: list[Anchor]) -> list[Anchor]:
    offset = median_low(sorted(one.placed_utc_ns - one.file_ns for one in anchors))
    middle = median(one.file_ns for one in anchors)
    kept = [
        one
        for one in anchors
        if abs(one.placed_utc_ns - one.file_ns - offset)
        <= AGREE_WITHIN_NS + abs(one.file_ns - middle) * AGREE_WITHIN_PPM / 1e6
    ]
    return kept if 2 * len(kept) > len(anchors) else []


def _forward(anchors: Iterable[Anchor]) -> list[Anchor]:
    """Without those that would turn time back: a stream placed late, and the next one early."""
    kept: list[Anchor] = []
    for one in anchors:
        if not kept or one.placed_utc_ns > kept[-1].placed_utc_ns:
            kept.append(one)
    return kept


class Placing:
    """From file time to placed time: straight lines between anchors, and their offset before and behind them."""

    def __init__(self, knots: Sequence[Knot]) -> None:
        self._at = [knot.file_ns for knot in knots]
        self._placed = [knot.placed_utc_ns for knot in knots]

    def placed(self, file_ns: int) -> int:
        at, placed = self._at, self._placed
        after = bisect_right(at, file_ns)
        if after == 0:
            return placed[0] + file_ns - at[0]
        if after == len(at) or at[after] == at[after - 1]:
            return placed[after - 1] + file_ns - at[after - 1]
        part = file_ns - at[after - 1]
        return placed[after - 1] + part * (placed[after] - placed[after - 1]) // (at[after] - at[after - 1])

    def spans(self, runs: Iterable[Span]) -> tuple[Span, ...]:
        placed = (Span(self.placed(run.start_ns), self.placed(run.end_ns)) for run in runs)
        return tuple(span for span in placed if span.end_ns > span.start_ns)


def knots_of(anchors: Sequence[Anchor], live: Sequence[LivePicture]) -> tuple[Knot, ...]:
    """The first and last anchor of each stretch of one stream: what is kept of them."""
    knots: list[Knot] = []
    for n, one in enumerate(anchors):
        begins = n == 0 or live[anchors[n - 1].m].stream != live[one.m].stream
        ends = n + 1 == len(anchors) or live[anchors[n + 1].m].stream != live[one.m].stream
        if begins or ends:
            knots.append(Knot(one.file_ns, one.placed_utc_ns))
    if len(knots) > KNOTS_MAX:
        knots = [*knots[: KNOTS_MAX // 2], *knots[-KNOTS_MAX // 2 :]]
    return tuple(knots)


def drift_ppm(anchors: Sequence[Anchor], live: Sequence[LivePicture]) -> float:
    """How much faster the file's clock runs than placed time, over the longest stretch of one stream that has a
    minute; else 0."""
    longest: tuple[int, float] = (60_000_000_000, 0.0)
    first: dict[str, Anchor] = {}
    for one in anchors:
        begin = first.setdefault(live[one.m].stream, one)
        length = one.placed_utc_ns - begin.placed_utc_ns
        if length > longest[0]:
            longest = length, ((one.file_ns - begin.file_ns) / length - 1) * 1e6
    return round(longest[1], 1)

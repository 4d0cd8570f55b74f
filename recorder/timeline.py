"""What there is of a channel over an interval, as a ribbon shows it: runs of footage, and the gaps between them.

A run is footage of one stream without a gap in between, over all its segments; what is missing of the sound alone ends
none. Of footage whose file is gone there is a gap with a cause of its own, for what nobody finds must not look like
what never was.

Not here: who may see it, and the bytes. Bounds: `LANE_MAX` runs and gaps of an interval; where there are more,
neighbours are joined as far as that takes, and the lane says so. A month is read in pieces and folded in a thread, so
that nothing holds the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from media import VIDEO_TRACK_ID
from recorder.footage import Footage, GapFact, SegmentFact

Recordings = Callable[[str, str, int, int], Awaitable[Footage]]  # as `Archiver.recordings`

LANE_MAX = 2_000  # runs, and as many gaps: what a ribbon of a wide screen has pixels for
PIECE_NS = 2 * 24 * 3_600_000_000_000  # 576 segments of five minutes: some milliseconds of the event loop

FOOTAGE_MISSING = "footage_missing"  # there was a recording, and its file is gone: the alarm has the same name


@dataclass(frozen=True, slots=True)
class FootageRun:
    """`live`: it goes on at this moment."""

    stream: str
    start_utc_ns: int
    end_utc_ns: int
    live: bool = False


@dataclass(frozen=True, slots=True)
class LaneGap:
    """`cause` is that of a gap in lower case, or FOOTAGE_MISSING."""

    cause: str
    start_utc_ns: int
    end_utc_ns: int
    ongoing: bool = False

    @classmethod
    def of(cls, gap: GapFact) -> "LaneGap":
        return cls(gap.cause.name.lower(), gap.start_utc_ns, gap.end_utc_ns, gap.ongoing)


@dataclass(frozen=True, slots=True)
class FootageLane:
    """Both in order of placed time. `thinned`: tiny neighbours were joined; ask for less time to see them."""

    runs: tuple[FootageRun, ...]
    gaps: tuple[LaneGap, ...]
    thinned: bool


async def read_lane(
    recordings: Recordings, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int, most: int = LANE_MAX
) -> FootageLane:
    """The lane of one channel, cut to the interval."""
    folding = LaneFolding(start_utc_ns, end_utc_ns)
    for piece in range(start_utc_ns, end_utc_ns, PIECE_NS):
        folding.add(await recordings(device_id, channel, piece, min(piece + PIECE_NS, end_utc_ns)))
    return await asyncio.to_thread(folding.lane, most)


def hides_pictures(gap: GapFact) -> bool:
    """Whether it is a gap to who watches: what is missing of the sound alone is none."""
    return gap.track_id in (0, VIDEO_TRACK_ID)


def missing_files(segments: Sequence[SegmentFact]) -> list[LaneGap]:
    """Of footage that was there, and whose file is gone."""
    return [LaneGap(FOOTAGE_MISSING, one.start_utc_ns, one.end_utc_ns) for one in segments if one.missing]


@dataclass
class LaneFolding:
    """Folds footage, given in order of time, into a lane. What touches two pieces may come twice."""

    start_utc_ns: int
    end_utc_ns: int
    _segments: dict[str, SegmentFact] = field(default_factory=dict)
    _gaps: dict[tuple[str, int, bool], LaneGap] = field(default_factory=dict)

    def add(self, footage: Footage) -> None:
        for segment in footage.segments:
            self._segments[segment.id] = segment
        for gap in footage.gaps:
            if hides_pictures(gap):
                self._gaps[gap.stream, gap.sequence, gap.ongoing] = LaneGap.of(gap)

    def lane(self, most: int) -> FootageLane:
        segments = sorted(self._segments.values(), key=lambda one: (one.start_utc_ns, one.id))
        gaps = sorted((*self._gaps.values(), *missing_files(segments)), key=lambda gap: gap.start_utc_ns)
        gaps = [cut for gap in gaps if (cut := self._cut_gap(gap)) is not None]
        runs = _without(self._runs(segments), gaps)
        thinned = len(runs) > most or len(gaps) > most
        grain_ns = (self.end_utc_ns - self.start_utc_ns) // most
        while len(runs) > most or len(gaps) > most:
            runs, gaps = _joined_runs(runs, grain_ns), _joined_gaps(gaps, grain_ns)
            grain_ns *= 2
        return FootageLane(tuple(runs), tuple(gaps), thinned)

    def _runs(self, segments: list[SegmentFact]) -> list[FootageRun]:
        runs: list[FootageRun] = []
        last_sequence = 0
        for segment in segments:
            start = max(segment.start_utc_ns, self.start_utc_ns)
            end = min(segment.end_utc_ns, self.end_utc_ns)
            if segment.missing or start >= end:
                continue
            before = runs[-1] if runs else None
            follows = segment.first_sequence == last_sequence + 1
            if before is not None and before.stream == segment.stream and follows:
                runs[-1] = replace(before, end_utc_ns=max(before.end_utc_ns, end), live=not segment.sealed)
            else:
                runs.append(FootageRun(segment.stream, start, end, not segment.sealed))
            last_sequence = segment.last_sequence
        return runs

    def _cut_gap(self, gap: LaneGap) -> LaneGap | None:
        start, end = max(gap.start_utc_ns, self.start_utc_ns), min(gap.end_utc_ns, self.end_utc_ns)
        return replace(gap, start_utc_ns=start, end_utc_ns=end) if start < end else None


def _without(runs: list[FootageRun], gaps: list[LaneGap]) -> list[FootageRun]:
    """What is left of the runs outside of all gaps, in order. Both may overlap among themselves."""
    left: list[FootageRun] = []
    passed = 0  # gaps before this one end before any run that comes begins
    for run in runs:
        at = run.start_utc_ns
        while passed < len(gaps) and gaps[passed].end_utc_ns <= at:
            passed += 1
        n = passed
        while n < len(gaps) and gaps[n].start_utc_ns < run.end_utc_ns:
            if gaps[n].start_utc_ns > at:
                left.append(FootageRun(run.stream, at, gaps[n].start_utc_ns))
            at = max(at, gaps[n].end_utc_ns)
            n += 1
        if at < run.end_utc_ns:
            left.append(replace(run, start_utc_ns=at))
    return left


def _joined_runs(runs: list[FootageRun], grain_ns: int) -> list[FootageRun]:
    joined: list[FootageRun] = []
    for run in runs:
        before = joined[-1] if joined else None
        if before is not None and run.start_utc_ns - before.end_utc_ns < grain_ns:
            joined[-1] = replace(before, end_utc_ns=max(before.end_utc_ns, run.end_utc_ns), live=run.live)
        else:
            joined.append(run)
    return joined


def _joined_gaps(gaps: list[LaneGap], grain_ns: int) -> list[LaneGap]:
    """Of those joined the longest gives the cause."""
    joined: list[LaneGap] = []
    longest_ns = 0
    for gap in gaps:
        before, length_ns = joined[-1] if joined else None, gap.end_utc_ns - gap.start_utc_ns
        if before is None or gap.start_utc_ns - before.end_utc_ns >= grain_ns:
            joined.append(gap)
            longest_ns = length_ns
            continue
        cause = gap.cause if length_ns > longest_ns else before.cause
        longest_ns = max(longest_ns, length_ns)
        end = max(before.end_utc_ns, gap.end_utc_ns)
        joined[-1] = replace(before, cause=cause, end_utc_ns=end, ongoing=before.ongoing or gap.ongoing)
    return joined

"""Where in a channel's placed time a file lies: by its pictures, else by the device's clock, else as it claims.

Bounds: `SEARCHED_MAX` segments are looked through for key pictures, the nearest to the claims first; then the segments
around the place that was found are read whole, once. All reading is done in threads.

Not here: taking the file apart (workers), what is done with the answer (backfills).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from media import Reference
from recorder.backfill.anchors import (
    AGREEING_MIN,
    Anchor,
    FileTimes,
    LivePicture,
    Placing,
    agreeing,
    drift_ppm,
    file_times,
    knots_of,
    pair,
)
from recorder.backfill.backfill import REFERENCES_MAX, Backfill, FileStory, Knot, MatchQuality, Placement, Span
from recorder.backfill.claims import clock_claims, search_claims
from recorder.backfill.comparison import Comparison, Sides, closed_gaps, compare
from recorder.backfill.live_pictures import LiveForm, all_pictures, device_ahead_ns, form_of, key_pictures
from recorder.footage import Footage, SegmentFact
from recorder.timeline import hides_pictures
from workers import FilePictures

Recordings = Callable[[str, str, int, int], Awaitable[Footage]]  # as `Archiver.recordings`

SEARCHED_MAX = 600  # segments: 50 hours; each costs some 30 ms of a thread
SEARCH_AT_ONCE = 8  # between two looks whether that is enough
READ_WHOLE = 4  # nearest segments, where no key picture of the file is a live one
SEARCH_NS = 25 * 3_600 * 1_000_000_000  # around a claim: a clock may be wrong by a day and its zone
AROUND_NS = 130 * 1_000_000_000  # streams are placed apart by what a device held back, which is two minutes at most
VOTES_WITHIN_NS = 2_000_000_000
PROBED_MAX = 8  # segments asked for the device's clock
OVERLAP_MIN_NS = 3_000_000_000  # of live footage, to say that a file is not of it

CONTENT_DIFFERS = "content_differs"  # live footage is there, coded the same way, and it is something else
NO_TIME = "no_time"  # nothing says when it was
TOO_MUCH = "too_much"  # more live pictures around it than are compared
LIVE_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Match:
    """`why_not` is one of the words above where there is no placement."""

    story: FileStory
    placement: Placement | None = None
    why_not: str = ""


def story_of(file: FilePictures, times: FileTimes) -> FileStory:
    facts = file.facts
    return FileStory(
        codec=facts.codec.value,
        width=facts.width,
        height=facts.height,
        created_utc_ns=facts.created_utc_ns or 0,
        pictures=len(file),
        sound=facts.sound,
        runs=times.runs,
    )


class Matching:
    """One at a time: a file and what lies around it are held in memory."""

    def __init__(self, recordings: Recordings, media: Path) -> None:
        self._recordings = recordings
        self._media = media

    async def match(self, backfill: Backfill, file: FilePictures) -> Match:
        """
        Raises:
            SQLAlchemyError: the index cannot be read.
        """
        times = await asyncio.to_thread(file_times, file)
        story = story_of(file, times)
        duration_ns = times.runs[-1].end_ns - times.runs[0].start_ns
        clock = clock_claims(backfill.claimed_utc_ns, story.created_utc_ns, backfill.name, backfill.received_utc_ns)
        claims = [
            claim - times.runs[0].start_ns for claim in search_claims(clock, duration_ns, backfill.received_utc_ns)
        ]
        near = await self._near(backfill, claims, times.runs[-1].end_ns)
        offset = await self._search(file, near)
        if offset is not None:
            found = await self._exact(backfill, file, times, offset, clock)
            if isinstance(found, str):
                return Match(story, why_not=found)
            if found is not None:
                return Match(story, found)
        if not clock:
            return Match(story, why_not=NO_TIME)
        return await self._by_clock(backfill, story, times, clock[0], near)

    async def by_hand(self, backfill: Backfill, story: FileStory, start_utc_ns: int) -> Placement:
        """Where a person says that it begins."""
        knots = (Knot(story.runs[0].start_ns, start_utc_ns),)
        return await self._placement(backfill, MatchQuality.BY_HAND, knots, story.runs, None, None)

    async def _near(self, backfill: Backfill, claims: Sequence[int], length_ns: int) -> list[SegmentFact]:
        """Segments in which it may lie, the nearest to a claim first."""
        facts: dict[str, SegmentFact] = {}
        asked: list[Span] = []
        for claim in claims:
            start, end = claim - SEARCH_NS, claim + length_ns + SEARCH_NS
            if any(span.start_ns <= start and end <= span.end_ns for span in asked):
                continue
            asked.append(Span(start, end))
            footage = await self._recordings(backfill.device, backfill.channel, start, end)
            facts.update((one.id, one) for one in footage.segments if not one.missing)

        def apart_ns(fact: SegmentFact) -> tuple[int, int]:
            def of(claim: int) -> int:
                return max(0, fact.start_utc_ns - claim - length_ns, claim - fact.end_utc_ns)

            return min(map(of, claims)), fact.start_utc_ns

        return sorted(facts.values(), key=apart_ns)[:SEARCHED_MAX]

    async def _search(self, file: FilePictures, near: Sequence[SegmentFact]) -> int | None:
        """Placed time less file time, roughly; None: nothing of it is there."""
        keys = await asyncio.to_thread(_Prints, file, keys_only=True)
        votes: list[int] = []
        for start in range(0, len(near), SEARCH_AT_ONCE):
            for fact in near[start : start + SEARCH_AT_ONCE]:
                votes += keys.offsets(await asyncio.to_thread(key_pictures, self._media, fact))
            if len(_most(votes)) >= AGREEING_MIN:
                break
        if not votes:  # a short file, whose key pictures are what is missing
            every = await asyncio.to_thread(_Prints, file, keys_only=False)
            for fact in near[:READ_WHOLE]:
                pictures = await asyncio.to_thread(all_pictures, self._media, fact, 0, 1 << 62)
                votes += await asyncio.to_thread(every.offsets, pictures)
        most = _most(votes)
        return most[len(most) // 2] if most else None

    async def _exact(
        self, backfill: Backfill, file: FilePictures, times: FileTimes, offset_ns: int, clock: Sequence[int]
    ) -> Placement | str | None:
        """None: the votes were for nothing. A word: it cannot be compared."""
        start = times.runs[0].start_ns + offset_ns - AROUND_NS
        end = times.runs[-1].end_ns + offset_ns + AROUND_NS
        footage = await self._recordings(backfill.device, backfill.channel, start, end)
        live: list[LivePicture] = []
        for fact in footage.segments:
            if not fact.missing:
                live += await asyncio.to_thread(all_pictures, self._media, fact, start, end)
            if len(live) > LIVE_MAX:
                return TOO_MUCH
        live.sort()
        anchors = await asyncio.to_thread(lambda: agreeing(file, live, pair(file, live)))
        if not anchors:
            return None
        placing = Placing([Knot(one.file_ns, one.placed_utc_ns) for one in anchors])
        compared = await asyncio.to_thread(_compare, file, times, placing, live, footage, anchors)
        first_ns = placing.placed(times.runs[0].start_ns)
        return await self._placement(
            backfill,
            MatchQuality.EXACT,
            knots_of(anchors, live),
            times.runs,
            times,
            compared,
            clock_offset_ns=clock[0] - first_ns if clock else None,
            drift=drift_ppm(anchors, live),
            placing=placing,
        )

    async def _by_clock(
        self, backfill: Backfill, story: FileStory, times: FileTimes, claim: int, near: Sequence[SegmentFact]
    ) -> Match:
        ahead = await self._device_ahead(claim, near)
        quality = MatchQuality.CLAIMED if ahead is None else MatchQuality.DEVICE_CLOCK
        start = claim - (ahead or 0)
        first_ns = times.runs[0].start_ns
        placing = Placing([Knot(first_ns, start)])
        if await self._contradicted(story, placing.spans(times.runs), near):
            return Match(story, why_not=CONTENT_DIFFERS)
        knots = (Knot(first_ns, start),)
        placed = await self._placement(backfill, quality, knots, times.runs, times, None, clock_offset_ns=ahead)
        return Match(story, placed)

    async def _device_ahead(self, claim: int, near: Sequence[SegmentFact]) -> int | None:
        by_distance = sorted(near, key=lambda fact: abs(fact.start_utc_ns - claim))
        for fact in by_distance[:PROBED_MAX]:
            ahead = await asyncio.to_thread(device_ahead_ns, self._media, fact, claim)
            if ahead is not None:
                return ahead
        return None

    async def _contradicted(self, story: FileStory, coverage: Sequence[Span], near: Sequence[SegmentFact]) -> bool:
        """Whether there is live footage in its place that could be compared with it, and none of it agreed."""
        overlap_ns = 0
        for fact in near:
            inside = [(max(fact.start_utc_ns, one.start_ns), min(fact.end_utc_ns, one.end_ns)) for one in coverage]
            length_ns = sum(end - start for start, end in inside if end > start)
            if length_ns <= 0:
                continue
            form = await asyncio.to_thread(form_of, self._media, fact)
            if form is not None and _same_form(form, story):
                overlap_ns += length_ns
        return overlap_ns >= OVERLAP_MIN_NS

    async def _placement(
        self,
        backfill: Backfill,
        quality: MatchQuality,
        knots: tuple[Knot, ...],
        runs: Sequence[Span],
        times: FileTimes | None,
        compared: Comparison | None,
        *,
        clock_offset_ns: int | None = None,
        drift: float = 0.0,
        placing: Placing | None = None,
    ) -> Placement:
        placing = placing or Placing(knots)
        coverage = placing.spans(runs)
        footage = await self._recordings(backfill.device, backfill.channel, coverage[0].start_ns, coverage[-1].end_ns)
        gaps = [gap for gap in footage.gaps if hides_pictures(gap)]
        placed = [] if times is None else sorted(map(placing.placed, times.times_ns))
        return Placement(
            quality=quality,
            knots=knots,
            coverage=coverage,
            clock_offset_ns=clock_offset_ns,
            drift_ppm=drift,
            agreeing=0 if compared is None else compared.counts.get("agreeing", 0),
            gaps=() if times is None else closed_gaps(gaps, placed, coverage, times.step_ns),
            counts={} if compared is None else compared.counts,
            differences=() if compared is None else compared.differences,
            references=_references(footage)[:REFERENCES_MAX],
        )


class _Prints:
    """Fingerprints of a file that are there once, and the times of their pictures."""

    def __init__(self, file: FilePictures, *, keys_only: bool) -> None:
        self._times: dict[bytes, int | None] = {}
        for n in range(len(file)):
            if file.keys[n] or not keys_only:
                for print_ in {file.slices(n), file.whole(n)}:
                    self._times[print_] = None if print_ in self._times else file.times_ns[n]

    def offsets(self, live: Sequence[LivePicture]) -> list[int]:
        found = []
        for one in live:
            at = self._times.get(one.whole)
            at = self._times.get(one.slices) if at is None else at
            if at is not None:
                found.append(one.placed_utc_ns - at)
        return found


def _most(votes: list[int]) -> list[int]:
    """The largest set of votes that agree, in order."""
    ordered = sorted(votes)
    best: tuple[int, int] = (0, 0)
    start = 0
    for end in range(1, len(ordered) + 1):
        while ordered[end - 1] - ordered[start] > VOTES_WITHIN_NS:
            start += 1
        if end - start > best[1] - best[0]:
            best = start, end
    return ordered[best[0] : best[1]]


def _compare(
    file: FilePictures,
    times: FileTimes,
    placing: Placing,
    live: Sequence[LivePicture],
    footage: Footage,
    anchors: Sequence[Anchor],
) -> Comparison:
    sides = Sides(
        file=file,
        order=times.order,
        placed=[placing.placed(at) for at in times.times_ns],
        step_ns=times.step_ns,
        coverage=placing.spans(times.runs),
        live=live,
        gaps=[Span(gap.start_utc_ns, gap.end_utc_ns) for gap in footage.gaps if hides_pictures(gap)],
        recorded=[Span(one.start_utc_ns, one.end_utc_ns) for one in footage.segments],
    )
    return compare(sides, {one.n: one.m for one in anchors})


def _same_form(form: LiveForm, story: FileStory) -> bool:
    return (form.codec.value, form.width, form.height) == (story.codec, story.width, story.height)


def _references(footage: Footage) -> tuple[Reference, ...]:
    """What of the live copy lies where it lies: whole segments, and gaps by their numbers."""
    found: dict[str, tuple[int, int]] = {}
    for stream, first, last in [
        *((one.stream, one.first_sequence, one.last_sequence) for one in footage.segments),
        *((gap.stream, gap.sequence, gap.sequence + gap.count) for gap in footage.gaps if not gap.ongoing),
    ]:
        before = found.get(stream, (first, last))
        found[stream] = min(first, before[0]), max(last, before[1])
    return tuple(Reference(stream, first, last) for stream, (first, last) in found.items())

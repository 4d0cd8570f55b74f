"""`mingjing store check`: proves on a store, stopped or live, what the storage rules promise.

- I1, R2: every byte of every segment is under exactly one record, and hash-true.
- R1, I3: every row has its file, of that length and digest; every settled file has its row.
- R3: on a store that was stopped in order no segment is open.
- I7: within a stream sequence numbers follow each other over all its segments, gaps included, and
  the streams of a channel follow each other with a gap in between.
- The chain runs through all segments of a stream, and each stream names the head of the one before.

Not here: changing anything. What `check` finds, `rebuild` or a person puts right.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from recorder.index import Index
from recorder.stored import StoredSegment
from storage import EndFlag, Fault, SealedSegment, SegmentStore, SegmentUnreadableError, read_sealed, verify

PAGE = 1_000  # rows fetched at once

# A stream is anchored to the server's clock when it begins; the one before it on its channel may
# have been slewed ahead of that by a little (architecture.md, "Time and reference").
TILE_TOLERANCE_NS = 200_000_000


@dataclass(slots=True)
class CheckReport:
    """What was looked at and what is wrong. `faults` empty: everything the rules promise is so."""

    segments: int = 0
    fragments: int = 0
    gaps: int = 0
    size_bytes: int = 0
    open_segments: int = 0  # being written, or left by a crash for the next start
    without_row: int = 0  # sealed, and their rows are still to come
    quarantined: int = 0
    faults: list[Fault] = field(default_factory=list)


async def check(
    store: SegmentStore, index: Index, *, deep: bool = True, progress: Callable[[int], None] | None = None
) -> CheckReport:
    """Look at every row and every file; `deep` also hashes every byte.

    May run beside a recording server: what was sealed or deleted meanwhile is looked at again
    before it is called a fault.
    """
    report = CheckReport()
    rows: dict[str, StoredSegment] = {}
    after = ""
    while page := await index.oldest(PAGE, after):
        rows |= {row.path: row for row in page}
        after = page[-1].id
    garbage = set(await index.garbage())
    walk = await asyncio.to_thread(_walk, store, rows, garbage, deep, progress, report)
    for path in walk.without_row:
        if not await index.has(path.stem) and path.exists():
            report.faults.append(Fault(path, "it has no row"))
    for row in walk.without_file:
        if await index.has(row.id):
            report.faults.append(Fault(store.media / row.path, "its row has no file", row.start_utc_ns))
    going = {Path(name).stem for name in await index.garbage()}
    for stray in walk.strays:
        if stray.name.split(".")[0] not in going and stray.exists():
            report.faults.append(Fault(stray, "it belongs to no segment"))
    return report


@dataclass(slots=True)
class _Walk:
    without_row: list[Path] = field(default_factory=list)
    without_file: list[StoredSegment] = field(default_factory=list)
    strays: list[Path] = field(default_factory=list)
    streams: dict[str, list[SealedSegment]] = field(default_factory=lambda: defaultdict(list))


def _walk(
    store: SegmentStore,
    rows: dict[str, StoredSegment],
    garbage: set[str],
    deep: bool,
    progress: Callable[[int], None] | None,
    report: CheckReport,
) -> _Walk:
    walk = _Walk()
    seen: set[str] = set()
    for path in store.segments():
        name = store.relative(path)
        seen.add(name)
        if name in garbage:
            continue
        unsettled = store.is_unsettled(path.stem)  # asked first: what is settled by now is ended and has its row
        sealed = _look_at(path, report, still_open=unsettled, deep=deep)
        report.segments += 1
        if progress is not None:
            progress(report.segments)
        if sealed is None:
            continue
        walk.streams[sealed.header.stream].append(sealed)
        row = rows.get(name)
        if row is not None:
            if (row.size_bytes, row.digest) != (sealed.size_bytes, sealed.digest):
                report.faults.append(Fault(path, "its row tells of another length or digest", sealed.start_utc_ns))
        elif unsettled:
            report.without_row += 1
        else:
            walk.without_row.append(path)
    walk.without_file = [row for name, row in rows.items() if name not in seen]
    walk.strays = [stray for stray in store.strays() if not store.is_unsettled(stray.stem)]
    report.quarantined = sum(1 for _ in store.quarantined())
    for stream in walk.streams.values():
        report.faults += _follow(store, stream)
    report.faults += _follow_channels(store, walk.streams)
    return walk


def _look_at(path: Path, report: CheckReport, *, still_open: bool, deep: bool) -> SealedSegment | None:
    """What a sealed segment says of itself; None for one that is open, gone or not to be believed."""
    try:
        sealed = read_sealed(path)
        faults = verify(path, still_open=still_open)[1] if deep else []
    except SegmentUnreadableError as error:
        if not still_open:
            report.faults.append(Fault(path, str(error)))
        return None
    except FileNotFoundError:
        return None  # deleted while we looked; if its row is still there, that is a fault of its own
    except OSError as error:
        report.faults.append(Fault(path, f"it cannot be read: {error.strerror}"))
        return None
    report.faults += faults
    if sealed is None:
        report.open_segments += 1
        if not still_open and not deep:
            report.faults.append(Fault(path, "it was never ended"))
        return None
    report.fragments += sealed.fragments
    report.gaps += len(sealed.gaps)
    report.size_bytes += sealed.size_bytes
    return sealed


def _follow(store: SegmentStore, segments: list[SealedSegment]) -> list[Fault]:
    """The chain and the sequence numbers of one stream, from segment to segment."""
    faults = []
    ordered = sorted(segments, key=lambda segment: segment.header.segment)
    for before, after in pairwise(ordered):
        path = store.media / after.header.path
        # A segment that was cut after its successor had begun has another end than the one its successor knew.
        explained = before.end & (EndFlag.RECOVERED | EndFlag.BROKEN)
        if after.header.chain != before.digest and not explained:
            faults.append(Fault(path, "its chain does not begin where the segment before it ends", after.start_utc_ns))
        if after.header.first_sequence != before.last_sequence + 1:
            words = f"sequences {before.last_sequence + 1} to {after.header.first_sequence - 1} are missing before it"
            faults.append(Fault(path, words, after.start_utc_ns, before.last_sequence + 1))
    return faults


def _follow_channels(store: SegmentStore, streams: dict[str, list[SealedSegment]]) -> list[Fault]:
    """Each stream of a channel names the head of the one before it and says what is missing in between."""
    ends = {name: max(segments, key=lambda segment: segment.header.segment) for name, segments in streams.items()}
    faults = []
    for segments in streams.values():
        first = min(segments, key=lambda segment: segment.header.segment)
        before = ends.get(first.header.previous_stream)
        if before is None or first.header.first_sequence > 1:
            continue  # the first stream of its channel, or what came before was deleted by the ring
        path = store.media / first.header.path
        if first.header.previous_head != before.digest and not before.end & (EndFlag.RECOVERED | EndFlag.BROKEN):
            faults.append(Fault(path, "it names another head of the stream before it", first.start_utc_ns))
        missing_ns = first.start_utc_ns - before.end_utc_ns
        said = [gap for gap in first.gaps if gap.sequence == 0]
        if missing_ns > TILE_TOLERANCE_NS and not said:
            faults.append(Fault(path, "time is missing before it and no gap says so", before.end_utc_ns))
        if said and abs(said[0].start_utc_ns - before.end_utc_ns) > TILE_TOLERANCE_NS:
            faults.append(Fault(path, "the gap before it does not begin where footage ended", before.end_utc_ns))
    return faults

"""`mingjing store rebuild`: the index anew, from files alone, when the database is gone or not to be trusted.

Nothing is deleted. What was in flight is sealed as at any start, what cannot be believed goes into
quarantine (R6). The server must not run: the caller holds the store's lock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from recorder.index import Index
from storage import SealedSegment, SegmentStore, SegmentUnreadableError, read_sealed, recover

BATCH = 500  # segments a transaction


@dataclass(slots=True)
class RebuildReport:
    segments: int = 0
    recovered: int = 0  # of these, were still open
    gaps: int = 0
    size_bytes: int = 0
    quarantined: list[tuple[Path, str]] = field(default_factory=list)  # where it is now, and why


async def rebuild(store: SegmentStore, index: Index, *, progress: Callable[[int], None] | None = None) -> RebuildReport:
    """Replace all rows of the index by what the files say.

    Killed in between, it can be run again.

    Raises:
        OSError, SQLAlchemyError: disk or database refuse.
    """
    report = RebuildReport()
    await index.clear()
    paths = await asyncio.to_thread(lambda: list(store.segments()))
    unended: list[Path] = []
    for start in range(0, len(paths), BATCH):
        batch = await asyncio.to_thread(_read, store, paths[start : start + BATCH], unended, report)
        await _add(index, store, batch, report)
        if progress is not None:
            progress(report.segments)
    recovery = await asyncio.to_thread(recover, store, unended)
    await _add(index, store, list(recovery.sealed), report)
    report.recovered = len(recovery.sealed)
    report.quarantined += recovery.quarantined
    report.quarantined += await asyncio.to_thread(_set_strays_aside, store)
    return report


async def _add(index: Index, store: SegmentStore, sealed: list[SealedSegment], report: RebuildReport) -> None:
    await index.add(sealed)
    for segment in sealed:
        await asyncio.to_thread(store.settle, segment.header.segment)
    report.segments += len(sealed)
    report.gaps += sum(len(segment.gaps) for segment in sealed)
    report.size_bytes += sum(segment.size_bytes for segment in sealed)


def _read(store: SegmentStore, paths: list[Path], unended: list[Path], report: RebuildReport) -> list[SealedSegment]:
    found = []
    in_flight = {path.stem for path in store.unsettled()}
    for path in paths:
        try:
            segment = read_sealed(path)
        except SegmentUnreadableError as error:
            report.quarantined.append((store.set_aside(path), str(error)))
            continue
        if segment is None or path.stem in in_flight:
            unended.append(path)  # even with an end record: nobody knows whether a sync vouches for it
        else:
            found.append(segment)
    return found


def _set_strays_aside(store: SegmentStore) -> list[tuple[Path, str]]:
    return [(store.set_aside(path), "it belongs to no segment") for path in list(store.strays())]

"""Counts what the archive kept, by the stamps in its pictures and not by its own books.

Every picture counted is proven: its journal is chained, and its bytes have the digest that the
journal gives. Segments are read by one process a core, since a minute of 200 devices is two gigabytes.
"""

import os
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from media import VIDEO_TRACK_ID
from media.nal import find_stamp
from mingjing.bench.archive.number_runs import NumberRuns
from storage import SegmentStore, SystemClock, read_fragments, read_header, read_journal

_NOT_FOR_THEM = (signal.SIGINT, signal.SIG_IGN)


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """The pictures of one segment."""

    device: str
    channel: str
    stream: str
    runs: tuple[tuple[int, int], ...]  # of their numbers, first and last of each
    first_n: int  # of the first picture in it; -1 for none
    received_mono_ns: int  # when the server had received that one
    duplicated: int
    disordered: int  # a smaller number behind a greater one
    unstamped: int  # without a true stamp of this device


def count_segment(path: Path) -> SegmentCount:
    """Read one segment, open or ended. Raises SegmentUnreadableError as `read_header`."""
    header = read_header(path, read_journal(path))
    numbers = NumberRuns()
    first_n, received_mono_ns, before = -1, 0, -1
    duplicated = disordered = unstamped = 0
    for record, data in read_fragments(path):
        if record.track != VIDEO_TRACK_ID:
            continue
        stamp = find_stamp(data, 0, len(data))
        if stamp is None or not stamp.valid or stamp.device_id != header.device:
            unstamped += 1
            continue
        if first_n < 0:
            first_n, received_mono_ns = stamp.n, record.received_mono_ns
        again = numbers.add(stamp.n, stamp.n)
        duplicated += again
        disordered += stamp.n < before and not again
        before = stamp.n
    runs = tuple(numbers.runs())
    return SegmentCount(
        header.device, header.channel, header.stream, runs, first_n, received_mono_ns, duplicated, disordered, unstamped
    )


@dataclass(slots=True)
class ArchiveCount:
    """Pictures by device, each number once; and of each stream the first, with the time of its receipt."""

    numbers: dict[str, NumberRuns] = field(default_factory=dict)
    starts: dict[str, dict[int, int]] = field(default_factory=dict)  # device → number → monotonic ns
    duplicated: int = 0
    disordered: int = 0
    unstamped: int = 0
    segments: int = 0
    _last: dict[str, int] = field(default_factory=dict)  # number by stream

    @property
    def units(self) -> int:
        return sum(map(len, self.numbers.values()))

    def add(self, segment: SegmentCount) -> None:
        """Segments of a stream in the order in which they were made."""
        self.segments += 1
        self.unstamped += segment.unstamped
        self.duplicated += segment.duplicated
        self.disordered += segment.disordered
        if segment.first_n < 0:
            return
        kept = self.numbers.setdefault(segment.device, NumberRuns())
        for first, last in segment.runs:
            self.duplicated += kept.add(first, last)
        if segment.stream not in self._last:
            self.starts.setdefault(segment.device, {})[segment.first_n] = segment.received_mono_ns
        elif segment.first_n < self._last[segment.stream]:
            self.disordered += 1
        self._last[segment.stream] = segment.runs[-1][1]

    def missing(self, device: str, first_n: int, last_n: int) -> list[tuple[int, int]]:
        """Which runs between these numbers, both ends included, the archive does not have."""
        return self.numbers.get(device, NumberRuns()).missing(first_n, last_n)


def count_archive(data_dir: Path) -> ArchiveCount:
    """Read every segment of a stopped server."""
    store = SegmentStore(data_dir, SystemClock())
    count = ArchiveCount()
    with readers() as executor:
        for segment in count_segments(in_order(store.segments()), executor):
            count.add(segment)
    return count


def readers(processes: int | None = None) -> Executor:
    """Processes that read; by default one a core. Ctrl-C is not for them: who asked them ends them."""
    return ProcessPoolExecutor(
        processes or os.cpu_count(), get_context("spawn"), initializer=signal.signal, initargs=_NOT_FOR_THEM
    )


def in_order(paths: Iterable[Path]) -> list[Path]:
    """As the segments were made: their names are ids that sort by time."""
    return sorted(paths, key=lambda path: path.stem)


def count_segments(paths: Sequence[Path], executor: Executor) -> Iterable[SegmentCount]:
    """In the order given."""
    return executor.map(count_segment, paths)

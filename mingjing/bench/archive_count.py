"""Counts what the archive kept, by the stamps in its pictures and not by its own books."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from media import Codec
from mingjing.bench.stamped import stamp_of
from storage import SegmentStore, SystemClock, read_fragments


@dataclass(frozen=True, slots=True)
class ArchiveCount:
    """Pictures by device, each number counted once, and how often one was there again."""

    units: dict[str, set[int]]
    duplicated: int

    def missing(self, device: str, first_n: int, last_n: int) -> int:
        """How many of these numbers, both ends included, the archive does not have."""
        return last_n - first_n + 1 - sum(1 for n in self.units.get(device, ()) if first_n <= n <= last_n)


def count_archive(data_dir: Path, codec: Codec) -> ArchiveCount:
    """Read every fragment of every segment of a stopped server."""
    units: dict[str, set[int]] = {}
    times: Counter[tuple[str, int]] = Counter()
    for path in SegmentStore(data_dir, SystemClock()).segments():
        for _, data in read_fragments(path):
            stamp = stamp_of(data, codec)
            if stamp is not None and stamp.valid:
                units.setdefault(stamp.device_id, set()).add(stamp.n)
                times[stamp.device_id, stamp.n] += 1
    return ArchiveCount(units, sum(count - 1 for count in times.values()))

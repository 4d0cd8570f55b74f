"""The archive as a benchmark sees it: what it kept, read back from files, and how its index bears years of rows.

Not here: live load (bench.live), what was sent (bench.account compares).
"""

from mingjing.bench.archive.questions import ArchiveLoad, bench_archive
from mingjing.bench.archive.read_back import ArchiveCount, count_archive, count_segments, in_order, readers
from mingjing.bench.archive.years import Years

__all__ = [
    "ArchiveCount",
    "ArchiveLoad",
    "Years",
    "bench_archive",
    "count_archive",
    "count_segments",
    "in_order",
    "readers",
]

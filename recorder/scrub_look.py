"""Looks at one recording again: is every byte still what the journal, the chain and the row say of it?

Read in the order of the file, each read of at most one fragment, and no faster than a `Pace` allows. What was read is
dropped from the page cache: the footage that people look at belongs there.

Not here: which recording, and what becomes of what was found (scrubber). Never writes. Everything blocks.
"""

import os
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from recorder.stored import StoredSegment
from storage import Fault, SegmentUnreadableError, journal_beside, read_sealed, verify

SLOWED = 8  # times slower while the disk is filling or late: recording comes first
BURST_S = 0.1  # of the rate may be read at once after a wait


class Damage(StrEnum):
    ALTERED = "altered"  # bytes or records are not what was written
    MISSING = "missing"  # the file is not there
    UNREADABLE = "unreadable"  # the disk does not give it back


class GivenUp(Exception):
    """The server stops."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a recording. From the first bad second on nothing of it may be relied on unseen."""

    kind: Damage
    words: str
    places: int  # that differ: fragments, records
    first_bad_utc_ns: int


class Pace:
    """So many bytes a second. `slowed` may be set, and `stop` called, from any thread."""

    def __init__(self, bytes_a_second: float) -> None:
        self.slowed = False
        self.read_bytes = 0
        self._rate = bytes_a_second
        self._stopping = threading.Event()
        self._began = self._due = time.monotonic()

    def stop(self) -> None:
        self._stopping.set()

    def took(self, size: int) -> None:
        """Wait until so many bytes were allowed. Raises GivenUp."""
        now = time.monotonic()
        rate = self._rate / (SLOWED if self.slowed else 1)
        self._due = max(self._due, now - BURST_S) + size / rate
        self.read_bytes += size
        if self._stopping.wait(max(0.0, self._due - now) if self._due - now > BURST_S / 2 else 0):
            raise GivenUp


class _Reads:
    """`os.pread` at a pace; a place that the disk refuses is as good as empty, and counted."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.refused = ""

    def __call__(self, descriptor: int, length: int, offset: int) -> bytes:
        self._pace.took(length)
        try:
            data = os.pread(descriptor, length, offset)
        except OSError as error:
            self.refused = self.refused or (error.strerror or str(error))
            return b""
        os.posix_fadvise(descriptor, offset, length, os.POSIX_FADV_DONTNEED)
        return data


def look_at(media: Path, row: StoredSegment, pace: Pace) -> Finding | None:
    """What is wrong with it; None: it is whole.

    Raises:
        GivenUp: the pace was stopped.
    """
    path, reads = media / row.path, _Reads(pace)
    try:
        os.stat(path)
        pace.took(os.stat(journal_beside(str(path))).st_size)
        faults = verify(path, pread=reads)[1]
        if not faults:
            sealed = read_sealed(path)
            if sealed is None:
                faults = [Fault(path, "it was never ended")]
            elif (sealed.size_bytes, sealed.digest) != (row.size_bytes, row.digest):
                faults = [Fault(path, "its row tells of another length or digest")]
    except FileNotFoundError as error:
        gone = "its file" if Path(str(error.filename)) == path else "its journal"
        return Finding(Damage.MISSING, f"{gone} is not there", 1, row.start_utc_ns)
    except SegmentUnreadableError as error:
        return Finding(Damage.ALTERED, str(error), 1, row.start_utc_ns)
    except OSError as error:
        return Finding(Damage.UNREADABLE, error.strerror or str(error), 1, row.start_utc_ns)
    return _judged(row, faults, reads.refused)


def _judged(row: StoredSegment, faults: list[Fault], refused: str) -> Finding | None:
    if not faults:
        return None
    known = [fault.placed_utc_ns for fault in faults if fault.placed_utc_ns is not None]
    first_bad = max(row.start_utc_ns, min(known, default=row.start_utc_ns))
    kind, words = (Damage.UNREADABLE, refused) if refused else (Damage.ALTERED, faults[0].words)
    return Finding(kind, words, len(faults), first_bad)

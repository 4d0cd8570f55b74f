"""Reads entries on from where it stood: for what follows the ledger from afar. Blocks.

Only up to an entry that is known to be durable: behind it there may be lines that never will be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.ledger.entry import BrokenLineError, Entry, parse_line
from storage.ledger.files import ledger_paths, read_lines


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind entry `n`: the file, and how many bytes of it were read."""

    n: int
    file: str
    offset: int


class LedgerTail:
    """Used by one thread at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place: _Place | None = None

    def read(self, after_n: int, last_n: int, limit: int) -> list[Entry]:
        """At most `limit` entries with numbers above `after_n` and up to `last_n`. Broken lines are passed over: the
        ledger's own proof names them.
        """
        entries: list[Entry] = []
        if after_n >= last_n:
            return entries
        place = self._place if self._place is not None and self._place.n == after_n else None
        for path in self._paths(after_n, place):
            with path.open("rb") as file:
                if place is not None and path.name == place.file:
                    file.seek(place.offset)
                offset = file.tell()
                while len(entries) < limit and (line := file.readline()):
                    entry = _entry(line)
                    if entry is not None and entry.n > last_n:
                        return entries
                    offset += len(line)
                    if entry is not None and entry.n > after_n:
                        entries.append(entry)
                        self._place = _Place(entry.n, path.name, offset)
            if len(entries) >= limit:
                break
        return entries

    def _paths(self, after_n: int, place: _Place | None) -> list[Path]:
        paths = ledger_paths(self._directory)
        if place is not None:
            return [path for path in paths if path.name >= place.file]
        starts = [int(path.stem) for path in paths]
        before = [index for index, start in enumerate(starts) if start <= after_n + 1]
        return paths[before[-1] :] if before else paths


def entry_digests(directory: Path, last_n: int, first_n: int = 1) -> Iterator[tuple[int, bytes]]:
    """Number and digest of each entry that can be read, in the order of the files; from the file with `first_n` on."""
    for line in read_lines(directory, first_n):
        entry = _entry(line.data + b"\n")
        if entry is not None:
            if entry.n > last_n:
                return
            yield entry.n, entry.digest


def _entry(line: bytes) -> Entry | None:
    try:
        return parse_line(line[:-1])[0] if line.endswith(b"\n") else None
    except BrokenLineError:
        return None

"""Is the ledger what it was? Walks the whole chain and names the first entry that is not true.

What should not be here: repair. A broken chain is evidence and stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.ledger.entry import GENESIS, BrokenLineError, Entry, parse_line
from storage.ledger.files import first_number, read_lines


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """The first entry that is missing or altered."""

    n: int  # the number it has or should have
    file: str  # empty when there is no file at all
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a proof found. `unprojected` entries are true but not in the database; that is no damage."""

    entries: int  # true entries from the first on
    first_broken: BrokenEntry | None
    unprojected: int = 0

    @property
    def intact(self) -> bool:
        return self.first_broken is None


class ChainWalk:
    """Iterates over true entries in order; ends at the first that is not, which is then `broken`."""

    def __init__(self, directory: Path, last_n: int | None = None) -> None:
        """Walk up to entry `last_n`, which must be there; None takes what there is."""
        self._directory = directory
        self._last_n = last_n
        self.entries = 0
        self.broken: BrokenEntry | None = None

    def __iter__(self) -> Iterator[Entry]:
        previous, n, file = GENESIS, 0, ""
        if self._last_n == 0:
            return
        for line in read_lines(self._directory):
            try:
                if not line.complete:
                    raise BrokenLineError("its line does not end")
                entry, named = parse_line(line.data)
                if entry.n != n + 1:
                    raise BrokenLineError(f"entry {entry.n} stands in its place")
                if named != previous:
                    raise BrokenLineError("the entry before is not the one it names")
                if line.number == 1 and first_number(line.file) != entry.n:
                    raise BrokenLineError("its file has the name of another")
            except BrokenLineError as error:
                self.broken = BrokenEntry(n + 1, line.file, line.number, str(error))
                return
            previous, n, file = entry.digest, entry.n, line.file
            self.entries = n
            yield entry
            if n == self._last_n:
                return
        if self._last_n is not None:
            self.broken = BrokenEntry(n + 1, file, 0, f"the files end before entry {self._last_n}")


def verify_files(directory: Path) -> LedgerReport:
    """Prove the files alone, without a database or a running server. Blocks."""
    walk = ChainWalk(directory)
    for _ in walk:
        pass
    return LedgerReport(walk.entries, walk.broken)

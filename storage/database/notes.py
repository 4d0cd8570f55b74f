"""Notes that lie beside the database file and outlast a kill: what a mending lost, until everybody was told.

    mingjing.sqlite3.report-new           written before the exchange; it means nothing until that has begun
    mingjing.sqlite3.report               the exchange has begun, and the ledger does not have it yet
    mingjing.sqlite3.report-entered       the ledger has it, and no alarm has told it yet

Not here: the exchange (mending), who is told (the roof).
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from storage.database.salvage import Salvaged


@dataclass(frozen=True, slots=True)
class Mended:
    """What a start found and did."""

    kept_as: Path  # the damaged file
    found: str  # what was wrong
    tables: tuple[Salvaged, ...]  # those that are not as they were
    entered: bool = False  # the ledger has it


def beside(path: Path, word: str) -> Path:
    return path.with_name(f"{path.name}.{word}")


def write_synced(path: Path, text: str) -> None:
    """Blocks for one sync. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """The folder in which `path` is."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_report(path: Path, mended: Mended) -> None:
    """Before the exchange; what nobody was told yet of a mending before it is told with it.

    Raises:
        OSError: it cannot be written.
    """
    older = report_of(path)
    tables = (*(older.tables if older else ()), *mended.tables)
    report = {"kept_as": mended.kept_as.name, "found": mended.found, "tables": [asdict(table) for table in tables]}
    write_synced(beside(path, "report-new"), json.dumps(report, ensure_ascii=False))


def take_report(path: Path) -> None:
    """The exchange has begun: from now on it is true."""
    new = beside(path, "report-new")
    if new.exists():
        new.replace(beside(path, "report"))
        beside(path, "report-entered").unlink(missing_ok=True)  # the new one has what stands in there


def report_of(path: Path) -> Mended | None:
    """What a mending lost and somebody was not told yet."""
    for word in ("report", "report-entered"):
        file = beside(path, word)
        if file.exists():
            return _read(file, path, entered=word == "report-entered")
    return None


def report_entered(path: Path) -> None:
    """The ledger has it."""
    beside(path, "report").replace(beside(path, "report-entered"))
    sync_folder(path)


def report_told(path: Path) -> None:
    """An alarm has told it: it goes, if the ledger has it, too."""
    beside(path, "report-entered").unlink(missing_ok=True)


def _read(file: Path, path: Path, *, entered: bool) -> Mended:
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        tables = tuple(Salvaged(**table) for table in report["tables"])
        return Mended(path.with_name(report["kept_as"]), report["found"], tables, entered)
    except (OSError, ValueError, KeyError, TypeError) as error:  # its disk is at fault: that something was lost is told
        return Mended(file, f"the report of a mending cannot be read: {error}", (), entered)

"""A damaged database is replaced by what can be read of it, before anybody opens it; the damaged file is kept.

    mingjing.sqlite3.suspect              somebody met a damaged page: the next start looks at all of them, and mends
    mingjing.sqlite3.mending              the new file, while it is made
    mingjing.sqlite3.mended               it is whole and takes the place of the old one now
    mingjing.sqlite3.damaged-<time>       the old one, as it was, with its log
    mingjing.sqlite3.report...            what was lost, until it is told (notes)

Killed at any step, the next start does the rest: until `.mended` has its name nothing has happened, and from then on
only names change.

Not here: what a page looks like that is damaged (damage), what is copied (salvage), who is told (the roof).
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from storage.database.damage import damaged_tables
from storage.database.notes import Mended, beside, sync_folder, take_report, write_report, write_synced
from storage.database.salvage import revision_of, salvage

# A file up to this size is looked at before each start: it takes less than a second. A larger one, where millions of
# recordings are, only where somebody met a damaged page; it is looked at while the server runs.
LOOKED_AT_BYTES = 256 << 20

# What is wrong where somebody met a damaged page and a look at all of them finds none: SQLite's look does not compare
# the rows with their indexes, for example, and a disk that fails now and then answers as it likes.
MET = "met before"

# Makes a new database at this path, of this schema (None: the newest), and closes it.
MakeEmpty = Callable[[Path, str | None], Awaitable[None]]


class CannotMendError(Exception):
    """A damaged database stays as it is; the message says what to do."""


def suspect(path: Path, words: str) -> None:
    """Have the next start look at every page. Blocks for one sync.

    Raises:
        OSError: it cannot be written down.
    """
    write_synced(beside(path, "suspect"), words + "\n")


def damage_of(path: Path) -> dict[str, str]:
    """What is wrong with the file, as `PageLook` has it; empty: nothing, or it is too large to look at unasked.

    Where somebody met damage that a look does not find, that is what is wrong (`MET`).

    Raises:
        DatabaseUnreadableError: nothing can be read at all.
        LookEndedError: it could not be looked at.
    """
    marker = beside(path, "suspect")
    if not path.exists() or (path.stat().st_size > LOOKED_AT_BYTES and not marker.exists()):
        return {}
    found = damaged_tables(path)
    if not found and marker.exists():
        return {MET: marker.read_text(encoding="utf-8", errors="replace").strip()}
    return found


async def mend(
    path: Path, found: Mapping[str, str], *, make_empty: MakeEmpty, apart: Collection[Collection[str]] = ()
) -> Mended:
    """Replace the file by a new one with all that can be read; `found` is of `damage_of`, `apart` as for `salvage`.

    Raises:
        DatabaseUnreadableError: nothing can be read; nothing was changed.
        CannotMendError: there is no room for a new one, for example; nothing was changed.
        SchemaTooNewError: a newer program has written it.
    """
    new = beside(path, "mending")
    try:
        _remove(new)
        await make_empty(new, await asyncio.to_thread(revision_of, path))
        tables = await asyncio.to_thread(salvage, path, new, found, apart=apart)
        words = "; ".join(f"{table}: {words}" for table, words in found.items())
        mended = Mended(_kept_as(path, new), words, tuple(tables))
        await asyncio.to_thread(_exchange, path, new, mended)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        with suppress(OSError):
            _remove(new)
        why = getattr(error, "orig", None) or error
        raise CannotMendError(
            f"{path} is damaged, and no new one can be made: {why}. Make as much room on its disk as it takes, and "
            "start again. Recordings and audit log are not touched."
        ) from error
    return mended


def finish_exchange(path: Path) -> None:
    """After a kill in the midst of it: the old file, if it is still there, makes way for the new one."""
    mended = beside(path, "mended")
    if not mended.exists():
        return
    kept_as = _kept_as(path, mended)
    sync_folder(path)
    take_report(path)
    for old, name in ((f"{path}-wal", f"{kept_as}-wal"), (str(path), str(kept_as))):  # its log first: both or none
        with suppress(FileNotFoundError):
            os.replace(old, name)
    Path(f"{path}-shm").unlink(missing_ok=True)
    sync_folder(path)
    mended.replace(path)
    beside(path, "suspect").unlink(missing_ok=True)
    sync_folder(path)


def _exchange(path: Path, new: Path, report: Mended) -> None:
    write_report(path, report)
    descriptor = os.open(new, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path)  # a report that is not there would let everything be lost without a word
    new.replace(beside(path, "mended"))
    finish_exchange(path)


def _kept_as(path: Path, mended: Path) -> Path:
    """The same name for the old file whenever it is asked: by the time at which the new one was made."""
    made = datetime.fromtimestamp(mended.stat().st_mtime, UTC)
    return beside(path, f"damaged-{made:%Y%m%dT%H%M%SZ}")


def _remove(database: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + end).unlink(missing_ok=True)

"""A database file that its disk has damaged: how it is told from every other trouble, and how it is looked for.

SQLite notices a torn or overwritten page when it reads it, and not before. So two things tell: a statement that fails
(`is_damage`), and a look at every page (`PageLook`). A bit that changed inside of a value is noticed by neither.

Not here: what is done about it (salvage, mending).
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError

from storage.database import pragmas

# Of one table; a damaged interior page gives one for each page below it.
_WORDS_MAX = 3

# Steps of SQLite's machine, of which a row takes some; asking takes a microsecond.
_ASKED_EVERY = 1000

# What is damaged where no table is: the list of free pages, or a table of SQLite's own.
WHOLE_FILE = "the file itself"

_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# The disk, or its file system, says itself that it cannot give back what was written (extended codes).
_READ_CODES = (
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
    sqlite3.SQLITE_IOERR_DATA,
)


class DatabaseUnreadableError(Exception):
    """So much is damaged that not even the names of the tables can be read; the message says what to do."""


class DatabaseDamagedError(Exception):
    """A page that was asked for cannot be read. The message is SQLite's."""


class LookEndedError(Exception):
    """A look at the pages did not come to its end."""


def is_damage(error: BaseException | None) -> bool:
    """Whether the file, or what can be read of it, is not what SQLite wrote; as against locked, full, away, refused."""
    if isinstance(error, DBAPIError):
        error = error.orig
    code = getattr(error, "sqlite_errorcode", None)  # extended codes have the primary one in the low byte
    if not isinstance(error, sqlite3.DatabaseError) or code is None:
        return False
    return code & 0xFF in _CODES or code in _READ_CODES


class PageLook:
    """A look at every page, but those of the tables in `but` and of their indexes.

    Beside a running server it is a reader as any other. A sound file is read once; one that is not also by table.
    """

    def __init__(self, path: Path, *, but: Collection[str] = ()) -> None:
        self._path = path
        self._but = but
        self._connection: sqlite3.Connection | None = None
        self._stopped = False

    def run(self) -> dict[str, str]:
        """What is wrong, by table or under `WHOLE_FILE`. Blocks, and reads the whole file.

        Raises:
            DatabaseUnreadableError: not even the names of the tables can be read.
            LookEndedError: the file cannot be opened, somebody has it locked, or the look was stopped.
        """
        try:
            with closing(open_to_read(self._path)) as connection:
                connection.set_progress_handler(self._is_stopped, _ASKED_EVERY)
                self._connection = connection
                return self._damaged(connection)
        except sqlite3.OperationalError as error:
            raise LookEndedError(str(error)) from error

    def _damaged(self, connection: sqlite3.Connection) -> dict[str, str]:
        tables = tables_of(connection, self._path)
        whole = "" if self._but else self._faults(connection)
        if not whole and not self._but:
            return {}
        looked_at = ((table, self._faults(connection, table)) for table in tables if table not in self._but)
        damaged = {table: words for table, words in looked_at if words}
        return damaged if damaged or not whole else {WHOLE_FILE: whole}

    def _faults(self, connection: sqlite3.Connection, table: str | None = None) -> str:
        if self._stopped:
            raise LookEndedError("stopped")
        what = _WORDS_MAX if table is None else quoted(table)
        try:
            rows = connection.execute(f"PRAGMA quick_check({what})").fetchmany(_WORDS_MAX)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return str(error)
        words = " ".join(str(row[0]).removeprefix("*** in database main ***") for row in rows)
        return "" if words == "ok" else " ".join(words.split())

    def _is_stopped(self) -> bool:
        return self._stopped

    def stop(self) -> None:
        """From any thread: `run` ends within some pages.

        SQLite does not ask while it walks the pages, which `interrupt` ends; it does while it compares the rows, also
        where `interrupt` came just before the statement and was for none.
        """
        self._stopped = True
        if self._connection is not None:
            with suppress(sqlite3.ProgrammingError):  # it has just ended by itself
                self._connection.interrupt()


def damaged_tables(path: Path, *, but: Collection[str] = ()) -> dict[str, str]:
    """What is wrong, by table; as `PageLook`."""
    return PageLook(path, but=but).run()


def open_to_read(path: Path) -> sqlite3.Connection:
    """What cannot write cannot checkpoint either: nothing of a damaged file, or of its log, changes."""
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    wait_s = pragmas.BUSY_TIMEOUT_MS / 1000
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=wait_s)


def tables_of(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Raises DatabaseUnreadableError."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    try:
        return [str(name) for (name,) in connection.execute(query)]
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        raise DatabaseUnreadableError(
            f"{path} is damaged, and nothing in it can be read ({error}). Recordings and audit log are files of their "
            "own and not touched. Move it away, put the database of the newest backup in its place, and start: what "
            "was recorded since is found by itself (docs/guide/backup.md)."
        ) from None


def quoted(name: str) -> str:
    """An identifier in a statement."""
    return '"' + name.replace('"', '""') + '"'

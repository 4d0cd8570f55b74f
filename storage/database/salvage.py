"""What can still be read of a damaged database, into a new one.

A sound table is copied as it is. A damaged one is read row by row from its beginning until a page cannot be, and then
from its end: what lies between is lost; where the index of its key is sound, that still tells the names of those rows.
Rows that refer to a row which is lost are left out, too: a device without its checkpoint is no device.

Not here: which tables can be made again from elsewhere (the caller says), and putting the new file in the place of the
old one (mending).
"""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storage.database import pragmas
from storage.database.damage import is_damage, open_to_read, quoted, tables_of

Row = tuple[Any, ...]

_VERSION = "alembic_version"  # the new file has it already


@dataclass(slots=True)
class Salvaged:
    """One table that was not sound, or lost rows with another."""

    table: str
    rows: int  # in the new file
    remade: bool = False  # emptied: it can be made again from elsewhere
    lost: list[str] = field(default_factory=list)  # names of rows that are gone
    lost_more: bool = False  # and perhaps others, whose names nothing tells


class _Met(Exception):
    """A page that cannot be read, in a table that was believed to be sound."""


def salvage(
    damaged: Path, new: Path, found: Collection[str], *, apart: Collection[Collection[str]] = ()
) -> list[Salvaged]:
    """Copy all that can be read into `new`, which has the same tables, empty. Blocks.

    `found` are the tables of which it is known that they are damaged; one of which the copy learns it is told, too.
    `apart` are groups of tables that can be made again from elsewhere: where one of a group is damaged nothing of the
    group is taken, for half of it would be believed. Returned are the tables that are not as they were.

    Raises:
        DatabaseUnreadableError: not even the names of the tables can be read.
        sqlite3.Error: the new file cannot be written.
    """
    bad = set(found)
    while True:
        try:
            return _copy(damaged, new, bad, apart)
        except _Met as met:
            bad.add(str(met))


def _copy(damaged: Path, new: Path, bad: set[str], apart: Collection[Collection[str]]) -> list[Salvaged]:
    """All of it in one transaction. Raises _Met, and then has done nothing."""
    remade = {table for group in apart if bad & set(group) for table in group}
    done = {table: Salvaged(table, 0, remade=True) for table in remade}
    with closing(open_to_read(damaged)) as source, closing(_both(damaged, new)) as target:
        target.execute("BEGIN")
        there = set(tables_of(source, damaged))
        for table in tables_of(target, new):
            if table == _VERSION or table in remade or table not in there:
                continue
            if table in bad:
                done[table] = _pick(source, target, table)
            else:
                _take_whole(target, table)
        _drop_orphans(target, done)
        target.execute("COMMIT")
    return [done[table] for table in sorted(done)]


def revision_of(damaged: Path) -> str | None:
    """The schema that the damaged file has, by its table or by the index of that; None when neither can be read."""
    with closing(open_to_read(damaged)) as connection:
        for way in ("NOT INDEXED", f"INDEXED BY sqlite_autoindex_{_VERSION}_1"):
            with suppress(sqlite3.DatabaseError):
                row = connection.execute(f"SELECT version_num FROM {_VERSION} {way}").fetchone()
                if row is not None:
                    return str(row[0])
    return None


def _both(damaged: Path, new: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(new.resolve()))}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=pragmas.BUSY_TIMEOUT_MS / 1000)
    connection.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it, is what is put in place
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("ATTACH ? AS old", (f"file:{quote(str(damaged.resolve()))}?mode=ro",))
    return connection


def _columns(connection: sqlite3.Connection, table: str, schema: str = "main") -> list[str]:
    return [quoted(row[1]) for row in connection.execute(f"PRAGMA {schema}.table_info({quoted(table)})")]


def _columns_of_both(target: sqlite3.Connection, table: str) -> list[str]:
    """Where nobody knows the old schema the new table may have more; SQLite would take their names for strings."""
    old = set(_columns(target, table, "old"))
    return [name for name in _columns(target, table) if name in old]


def _take_whole(target: sqlite3.Connection, table: str) -> None:
    names = ", ".join(_columns_of_both(target, table))
    try:
        target.execute(f"INSERT INTO main.{quoted(table)} ({names}) SELECT {names} FROM old.{quoted(table)}")
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        raise _Met(table) from error


def _pick(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> Salvaged:
    """A damaged table, row by row, from both ends."""
    names = _columns_of_both(target, table)
    insert = f"INSERT INTO main.{quoted(table)} (rowid, {', '.join(names)}) VALUES (?{', ?' * len(names)})"
    taken: set[int] = set()
    for order in ("ASC", "DESC"):
        query = f"SELECT rowid, {', '.join(names)} FROM {quoted(table)} ORDER BY rowid {order}"
        ended = _take(target, insert, _rows(source, query), taken)
        if ended:
            break
    told = _names_by_index(source, target, table)
    lost = sorted(name for rowid, name in (told or {}).items() if rowid not in taken)
    return Salvaged(table, len(taken), lost=lost, lost_more=not ended and told is None)


def _take(target: sqlite3.Connection, insert: str, rows: Iterator[Row | None], taken: set[int]) -> bool:
    """False: it came to a page that cannot be read. A row that the new table refuses is no row."""
    for row in rows:
        if row is None:
            return False
        if row[0] not in taken:
            with suppress(sqlite3.IntegrityError):
                target.execute(insert, row)
                taken.add(row[0])
    return True


def _rows(source: sqlite3.Connection, query: str) -> Iterator[Row | None]:
    """None where a page cannot be read; that is the last."""
    try:
        yield from source.execute(query)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        yield None


def _names_by_index(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> dict[int, str] | None:
    """Row numbers and names as the index of the primary key has them; None without one, or when it is damaged, too."""
    keys = [quoted(row[1]) for row in target.execute(f"PRAGMA main.table_info({quoted(table)})") if row[5]]
    index = quoted(f"sqlite_autoindex_{table}_1")
    query = f"SELECT rowid, {' || char(32) || '.join(keys)} FROM {quoted(table)} INDEXED BY {index}"
    try:
        return {rowid: str(name) for rowid, name in source.execute(query)}
    except sqlite3.DatabaseError:
        return None


def _drop_orphans(target: sqlite3.Connection, done: dict[str, Salvaged]) -> None:
    """Rows whose parents are lost go, and then those that refer to them."""
    while orphans := target.execute("PRAGMA main.foreign_key_check").fetchall():
        for table, rowid in {(row[0], row[1]) for row in orphans}:
            key = _columns(target, table)[0]
            name = target.execute(f"SELECT {key} FROM main.{quoted(table)} WHERE rowid = ?", (rowid,)).fetchone()[0]
            target.execute(f"DELETE FROM main.{quoted(table)} WHERE rowid = ?", (rowid,))
            known = done.setdefault(table, Salvaged(table, _count(target, table) + 1))
            known.rows -= 1
            known.lost.append(str(name))


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM main.{quoted(table)}").fetchone()[0])

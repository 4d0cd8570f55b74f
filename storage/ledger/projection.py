"""The entries as rows, for queries. Derived: it may be dropped, and is filled again from the files."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, LargeBinary, Row, Table, Text, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import metadata
from storage.ledger.entry import Entry, json_text

PAGE_MAX = 500

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("utc_ns", BigInteger, nullable=False, index=True),
    Column("principal", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Index("ix_ledger_entries_principal_n", "principal", "n"),
    Index("ix_ledger_entries_action_n", "action", "n"),
    Index("ix_ledger_entries_subject_n", "subject", "n"),
)


LEDGER_TABLES = (ledger_entries.name,)


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Entries newest first. `total` counts all that match, on whatever page."""

    items: tuple[Entry, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """All that are given must match. An `action` that ends in a dot takes every action of that noun."""

    principal: str | None = None
    action: str | None = None
    subject: str | None = None
    since_utc_ns: int | None = None
    until_utc_ns: int | None = None  # exclusive

    def clauses(self) -> list[ColumnElement[bool]]:
        columns, found = ledger_entries.c, list[ColumnElement[bool]]()
        if self.principal is not None:
            found.append(columns.principal == self.principal)
        if self.action is not None and self.action.endswith("."):
            found.append(columns.action.startswith(self.action, autoescape=True))
        elif self.action is not None:
            found.append(columns.action == self.action)
        if self.subject is not None:
            found.append(columns.subject == self.subject)
        if self.since_utc_ns is not None:
            found.append(columns.utc_ns >= self.since_utc_ns)
        if self.until_utc_ns is not None:
            found.append(columns.utc_ns < self.until_utc_ns)
        return found


async def project(connection: AsyncConnection, entries: Iterable[Entry]) -> None:
    """Write rows for these entries; those that have one keep it."""
    rows = [
        {
            "n": entry.n,
            "utc_ns": entry.utc_ns,
            "principal": entry.principal,
            "action": entry.action,
            "subject": entry.subject,
            "detail": json_text(entry.detail),
            "digest": entry.digest,
        }
        for entry in entries
    ]
    if rows:
        await connection.execute(insert(ledger_entries).on_conflict_do_nothing(), rows)


async def extent(connection: AsyncConnection) -> tuple[int, int]:
    """How many entries have rows, and the highest number among them."""
    row = (await connection.execute(select(func.count(), func.max(ledger_entries.c.n)))).one()
    return row[0], row[1] or 0


async def digests(connection: AsyncConnection, first_n: int, last_n: int) -> dict[int, bytes]:
    """What the rows say the entries' digests are."""
    columns = ledger_entries.c
    found = await connection.execute(select(columns.n, columns.digest).where(columns.n.between(first_n, last_n)))
    return {row[0]: row[1] for row in found}


async def page(connection: AsyncConnection, wanted: LedgerFilter, cursor: str | None, limit: int) -> LedgerPage:
    """Raises ValueError when `cursor` is none that a page gave."""
    clauses = wanted.clauses()
    total = (await connection.execute(select(func.count()).select_from(ledger_entries).where(*clauses))).scalar_one()
    if cursor is not None:
        if not cursor.isdecimal() or len(cursor) > 18:
            raise ValueError("not a cursor of this list")
        clauses.append(ledger_entries.c.n < int(cursor))
    limit = max(1, min(limit, PAGE_MAX))
    statement = select(ledger_entries).where(*clauses).order_by(ledger_entries.c.n.desc()).limit(limit + 1)
    rows: Sequence[Row[tuple[object, ...]]] = (await connection.execute(statement)).all()
    items = tuple(_entry(row) for row in rows[:limit])
    return LedgerPage(items, str(items[-1].n) if len(rows) > limit else None, total)


async def newest(
    connection: AsyncConnection, wanted: LedgerFilter, before_n: int, limit: int, after_n: int
) -> list[Entry]:
    """As a page of them, without counting the others."""
    clauses = [*wanted.clauses(), ledger_entries.c.n < before_n, ledger_entries.c.n > after_n]
    statement = select(ledger_entries).where(*clauses).order_by(ledger_entries.c.n.desc()).limit(limit)
    return [_entry(row) for row in (await connection.execute(statement)).all()]


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(row.n, row.utc_ns, row.principal, row.action, row.subject, json.loads(row.detail), row.digest)

"""The book of exports: rows and ledger entries, written together, and what is asked of them.

A change is the row, then the ledger entry, then the commit; nobody changes what they have not seen the newest version
of. Not here: what a change means (exports), how rows come back from the ledger (replay).
"""

import asyncio

from sqlalchemy import func, select

from gateway.registry import Conflict, NotFound
from recorder.export.export import Export, ExportState
from recorder.export.limits import AGREEMENT_WAIT_NS, DAY_NS
from recorder.export.rows import ExportFilter, ExportPage, clauses, export_of, put_row
from recorder.export.tables import exports
from recorder.kept import NotACursor
from storage.database import Database
from storage.ledger import Ledger

PAGE_MAX = 500


class Book:
    """`turn` is that of changes: they wait for each other."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.turn = asyncio.Lock()
        self._database = database
        self._ledger = ledger

    async def find(self, export_id: str) -> Export | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(exports).where(exports.c.id == export_id))).one_or_none()
        return None if row is None else export_of(row)

    async def of_key(self, principal: str, key: str) -> Export | None:
        """What this person ordered under this key."""
        query = select(exports).where(exports.c.order_key == f"{principal} {key}")
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else export_of(row)

    async def ordered_bytes(self, principal: str, now_utc_ns: int) -> int:
        """What this person ordered in the last day, whatever became of it."""
        columns = exports.c
        recent = (columns.created_by == principal) & (columns.created_utc_ns > now_utc_ns - DAY_NS)
        async with self._database.read() as connection:
            return await connection.scalar(select(func.sum(columns.estimate_bytes)).where(recent)) or 0

    async def next_waiting(self) -> Export | None:
        """The oldest that waits for nothing but its turn."""
        mine = (exports.c.state == ExportState.WAITING.value) & ~exports.c.waits_for_agreement
        async with self._database.read() as connection:
            row = (await connection.execute(select(exports).where(mine).order_by(exports.c.id).limit(1))).one_or_none()
        return None if row is None else export_of(row)

    async def over(self, now_utc_ns: int) -> list[Export]:
        """Those whose bundle's time is over, and those to which nobody agreed."""
        ready = (exports.c.state == ExportState.READY.value) & (exports.c.free_utc_ns <= now_utc_ns)
        unheard = exports.c.waits_for_agreement & (exports.c.created_utc_ns <= now_utc_ns - AGREEMENT_WAIT_NS)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(exports).where(ready | unheard))).all()
        return [export_of(row) for row in rows]

    async def page(
        self, wanted: ExportFilter, running: str, *, oldest_first: bool, cursor: str | None, limit: int
    ) -> ExportPage:
        """`running` is the id of the one that is being made, or empty. Raises NotACursor."""
        found = clauses(wanted, running)
        count = select(func.count()).select_from(exports).where(*found)
        if cursor is not None:
            if not (cursor.isascii() and cursor.isalnum() and len(cursor) <= 26):
                raise NotACursor
            found.append(exports.c.id > cursor if oldest_first else exports.c.id < cursor)
        limit = max(1, min(limit, PAGE_MAX))
        order = exports.c.id if oldest_first else exports.c.id.desc()
        async with self._database.read() as connection:
            total = await connection.scalar(count) or 0
            rows = (await connection.execute(select(exports).where(*found).order_by(order).limit(limit + 1))).all()
        items = tuple(export_of(row) for row in rows[:limit])
        return ExportPage(items, items[-1].id if len(rows) > limit else None, total)

    async def require_newest(self, before: Export) -> None:
        """In the turn. Raises NotFound, Conflict: it is not as it was seen."""
        present = await self.find(before.id)
        if present is None:
            raise NotFound(f"There is no export {before.id}.")
        if present.version != before.version:
            raise Conflict("Somebody changed it meanwhile.", fix="Load it again, look at it, repeat the change.")

    async def write(self, export: Export, act: str, principal: str, before: Export | None) -> None:
        """In the turn.

        Raises:
            LedgerUnavailable, SQLAlchemyError: nothing has changed.
        """
        async with self._database.write() as connection:
            await put_row(connection, export)
            await self._ledger.append(
                principal=principal,
                action=f"export.{act}",
                subject=export.id,
                detail=export.detail() if before is None else export.changes_from(before),
                connection=connection,
            )

"""Rows of exports that the database lacks, made again from the ledger at each start.

Entries are laid over each other in their order, from the last start on. A database from an hour ago remembers an
earlier start, and replays more (F14). An entry whose transaction was never committed counts as well, unless a later
one makes the same version: it says too much, not too little, and an export that nobody waits for is made and expires.
"""

import json
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as insert_or_update
from sqlalchemy.ext.asyncio import AsyncConnection

from recorder.export.export import Export, ExportState
from recorder.export.rows import export_of, put_row
from recorder.export.tables import exports, exports_replayed
from storage.database import Database
from storage.ledger import Entry, Ledger

BATCH = 500  # entries a page of the ledger, and rows a question
ACTION = "export."
CHANGES = frozenset(f"{ACTION}{act}" for act in ("create", "agree", "ready", "fail", "cancel", "expire"))

log = structlog.get_logger()


async def replay_exports(database: Database, ledger: Ledger) -> list[Export]:
    """Bring the rows up to the ledger; all exports that wait or have a bundle.

    Raises:
        SQLAlchemyError: the database refuses.
    """
    async with database.read() as connection:
        done = await connection.scalar(select(exports_replayed.c.entry)) or 0
    head = ledger.statistics().entries
    entries = await _changes(ledger, done, head)
    async with database.write() as connection:
        overlay = _Overlay(await _states(connection, sorted({entry.subject for entry in entries})))
        for entry in entries:
            overlay.lay(entry)
        for export_id in sorted(overlay.changed):
            await put_row(connection, Export.from_detail(export_id, overlay.states[export_id]))
        mark = insert_or_update(exports_replayed).values(one=1, entry=head)
        await connection.execute(mark.on_conflict_do_update(index_elements=["one"], set_={"entry": head}))
        wanted = exports.c.state.in_((ExportState.WAITING.value, ExportState.READY.value))
        return [export_of(row) for row in (await connection.execute(select(exports).where(wanted))).all()]


async def _changes(ledger: Ledger, done: int, head: int) -> list[Entry]:
    """Oldest first."""
    found: list[Entry] = []
    before = head + 1
    while entries := await ledger.newest(ACTION, before, BATCH, after_n=done):
        found += [entry for entry in entries if entry.action in CHANGES]
        before = entries[-1].n
    return found[::-1]


async def _states(connection: AsyncConnection, export_ids: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(export_ids), BATCH):
        query = select(exports).where(exports.c.id.in_(export_ids[start : start + BATCH]))
        found |= {row.id: json.loads(row.state_json) for row in (await connection.execute(query)).all()}
    return found


class _Overlay:
    """Entries over the states that the rows have."""

    def __init__(self, states: dict[str, dict[str, Any]]) -> None:
        self.states = states
        self.changed: set[str] = set()
        self._before: dict[str, dict[str, Any]] = {}  # without the last entry that was laid

    def lay(self, entry: Entry) -> None:
        """One that the row has already changes nothing: its version is not newer."""
        export_id = entry.subject
        try:
            version = int(entry.detail["version"])  # type: ignore[arg-type]
            known = self.states.get(export_id, {})
            if known and version == known["version"] and export_id in self._before:
                known = self._before[export_id]
            elif known and version <= known["version"]:
                return
            after = {**known, **entry.detail}
            Export.from_detail(export_id, after)
        except (KeyError, TypeError, ValueError) as error:
            log.error("a ledger entry that says nothing of an export", n=entry.n, why=str(error))
        else:
            self.changed.add(export_id)
            self._before[export_id], self.states[export_id] = known, after

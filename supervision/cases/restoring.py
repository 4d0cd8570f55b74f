"""Rows that the ledger is ahead by, written at start (F14: the database is from an hour ago, or a new one).

Not here: what entries mean when one contradicts another (replay).
"""

from collections.abc import Collection, Mapping

import structlog

from storage.database import Database
from storage.ledger import Entry, Ledger
from supervision.cases import entries, tables
from supervision.cases.case import Case
from supervision.cases.replay import replay

WALK = 500  # entries read at once, backwards

log: structlog.stdlib.BoundLogger = structlog.get_logger("supervision.cases")


async def restore_rows(database: Database, ledger: Ledger) -> int:
    """How many cases changed by it. An ordinary start reads a page of entries for each kind of change: none."""
    missing = [entry for action in sorted(entries.CHANGES) for entry in await _without_row(database, ledger, action)]
    if not missing:
        return 0
    missing += await _closed_imports(ledger, min(entry.n for entry in missing))
    missing.sort(key=lambda entry: entry.n)
    known, now = await _replayed(database, missing)
    changed = [case for case in now.values() if known.get(case.id) != case]
    async with database.write() as connection:
        # Out with all that changes, and in again: two may have exchanged their numbers.
        await tables.remove(connection, {*(known.keys() - now.keys()), *(case.id for case in changed)})
        await tables.write(connection, changed)
    if changed:
        log.warning("cases_restored_from_ledger", cases=len(changed))
    return len(changed)


async def _replayed(database: Database, missing: list[Entry]) -> tuple[dict[str, Case], dict[str, Case]]:
    """Rows that these entries concern, and the cases after them.

    Concerned is as well who has by now what a case takes by them: that change never took effect (replay).
    """
    known = await _rows_of(database, {entry.subject for entry in missing})
    current: dict[str, Case] = {}
    while True:
        now, before = replay(missing, known, current), known | current
        changed = [case for case in now.values() if before.get(case.id) != case]
        async with database.read() as connection:
            holders = await tables.find_holders(connection, changed)
        if holders.keys() <= before.keys():
            return before, now
        current |= {case_id: case for case_id, case in holders.items() if case_id not in before}


async def _without_row(database: Database, ledger: Ledger, action: str) -> list[Entry]:
    """Entries of this action, read backwards up to the first one whose case has a row of its version.

    Commits come in the order of their entries, so what is before that one is there.
    """
    found: list[Entry] = []
    before_n = 2**62
    while batch := await ledger.newest(action, before_n, WALK):
        before_n = batch[-1].n
        rows = await _rows_of(database, {entry.subject for entry in batch})
        for entry in batch:
            if _has_row(entry, rows):
                return found
            found.append(entry)
    return found


async def _closed_imports(ledger: Ledger, from_n: int) -> list[Entry]:
    found: list[Entry] = []
    before_n = 2**62
    while batch := await ledger.newest(entries.IMPORT, before_n, WALK):
        before_n = batch[-1].n
        found += [entry for entry in batch if entry.n >= from_n]
        if before_n < from_n:
            break
    return found


async def _rows_of(database: Database, case_ids: Collection[str]) -> dict[str, Case]:
    async with database.read() as connection:
        return await tables.find_all(connection, sorted(case_ids))


def _has_row(entry: Entry, rows: Mapping[str, Case]) -> bool:
    version, case = entry.detail.get("version"), rows.get(entry.subject)
    return isinstance(version, int) and case is not None and case.version >= version

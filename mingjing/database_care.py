"""A damaged database: mended before anybody opens it, told of while the server runs (F65).

While the server runs, recording does not wait for it: the files come before the rows. A start does: devices come in
when the database is mended, which takes as long as copying it. The files tell of every recording and of every entry of
the audit log, and the log of every case, clip and hold, so these tables are made again; people, places and devices are
in the database alone: what can be read of them is taken over, what cannot is named, and has to come from the backup
(docs/guide/backup.md).

Not here: pages, tables and files (storage.database).
"""

import asyncio
from pathlib import Path

import structlog

from gateway.stream import AlarmKind, Hub
from mingjing.settings import Settings
from recorder import BACKFILL_TABLES, EXPORT_TABLES, INDEX_TABLES, KEPT_TABLES, SCRUB_TABLES
from recorder.retention import RETENTION_TABLES
from storage.database import (
    MET,
    CannotMendError,
    Database,
    DatabaseUnreadableError,
    LookEndedError,
    Mended,
    PageLook,
    Salvaged,
    damage_of,
    finish_exchange,
    mend,
    migrate,
    report_entered,
    report_of,
)
from storage.ledger import LEDGER_TABLES, JsonValue, Ledger, LedgerUnavailable
from supervision.cases import CASE_TABLES

FIRST_LOOK_S = 120.0  # the minutes after a start belong to the devices that come back
LOOK_AGAIN_S = 86_400.0
TELL_AGAIN_S = 240.0  # walls forget an alarm after five minutes
NAMES_MAX = 50  # told of one table; the ledger's entries are short

log: structlog.stdlib.BoundLogger = structlog.get_logger("mingjing")


async def mend_if_damaged(settings: Settings) -> Mended | None:
    """Before the database is opened; the store is locked. What was mended, now or before, and not told to everybody.

    Raises:
        DatabaseUnreadableError: nothing of it can be read; nothing was changed.
        CannotMendError: there is no room for a new one, for example; nothing was changed.
        SchemaTooNewError: a newer program has written it.
    """
    path = settings.database_path
    await asyncio.to_thread(finish_exchange, path)
    await _mend_if_damaged(path)
    mended = await asyncio.to_thread(report_of, path)
    if mended is not None:
        log.error(words_of(mended))
    return mended


async def _mend_if_damaged(path: Path) -> None:
    try:
        found = await asyncio.to_thread(damage_of, path)
    except LookEndedError as error:
        log.warning("the database could not be looked at, and is used as it is", error=str(error))
        return  # the watch looks again
    if not found:
        return
    log.error("the database is damaged, and mended now", path=str(path), found=found)
    try:
        apart = (
            INDEX_TABLES,
            LEDGER_TABLES,
            CASE_TABLES,
            KEPT_TABLES,
            EXPORT_TABLES,
            RETENTION_TABLES,
            SCRUB_TABLES,
            BACKFILL_TABLES,
        )
        await mend(path, found, make_empty=_make_empty, apart=apart)
    except CannotMendError as error:
        if found.keys() != {MET}:
            raise
        log.error("the database is not mended; a look finds no damage, so it is used", error=str(error))


async def record_mending(ledger: Ledger, path: Path, mended: Mended) -> None:
    """Nothing is repaired silently. While the ledger takes no entry the report stays, for the next start."""
    if mended.entered:
        return
    lost: dict[str, JsonValue] = {}
    for table in mended.tables:
        if table.lost:
            before = lost.get(table.table, [])
            lost[table.table] = [*(before if isinstance(before, list) else []), *table.lost[:NAMES_MAX]]
    detail: dict[str, JsonValue] = {
        "kept_as": mended.kept_as.name,
        "made_again": [table.table for table in mended.tables if table.remade],
        "lost": lost,
        "lost_more": [table.table for table in mended.tables if table.lost_more],
    }
    try:
        await ledger.append(principal="system", action="database.mend", detail=detail)
    except LedgerUnavailable as error:
        log.error("the ledger does not have it that the database was mended", error=str(error))
    else:
        await asyncio.to_thread(report_entered, path)


def words_of(mended: Mended) -> str:
    """For the alarm and the log."""
    said = ["the database was damaged and is mended"]
    if not mended.tables:
        said.append(mended.found)
    if any(table.remade for table in mended.tables):
        said.append("what the files tell is made again from them")
    said += [_lost(table) for table in mended.tables if table.lost or table.lost_more]
    said.append(f"the damaged file is kept as {mended.kept_as.name}")
    return "; ".join(said)


class DatabaseWatch:
    """Looks at every page now and then, and tells of damage for as long as there is some."""

    def __init__(self, database: Database, hub: Hub, stop_percent: float) -> None:
        """`stop_percent`: with no more of its disk free, recording stops."""
        self._database = database
        self._hub = hub
        self._stop_percent = stop_percent

    async def run(self) -> None:
        wait_s = FIRST_LOOK_S
        while True:
            try:
                async with asyncio.timeout(wait_s):
                    await self._database.damaged.wait()
            except TimeoutError:
                await self._look()
                wait_s = LOOK_AGAIN_S
            if self._database.damage:
                self._tell()
                await asyncio.sleep(TELL_AGAIN_S)

    async def _look(self) -> None:
        look = PageLook(self._database.path)
        try:
            found = await asyncio.to_thread(look.run)
        except DatabaseUnreadableError as error:
            self._database.found_damaged(str(error))
        except LookEndedError as error:
            log.warning("the database could not be looked at", error=str(error))
        else:
            if found:
                self._database.found_damaged("; ".join(f"{table}: {words}" for table, words in found.items()))
        finally:
            look.stop()

    def _tell(self) -> None:
        words = (
            f"the database is damaged ({self._database.damage}): recording goes on, but nothing is deleted meanwhile, "
            f"so it stops when {self._stop_percent:g} % of the disk are free. "
            "Restart the server: it is mended then, and what was lost, if anything, is named"
        )
        self._hub.alarm(AlarmKind.DATABASE_DAMAGED, words=words)


def _lost(table: Salvaged) -> str:
    names = ", ".join(table.lost[:NAMES_MAX])
    if not names:
        return f"lost of {table.table}: nobody knows what; {table.rows} rows are left"
    beyond = len(table.lost) > NAMES_MAX or table.lost_more
    return f"lost of {table.table}: {names}{' and others' if beyond else ''}"


async def _make_empty(path: Path, revision: str | None) -> None:
    await migrate(f"sqlite+aiosqlite:///{path}", revision or "head")

"""Rows of originals that the database lacks, made again from the ledger at each start; and from the files, where the
ledger does not reach so far back.

The last `backfill.*` entry of each says all of it, so replaying is: take those that came since the last start, and let
the last one of each id win. As with clips, an entry whose transaction was never committed counts.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from recorder.backfill.backfill import Backfill
from recorder.backfill.rows import put_row
from recorder.backfill.tables import backfills, backfills_replayed
from storage.database import Database
from storage.ledger import Ledger

NOUN = "backfill."
BATCH = 500  # entries a page of the ledger

log = structlog.get_logger()


async def replay_backfills(database: Database, ledger: Ledger) -> None:
    """
    Raises:
        SQLAlchemyError: the database refuses.
    """
    async with database.read() as connection:
        done = await connection.scalar(select(backfills_replayed.c.entry)) or 0
    head = ledger.statistics().entries
    newest: dict[str, Backfill] = {}
    before = head + 1
    while entries := await ledger.newest(NOUN, before, BATCH, after_n=done):
        for entry in entries:
            if entry.subject in newest:
                continue
            try:
                newest[entry.subject] = Backfill.from_detail(entry.subject, entry.detail)
            except (IndexError, KeyError, TypeError, ValueError) as error:
                log.error("a ledger entry that says nothing of its original", n=entry.n, why=str(error))
        before = entries[-1].n
    async with database.write() as connection:
        for backfill in newest.values():
            version = await connection.scalar(select(backfills.c.version).where(backfills.c.id == backfill.id))
            if version is None or version < backfill.version:
                await put_row(connection, backfill)
        mark = insert_or_update(backfills_replayed).values(one=1, entry=head)
        await connection.execute(mark.on_conflict_do_update(index_elements=["one"], set_={"entry": head}))

"""Rows of clips and holds that the database lacks, made again from the ledger at each start.

The last entry of each says all of it, so replaying is: take the entries that came since the last start and let the
last one of each id win. A database from an hour ago remembers an earlier start, and replays more (F14).

An entry whose transaction was never committed is replayed as well (decision 0009): what was to be kept is kept, and
of a removal its author was not told of, seven days remain to withdraw it.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from recorder.kept.keeping import Keeping, KeepingKind
from recorder.kept.rows import keeping_of, put_row
from recorder.kept.tables import kept, kept_replayed
from storage.database import Database
from storage.ledger import Ledger

BATCH = 500  # entries a page of the ledger, and rows a transaction

log = structlog.get_logger()


async def replay(database: Database, ledger: Ledger) -> list[Keeping]:
    """Bring the rows up to the ledger; all that is kept, or was.

    Raises:
        SQLAlchemyError: the database refuses; then nothing may be deleted.
    """
    async with database.read() as connection:
        done = await connection.scalar(select(kept_replayed.c.entry)) or 0
    head = ledger.statistics().entries
    newest: dict[str, Keeping] = {}
    for kind in KeepingKind:
        before = head + 1
        while entries := await ledger.newest(f"{kind}.", before, BATCH):
            for entry in entries:
                if entry.n <= done or entry.subject in newest:
                    continue
                try:
                    newest[entry.subject] = Keeping.from_detail(kind, entry.subject, entry.detail)
                except (KeyError, TypeError, ValueError) as error:
                    log.error("a ledger entry that says nothing of what it kept", n=entry.n, why=str(error))
            before = entries[-1].n
            if before <= done:
                break
    async with database.write() as connection:
        for keeping in newest.values():
            await put_row(connection, keeping)
        mark = insert_or_update(kept_replayed).values(one=1, entry=head)
        await connection.execute(mark.on_conflict_do_update(index_elements=["one"], set_={"entry": head}))
    async with database.read() as connection:
        rows = (await connection.execute(select(kept))).all()
    return [keeping_of(row) for row in rows]

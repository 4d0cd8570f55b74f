"""Rows of clips and holds that the database lacks, made again from the ledger at each start.

The last entry of each says all of it, so replaying is: take the entries that came since the last start and let the
last one of each id win. A database from an hour ago remembers an earlier start, and replays more (F14).

An entry whose transaction was never committed is replayed as well (decision 0009): what was to be kept is kept. Of a
removal that the rows do not know, nobody can say whether its author was told: seven days remain from this start.
"""

from dataclasses import replace

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from recorder.kept.keeping import REMORSE_NS, Keeping, KeepingKind
from recorder.kept.rows import keeping_of, put_row
from recorder.kept.tables import kept, kept_replayed
from storage.database import Database
from storage.ledger import Ledger

BATCH = 500  # entries a page of the ledger, and rows a transaction

log = structlog.get_logger()


async def replay(database: Database, ledger: Ledger, now_utc_ns: int) -> list[Keeping]:
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
        while entries := await ledger.newest(f"{kind}.", before, BATCH, after_n=done):
            for entry in entries:
                if entry.subject in newest:
                    continue
                try:
                    newest[entry.subject] = Keeping.from_detail(kind, entry.subject, entry.detail)
                except (KeyError, TypeError, ValueError) as error:
                    log.error("a ledger entry that says nothing of what it kept", n=entry.n, why=str(error))
            before = entries[-1].n
    async with database.write() as connection:
        for keeping in newest.values():
            row = (await connection.execute(select(kept).where(kept.c.id == keeping.id))).one_or_none()
            if row is None or keeping_of(row) != keeping:
                await put_row(connection, _with_days_left(keeping, now_utc_ns))
        mark = insert_or_update(kept_replayed).values(one=1, entry=head)
        await connection.execute(mark.on_conflict_do_update(index_elements=["one"], set_={"entry": head}))
    async with database.read() as connection:
        rows = (await connection.execute(select(kept))).all()
    return [keeping_of(row) for row in rows]


def _with_days_left(keeping: Keeping, now_utc_ns: int) -> Keeping:
    if keeping.removal is None or keeping.free_utc_ns is None:
        return keeping
    removal = replace(keeping.removal, free_utc_ns=max(keeping.free_utc_ns, now_utc_ns + REMORSE_NS))
    return replace(keeping, removal=removal)

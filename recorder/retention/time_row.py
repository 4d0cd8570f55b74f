"""The row of what the ring believed last. Written every few minutes: a restart doubts the clock by it."""

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from recorder.retention.tables import retention_time
from recorder.retention.trusted_time import Believed
from storage.database import Database


async def read_belief(database: Database) -> Believed | None:
    async with database.read() as connection:
        row = (await connection.execute(select(retention_time))).one_or_none()
    return None if row is None else Believed(row.utc_ns, row.ahead_ns, row.doubted_ns)


async def write_belief(database: Database, believed: Believed) -> None:
    values = {"utc_ns": believed.utc_ns, "ahead_ns": believed.ahead_ns, "doubted_ns": believed.doubted_ns}
    statement = insert(retention_time).values(one=1, **values)
    async with database.write() as connection:
        await connection.execute(statement.on_conflict_do_update(index_elements=["one"], set_=values))

"""The row of a clip or hold: what it is found by, and its whole state."""

import json
from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from recorder.kept.keeping import Keeping, KeepingKind
from recorder.kept.tables import kept


async def put_row(connection: AsyncConnection, keeping: Keeping) -> None:
    passage = keeping.passage
    values = {
        "kind": keeping.kind.value,
        "device": passage.device,
        "channel": passage.channel,
        "unit": passage.unit,
        "case_id": keeping.case,
        "stage": keeping.stage,
        "start_utc_ns": passage.start_utc_ns,
        "end_utc_ns": passage.end_utc_ns,
        "free_utc_ns": keeping.free_utc_ns,
        "version": keeping.version,
        "state": json.dumps(keeping.detail(), ensure_ascii=False),
    }
    statement = insert(kept).values(id=keeping.id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def keeping_of(row: Row[Any]) -> Keeping:
    return Keeping.from_detail(KeepingKind(row.kind), row.id, json.loads(row.state))

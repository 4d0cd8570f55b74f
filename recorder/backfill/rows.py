"""The row of an original: what it is found by, and its whole state."""

import json
from typing import Any

from sqlalchemy import Row
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from recorder.backfill.backfill import Backfill
from recorder.backfill.tables import backfills


async def put_row(connection: AsyncConnection, backfill: Backfill) -> None:
    placement = backfill.placement
    values = {
        "device": backfill.device,
        "channel": backfill.channel,
        "unit": backfill.unit,
        "sha256": backfill.sha256,
        "size_bytes": backfill.size_bytes,
        "stands": backfill.state.value,
        "received_utc_ns": backfill.received_utc_ns,
        "start_utc_ns": None if placement is None else placement.start_utc_ns,
        "end_utc_ns": None if placement is None else placement.end_utc_ns,
        "version": backfill.version,
        "state": json.dumps(backfill.detail(), ensure_ascii=False),
    }
    statement = insert(backfills).values(id=backfill.id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def backfill_of(row: Row[Any]) -> Backfill:
    return Backfill.from_detail(row.id, json.loads(row.state))

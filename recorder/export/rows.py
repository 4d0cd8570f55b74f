"""The row of an export: what it is found by, and its whole state; and what of rows a list wants."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from recorder.export.export import Export, ExportState
from recorder.export.tables import export_devices, exports
from recorder.kept import KeptScope


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """All that are given must match."""

    state: ExportState | None = None
    case: str | None = None
    created_by: str | None = None
    within: KeptScope | None = None


@dataclass(frozen=True, slots=True)
class ExportPage:
    """`total` counts all that match, on whatever page."""

    items: tuple[Export, ...]
    next_cursor: str | None
    total: int


async def put_row(connection: AsyncConnection, export: Export) -> None:
    values = {
        "state": export.state.value,
        "waits_for_agreement": export.waits_for_agreement,
        "case_id": export.case,
        "created_by": export.created_by,
        "created_utc_ns": export.created_utc_ns,
        "order_key": f"{export.created_by} {export.key}" if export.key else None,
        "estimate_bytes": export.estimate_bytes,
        "free_utc_ns": export.free_utc_ns,
        "version": export.version,
        "state_json": json.dumps(export.detail(), ensure_ascii=False),
    }
    statement = insert(exports).values(id=export.id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    places = sorted({(one.passage.device, one.passage.unit) for one in export.items})
    await connection.execute(delete(export_devices).where(export_devices.c.export == export.id))
    await connection.execute(
        insert(export_devices), [{"export": export.id, "device": device, "unit": unit} for device, unit in places]
    )


def export_of(row: Row[Any]) -> Export:
    return Export.from_detail(row.id, json.loads(row.state_json))


async def naming(connection: AsyncConnection, devices: Sequence[str], limit: int) -> list[Export]:
    """The newest exports with footage of any of these devices."""
    theirs = select(export_devices.c.export).where(export_devices.c.device.in_(devices))
    query = select(exports).where(exports.c.id.in_(theirs)).order_by(exports.c.id.desc()).limit(limit)
    return [export_of(row) for row in (await connection.execute(query)).all()]


def clauses(wanted: ExportFilter, running: str) -> list[ColumnElement[bool]]:
    """`running` is the id of the one that is being made, or empty: of that the row says that it waits."""
    columns = exports.c
    found: list[ColumnElement[bool]] = []
    if wanted.state is ExportState.RUNNING:
        found.append(columns.id == running)
    elif wanted.state is not None:
        found += [columns.state == wanted.state.value, columns.id != running]
    if wanted.case is not None:
        found.append(columns.case_id == wanted.case)
    if wanted.created_by is not None:
        found.append(columns.created_by == wanted.created_by)
    if wanted.within is not None:
        mine, units, registered = wanted.within.devices, wanted.within.units, wanted.within.registered
        places = export_devices.c
        seen = or_(places.device.in_(mine), and_(places.device.not_in(registered), places.unit.in_(units)))
        hidden = select(places.export).where(places.export == columns.id, ~seen)
        found.append(~hidden.exists())
    return found

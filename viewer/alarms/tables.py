"""The rows of the alarm log, and every statement about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, Row, Table, Text, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.stream import AlarmKind
from storage.database import metadata
from viewer.alarms.kept import KeptAlarm

PAGE_MAX = 500
CURSOR_LENGTH = 26  # a ULID

alarms = Table(
    "alarms",
    metadata,
    Column("id", Text, primary_key=True),  # a ULID: by id is by time
    Column("kind", Text, nullable=False),
    Column("device", Text, nullable=False),  # empty: the server
    Column("channel", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("first_utc_ns", BigInteger, nullable=False),
    Column("last_utc_ns", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("over_utc_ns", BigInteger, nullable=True),
    Column("acknowledged_utc_ns", BigInteger, nullable=True),
    Column("acknowledged_by", Text, nullable=True),
    Index("ix_alarms_device_id", "device", "id"),
    Index("ix_alarms_acknowledged_id", "acknowledged_utc_ns", "id"),
)


class NotACursor(ValueError):
    """No page of this list gave this cursor."""


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """All that are given must match. `devices` None is every device; the server is asked for by `server`."""

    kind: AlarmKind | None = None
    device: str | None = None
    devices: Sequence[str] | None = None
    server: bool = True
    acknowledged: bool | None = None
    since_utc_ns: int | None = None
    until_utc_ns: int | None = None  # exclusive

    def clauses(self) -> list[ColumnElement[bool]]:
        columns, found = alarms.c, list[ColumnElement[bool]]()
        if self.kind is not None:
            found.append(columns.kind == self.kind.value)
        if self.device is not None:
            found.append(columns.device == self.device)
        if self.devices is not None:
            found.append(columns.device.in_([*self.devices, *([""] if self.server else [])]))
        elif not self.server:
            found.append(columns.device != "")
        if self.acknowledged is not None:
            stands = columns.acknowledged_utc_ns.is_(None)
            found.append(~stands if self.acknowledged else stands)
        if self.since_utc_ns is not None:
            found.append(columns.last_utc_ns >= self.since_utc_ns)
        if self.until_utc_ns is not None:
            found.append(columns.first_utc_ns < self.until_utc_ns)
        return found


@dataclass(frozen=True, slots=True)
class AlarmPage:
    """Newest first. `total` counts all that match, on whatever page."""

    items: tuple[KeptAlarm, ...]
    next_cursor: str | None
    total: int


async def write(connection: AsyncConnection, lines: Iterable[KeptAlarm]) -> None:
    """Insert or bring up to date. Acknowledgements have a statement of their own and are left as they are."""
    rows = [
        {
            "id": line.id,
            "kind": line.kind.value,
            "device": line.device_id,
            "channel": line.channel,
            "words": line.words,
            "first_utc_ns": line.first_utc_ns,
            "last_utc_ns": line.last_utc_ns,
            "times": line.times,
            "over_utc_ns": line.over_utc_ns,
        }
        for line in lines
    ]
    if not rows:
        return
    statement = insert(alarms)
    newer = {name: statement.excluded[name] for name in ("words", "last_utc_ns", "times", "over_utc_ns")}
    await connection.execute(statement.on_conflict_do_update(index_elements=[alarms.c.id], set_=newer), rows)


async def acknowledge(connection: AsyncConnection, alarm_id: str, utc_ns: int, by: str) -> bool:
    """False: there is no such line, or somebody was faster."""
    statement = update(alarms).where(alarms.c.id == alarm_id, alarms.c.acknowledged_utc_ns.is_(None))
    done = await connection.execute(statement.values(acknowledged_utc_ns=utc_ns, acknowledged_by=by))
    return bool(done.rowcount)


async def trim(connection: AsyncConnection, keep: int) -> None:
    """Drop the oldest lines beyond `keep`."""
    last = select(alarms.c.id).order_by(alarms.c.id.desc()).limit(1).offset(keep - 1).scalar_subquery()
    await connection.execute(delete(alarms).where(alarms.c.id < last))


async def find(connection: AsyncConnection, alarm_id: str) -> KeptAlarm | None:
    row = (await connection.execute(select(alarms).where(alarms.c.id == alarm_id))).one_or_none()
    return None if row is None else _kept(row)


async def newest(connection: AsyncConnection, count: int) -> list[KeptAlarm]:
    """Oldest first."""
    rows = (await connection.execute(select(alarms).order_by(alarms.c.id.desc()).limit(count))).all()
    return [_kept(row) for row in reversed(rows)]


async def standing(connection: AsyncConnection, kinds: Iterable[AlarmKind], count: int) -> list[KeptAlarm]:
    """The newest lines of these kinds that are not over, oldest first."""
    wanted = alarms.c.over_utc_ns.is_(None) & alarms.c.kind.in_([kind.value for kind in kinds])
    rows = (await connection.execute(select(alarms).where(wanted).order_by(alarms.c.id.desc()).limit(count))).all()
    return [_kept(row) for row in reversed(rows)]


async def page(connection: AsyncConnection, wanted: AlarmFilter, cursor: str | None, limit: int) -> AlarmPage:
    """Raises NotACursor."""
    clauses = wanted.clauses()
    total = (await connection.execute(select(func.count()).select_from(alarms).where(*clauses))).scalar_one()
    if cursor is not None:
        if not (cursor.isascii() and cursor.isalnum() and len(cursor) == CURSOR_LENGTH):
            raise NotACursor
        clauses.append(alarms.c.id < cursor)
    limit = max(1, min(limit, PAGE_MAX))
    statement = select(alarms).where(*clauses).order_by(alarms.c.id.desc()).limit(limit + 1)
    rows = (await connection.execute(statement)).all()
    items = tuple(_kept(row) for row in rows[:limit])
    return AlarmPage(items, items[-1].id if len(rows) > limit else None, total)


def _kept(row: Row[tuple[object, ...]]) -> KeptAlarm:
    return KeptAlarm(
        id=row.id,
        kind=AlarmKind(row.kind),
        device_id=row.device,
        channel=row.channel,
        words=row.words,
        first_utc_ns=row.first_utc_ns,
        last_utc_ns=row.last_utc_ns,
        times=row.times,
        over_utc_ns=row.over_utc_ns,
        acknowledged_utc_ns=row.acknowledged_utc_ns,
        acknowledged_by=row.acknowledged_by,
    )

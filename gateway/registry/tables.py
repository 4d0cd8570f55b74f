"""The registry's tables, and their rows as values."""

from collections import defaultdict

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    Update,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.device import Credential, Device, LastRefusal, RefusalReason
from gateway.registry.places import Checkpoint, Unit
from gateway.registry.source import Source, SourceTransport, read_source_url
from storage.database import metadata

units = Table(
    "units",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent", Text, ForeignKey("units.id"), nullable=True),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, ForeignKey("units.id"), nullable=False, index=True),
    Column("latitude", Float, nullable=True),
    Column("longitude", Float, nullable=True),
    Column("address", Text, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("checkpoint", Text, ForeignKey("checkpoints.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("last_seen_utc_ns", BigInteger, nullable=True),
    Column("refusal_reason", Text, nullable=True),
    Column("refusal_utc_ns", BigInteger, nullable=True),
    Column("refusal_peer", Text, nullable=True),
    Column("refusal_words", Text, nullable=True),
    Column("version", Integer, nullable=False),
)

device_credentials = Table(
    "device_credentials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("device", Text, ForeignKey("devices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("ha1_md5", Text, nullable=False),
    Column("ha1_sha256", Text, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("expires_utc_ns", BigInteger, nullable=True),
)

device_sources = Table(
    "device_sources",
    metadata,
    Column("device", Text, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("sealed_password", LargeBinary, nullable=False),  # empty: none
    Column("transport", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
)


def update_version(table: Table, row_id: str, version: int) -> Update:
    return update(table).where(table.c.id == row_id).values(version=version)


async def read_units(connection: AsyncConnection) -> list[Unit]:
    rows = await connection.execute(select(units))
    return [Unit(row.id, row.name, row.parent, row.created_utc_ns, row.version) for row in rows]


async def read_checkpoints(connection: AsyncConnection) -> list[Checkpoint]:
    rows = await connection.execute(select(checkpoints))
    return [
        Checkpoint(
            id=row.id,
            name=row.name,
            unit=row.unit,
            latitude=row.latitude,
            longitude=row.longitude,
            address=row.address,
            created_utc_ns=row.created_utc_ns,
            version=row.version,
        )
        for row in rows
    ]


async def read_devices(connection: AsyncConnection) -> list[Device]:
    keys: dict[str, list[Credential]] = defaultdict(list)
    for row in await connection.execute(select(device_credentials).order_by(device_credentials.c.created_utc_ns)):
        keys[row.device].append(Credential(row.id, row.ha1_md5, row.ha1_sha256, row.expires_utc_ns))
    sources = {row.device: _source(row) for row in await connection.execute(select(device_sources))}
    rows = await connection.execute(
        select(devices, checkpoints.c.unit).join(checkpoints, checkpoints.c.id == devices.c.checkpoint)
    )
    return [
        Device(
            id=row.id,
            checkpoint=row.checkpoint,
            unit=row.unit,
            name=row.name,
            model=row.model,
            enabled=row.enabled,
            created_utc_ns=row.created_utc_ns,
            last_seen_utc_ns=row.last_seen_utc_ns,
            last_refusal=_refusal(row),
            version=row.version,
            credentials=tuple(keys[row.id]),
            source=sources.get(row.id),
        )
        for row in rows
    ]


def _source(row: Row[tuple[object, ...]]) -> Source:
    url, transport = read_source_url(row.url), SourceTransport(row.transport)
    return Source(url, row.user, transport, row.fingerprint, row.sealed_password)


def _refusal(row: Row[tuple[object, ...]]) -> LastRefusal | None:
    if row.refusal_reason is None:
        return None
    return LastRefusal(
        RefusalReason(row.refusal_reason), row.refusal_utc_ns, row.refusal_peer or "", row.refusal_words or ""
    )

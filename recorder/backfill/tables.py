"""Rows of originals: for lists. All there is to know is in `state`, as it stands in the ledger."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from storage.database import metadata

backfills = Table(
    "backfills",
    metadata,
    Column("id", String, primary_key=True),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("stands", String, nullable=False),  # its state
    Column("received_utc_ns", BigInteger, nullable=False),
    Column("start_utc_ns", BigInteger, nullable=True),  # placed time; null: it has no place
    Column("end_utc_ns", BigInteger, nullable=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Index("ix_backfills_device_channel_start_utc_ns", "device", "channel", "start_utc_ns"),
    Index("ix_backfills_device_sha256", "device", "sha256"),
    Index("ix_backfills_stands", "stands"),
)

# How far the ledger has been replayed into the table above.
backfills_replayed = Table(
    "backfills_replayed",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("entry", BigInteger, nullable=False),
)

# They belong together: made again from the ledger and the files where one of them is lost.
BACKFILL_TABLES = (backfills.name, backfills_replayed.name)

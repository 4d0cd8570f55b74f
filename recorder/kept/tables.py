"""Rows of clips and holds: for lists. All there is to know is in `state`, as it stands in the ledger."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from storage.database import metadata

kept = Table(
    "kept",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("case_id", String, nullable=False),  # empty: of no case
    Column("stage", String, nullable=False),
    Column("start_utc_ns", BigInteger, nullable=False),
    Column("end_utc_ns", BigInteger, nullable=False),
    Column("free_utc_ns", BigInteger, nullable=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Index("ix_kept_device_channel_start_utc_ns", "device", "channel", "start_utc_ns"),
    Index("ix_kept_case_id", "case_id"),
)

# How far the ledger has been replayed into the table above.
kept_replayed = Table(
    "kept_replayed",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("entry", BigInteger, nullable=False),
)

# They belong together: made again from the ledger where one of them is lost.
KEPT_TABLES = (kept.name, kept_replayed.name)

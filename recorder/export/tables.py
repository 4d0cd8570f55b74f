"""Rows of exports: for lists. All there is to know is in `state_json`, as entries of the ledger say it."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from storage.database import metadata

exports = Table(
    "exports",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("waits_for_agreement", Boolean, nullable=False),
    Column("case_id", String, nullable=False),  # empty: of no case
    Column("created_by", String, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("order_key", String, nullable=True),
    Column("estimate_bytes", BigInteger, nullable=False),
    Column("free_utc_ns", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state_json", Text, nullable=False),
    Index("ix_exports_state", "state"),
    Index("ix_exports_case_id", "case_id"),
    Index("ix_exports_order_key", "order_key", unique=True),
    Index("ix_exports_created_by_created_utc_ns", "created_by", "created_utc_ns"),
)

# Whose footage: who may know of an export must be allowed to see all of it.
export_devices = Table(
    "export_devices",
    metadata,
    Column("export", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("unit", String, primary_key=True),
)

# How far the ledger has been replayed into the tables above.
exports_replayed = Table(
    "exports_replayed",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("entry", BigInteger, nullable=False),
)

# They belong together: made again from the ledger where one of them is lost.
EXPORT_TABLES = (exports.name, export_devices.name, exports_replayed.name)

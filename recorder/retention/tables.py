"""Rows of retention: policies, in which unit each device was since when, what was deleted and is not certified yet.

What people decided stands in the ledger; `state` is as it stands there.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, Text

from storage.database import metadata

retention_policies = Table(
    "retention_policies",
    metadata,
    Column("unit", String, primary_key=True),
    Column("state", Text, nullable=False),
)

# Footage belongs to the unit in which its device was when it was recorded, and neither files nor registry say that of
# the past.
retention_places = Table(
    "retention_places",
    metadata,
    Column("device", String, primary_key=True),
    Column("since_utc_ns", BigInteger, primary_key=True),
    Column("unit", String, nullable=False),
)

# Written with the deletion itself, in one transaction; gone when an entry of the ledger says the same.
retention_deletions = Table(
    "retention_deletions",
    metadata,
    Column("segment", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("start_utc_ns", BigInteger, nullable=False),
    Column("end_utc_ns", BigInteger, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("rule", String, nullable=False),
    Column("keeping", String, nullable=False),  # the clip or hold that kept it once; empty: none did
    Column("deleted_utc_ns", BigInteger, nullable=False),
)

# How far the ledger has been replayed into policies and places.
retention_replayed = Table(
    "retention_replayed",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("entry", BigInteger, nullable=False),
)

# What the ring believed last (trusted_time).
retention_time = Table(
    "retention_time",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("utc_ns", BigInteger, nullable=False),
    Column("ahead_ns", BigInteger, nullable=False),
    Column("doubted_ns", BigInteger, nullable=False),
)

# They belong together: made again from the ledger where one of them is lost.
RETENTION_TABLES = (retention_policies.name, retention_places.name, retention_replayed.name)

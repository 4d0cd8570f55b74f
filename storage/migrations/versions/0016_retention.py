"""Retention: recorder.retention.tables."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "retention_policies",
        sa.Column("unit", sa.String, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "retention_places",
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("since_utc_ns", sa.BigInteger, primary_key=True),
        sa.Column("unit", sa.String, nullable=False),
    )
    op.create_table(
        "retention_deletions",
        sa.Column("segment", sa.String, primary_key=True),
        sa.Column("stream", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("start_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("keeping", sa.String, nullable=False),
        sa.Column("deleted_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "retention_replayed",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "retention_time",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sa.Column("ahead_ns", sa.BigInteger, nullable=False),
        sa.Column("doubted_ns", sa.BigInteger, nullable=False),
    )

"""Originals that were sent later: recorder.backfill.tables."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("stands", sa.String, nullable=False),
        sa.Column("received_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("start_utc_ns", sa.BigInteger, nullable=True),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("ix_backfills_device_channel_start_utc_ns", "backfills", ["device", "channel", "start_utc_ns"])
    op.create_index("ix_backfills_device_sha256", "backfills", ["device", "sha256"])
    op.create_index("ix_backfills_stands", "backfills", ["stands"])
    op.create_table(
        "backfills_replayed",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
    )

"""Clips and holds: recorder.kept.tables."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "kept",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("start_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("free_utc_ns", sa.BigInteger, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("ix_kept_device_channel_start_utc_ns", "kept", ["device", "channel", "start_utc_ns"])
    op.create_index("ix_kept_case_id", "kept", ["case_id"])
    op.create_table(
        "kept_replayed",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
    )

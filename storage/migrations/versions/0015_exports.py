"""Exports: recorder.export.tables."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("waits_for_agreement", sa.Boolean, nullable=False),
        sa.Column("case_id", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("order_key", sa.String, nullable=True),
        sa.Column("estimate_bytes", sa.BigInteger, nullable=False),
        sa.Column("free_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state_json", sa.Text, nullable=False),
    )
    op.create_index("ix_exports_state", "exports", ["state"])
    op.create_index("ix_exports_case_id", "exports", ["case_id"])
    op.create_index("ix_exports_order_key", "exports", ["order_key"], unique=True)
    op.create_index("ix_exports_created_by_created_utc_ns", "exports", ["created_by", "created_utc_ns"])
    op.create_table(
        "export_devices",
        sa.Column("export", sa.String, primary_key=True),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("unit", sa.String, primary_key=True),
    )
    op.create_table(
        "exports_replayed",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("entry", sa.BigInteger, nullable=False),
    )

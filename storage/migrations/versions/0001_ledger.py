"""The ledger's projection: one row an entry, for queries. The files are the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("utc_ns", sa.BigInteger, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_utc_ns", "ledger_entries", ["utc_ns"])
    for column in ("principal", "action", "subject"):
        op.create_index(f"ix_ledger_entries_{column}_n", "ledger_entries", [column, "n"])

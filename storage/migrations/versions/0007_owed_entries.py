"""Ledger entries of rights that were taken away while the ledger could not be written: a table of viewer.access."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "owed_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("utc_ns", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owed_entries"),
    )

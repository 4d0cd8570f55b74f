"""Which officer carried which device, and when (gateway.registry.officers)."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("certificate_no", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("begin_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_assignments_device_begin_utc_ns", "assignments", ["device", "begin_utc_ns"])
    op.create_index("ix_assignments_certificate_no_begin_utc_ns", "assignments", ["certificate_no", "begin_utc_ns"])

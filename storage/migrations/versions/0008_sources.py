"""Sources: where the pictures of a fixed camera are fetched from (gateway.registry)."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "device_sources",
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("sealed_password", sa.LargeBinary, nullable=False),
        sa.Column("transport", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_device_sources"),
        sa.ForeignKeyConstraint(["device"], ["devices.id"], name="fk_device_sources_device", ondelete="CASCADE"),
    )

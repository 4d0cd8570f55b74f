"""Stream passwords, a table of viewer.access."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "stream_passwords",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("ha1_md5", sa.String(), nullable=False),
        sa.Column("ha1_sha256", sa.String(), nullable=False),
        sa.Column("created_utc_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_utc_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stream_passwords"),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name="fk_stream_passwords_user"),
    )
    op.create_index("ix_stream_passwords_user", "stream_passwords", ["user"])

"""When a stream password was last used: a column of viewer.access."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("stream_passwords", sa.Column("last_used_utc_ns", sa.BigInteger()))

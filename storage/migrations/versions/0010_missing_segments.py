"""A segment whose file is not there is flagged, not forgotten (recorder, F15)."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("segments", sa.Column("missing_since_utc_ns", sa.BigInteger, nullable=True))

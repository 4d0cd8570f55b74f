"""How far recordings were hashed again, and what was found: recorder.scrub_book."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "scrub_rounds",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("begun_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("finished_utc_ns", sa.BigInteger, nullable=True),
        sa.Column("kept_first", sa.Boolean, nullable=False),
        sa.Column("after", sa.String, nullable=False),
        sa.Column("segments", sa.BigInteger, nullable=False),
        sa.Column("read_bytes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "scrub_faults",
        sa.Column("segment", sa.String, primary_key=True),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("start_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("places", sa.Integer, nullable=False),
        sa.Column("first_bad_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("found_utc_ns", sa.BigInteger, nullable=False),
    )

"""A page of recordings from one index, and missing segments from another: columns of recorder.tables."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

PAGE = (
    *("device", "channel", "start_utc_ns", "end_utc_ns", "opened_utc_ns", "id", "stream"),
    *("first_sequence", "last_sequence", "size_bytes", "digest", "missing_since_utc_ns"),
)


def upgrade() -> None:
    op.drop_index("ix_segments_device_channel_start_utc_ns", "segments")
    op.create_index("ix_segments_page", "segments", PAGE)
    missing = sa.text("missing_since_utc_ns IS NOT NULL")
    op.create_index("ix_segments_missing", "segments", ["missing_since_utc_ns"], sqlite_where=missing)

"""Gaps by time, without looking at each row: the index has the start as well, a column of recorder.tables."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.drop_index("ix_gaps_device_channel_end_utc_ns", "gaps")
    op.create_index(
        "ix_gaps_device_channel_end_utc_ns_start_utc_ns", "gaps", ["device", "channel", "end_utc_ns", "start_utc_ns"]
    )

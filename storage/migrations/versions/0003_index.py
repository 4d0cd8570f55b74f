"""The recorder's index: streams, segments, gaps, and files about to be unlinked."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "streams",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("node", sa.String, nullable=False),
        sa.Column("fencing_token", sa.BigInteger, nullable=False),
        sa.Column("previous_stream", sa.String, nullable=False),
        sa.Column("previous_head", sa.LargeBinary, nullable=False),
        sa.Column("last_segment", sa.String, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("ended_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_cause", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_streams"),
    )
    op.create_index("ix_streams_device_channel_id", "streams", ["device", "channel", "id"])
    op.create_table(
        "segments",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("stream", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("opened_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("start_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("first_sequence", sa.BigInteger, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("fragments", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("journal_bytes", sa.BigInteger, nullable=False),
        sa.Column("cut_bytes", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("end_flags", sa.Integer, nullable=False),
        sa.Column("end_cause", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
    )
    op.create_index("ix_segments_device_channel_start_utc_ns", "segments", ["device", "channel", "start_utc_ns"])
    op.create_index("ix_segments_stream_id", "segments", ["stream", "id"])
    op.create_table(
        "gaps",
        sa.Column("stream", sa.String, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("sequence_count", sa.BigInteger, nullable=False),
        sa.Column("segment", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("track_id", sa.Integer, nullable=False),
        sa.Column("cause", sa.Integer, nullable=False),
        sa.Column("start_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("end_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("lost_packets", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("stream", "sequence", name="pk_gaps"),
    )
    op.create_index("ix_gaps_segment", "gaps", ["segment"])
    op.create_index("ix_gaps_device_channel_end_utc_ns", "gaps", ["device", "channel", "end_utc_ns"])
    op.create_table(
        "garbage",
        sa.Column("path", sa.String, nullable=False),
        sa.Column("since_utc_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("path", name="pk_garbage"),
    )

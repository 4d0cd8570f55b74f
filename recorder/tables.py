"""The index of what is on disk: one row a stream, a segment and a gap. Every row can be rebuilt from the files."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, text

from storage.database import metadata

# A stream is known from its first sealed segment on. `last_segment` is the newest segment it was
# learned from; end and head are as of that one, so rows may arrive in any order.
streams = Table(
    "streams",
    metadata,
    Column("id", String, primary_key=True),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("node", String, nullable=False),
    Column("fencing_token", BigInteger, nullable=False),
    Column("previous_stream", String, nullable=False),
    Column("previous_head", LargeBinary, nullable=False),
    Column("last_segment", String, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("ended_utc_ns", BigInteger, nullable=False),  # as far as its segments reach
    Column("end_cause", Integer, nullable=True),  # null: it goes on, or nobody knows why it does not
    Index("ix_streams_device_channel_id", "device", "channel", "id"),
)

# What `Index.recordings` asks of segments; the first three are what it finds them by.
PAGE_COLUMNS = (
    *("device", "channel", "start_utc_ns", "end_utc_ns", "opened_utc_ns", "id", "stream"),
    *("first_sequence", "last_sequence", "size_bytes", "digest", "missing_since_utc_ns"),
)

segments = Table(
    "segments",
    metadata,
    Column("id", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("opened_utc_ns", BigInteger, nullable=False),  # names the day's folder
    Column("start_utc_ns", BigInteger, nullable=False),
    Column("end_utc_ns", BigInteger, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("fragments", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("journal_bytes", BigInteger, nullable=False),
    Column("cut_bytes", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),  # before it
    Column("digest", LargeBinary, nullable=False),  # its last record's chain value
    Column("end_flags", Integer, nullable=False),
    Column("end_cause", Integer, nullable=True),
    Column("missing_since_utc_ns", BigInteger, nullable=True),  # when stocktaking noticed that its file is not there
    # All that a page of recordings shows: the rows themselves lie where their minute's do, each on a page of the disk
    # of its own, and a day of a channel were 288 of those (P8).
    Index("ix_segments_page", *PAGE_COLUMNS),
    Index("ix_segments_stream_id", "stream", "id"),
    # To count a few of many.
    Index("ix_segments_missing", "missing_since_utc_ns", sqlite_where=text("missing_since_utc_ns IS NOT NULL")),
)

gaps = Table(
    "gaps",
    metadata,
    Column("stream", String, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("sequence_count", BigInteger, nullable=False),
    Column("segment", String, nullable=False, index=True),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("track_id", Integer, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("start_utc_ns", BigInteger, nullable=False),
    Column("end_utc_ns", BigInteger, nullable=False),
    Column("lost_packets", Integer, nullable=False),
    # Of an old interval every gap since then ends behind its start; the start says which of them began before its end,
    # and without it in the index each of them would be a row to be read.
    Index("ix_gaps_device_channel_end_utc_ns_start_utc_ns", "device", "channel", "end_utc_ns", "start_utc_ns"),
)

# Files whose rows are gone and which are about to be unlinked, or were when the server died.
garbage = Table(
    "garbage",
    metadata,
    Column("path", String, primary_key=True),
    Column("since_utc_ns", BigInteger, nullable=False),
)

# They belong together: half of them would be believed. All can be made again from the files.
INDEX_TABLES = tuple(table.name for table in (streams, segments, gaps, garbage))

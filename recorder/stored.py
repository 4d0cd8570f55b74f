"""A segment as check, ring and plan need it: where its files are, what it is part of, and what it takes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from storage import segment_path


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A row, as far as they need it."""

    id: str
    stream: str
    device: str
    channel: str
    path: str
    start_utc_ns: int
    end_utc_ns: int
    first_sequence: int
    last_sequence: int
    size_bytes: int
    stored_bytes: int  # with journal and what a recovery set aside
    digest: bytes
    missing: bool  # its file was not there when somebody last looked


def stored_segment(row: Row[Any]) -> StoredSegment:
    """From a whole row."""
    return StoredSegment(
        id=row.id,
        stream=row.stream,
        device=row.device,
        channel=row.channel,
        path=segment_path(row.device, row.channel, row.id, row.opened_utc_ns),
        start_utc_ns=row.start_utc_ns,
        end_utc_ns=row.end_utc_ns,
        first_sequence=row.first_sequence,
        last_sequence=row.last_sequence,
        size_bytes=row.size_bytes,
        stored_bytes=row.size_bytes + row.journal_bytes + row.cut_bytes,
        digest=row.digest,
        missing=row.missing_since_utc_ns is not None,
    )

"""Which parts of which segments a passage is, and what its journals say stands there.

Journals are read up to where they were when the passage was first looked at: a segment that is still being written
must not change what was laid out. Records are believed by their CRC, and each fragment by its digest when its bytes
are taken.

Not here: what is made of them.
"""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from media import VIDEO_TRACK_ID, FragmentFlag, Reference
from media.fmp4 import HEAD_BYTES_MAX, FragmentHead, Mp4Error, read_head
from recorder.export.bad_place import fragment_bytes, is_bad_place
from recorder.footage import Footage, SegmentFact
from recorder.kept import Passage
from recorder.timeline import FOOTAGE_MISSING
from storage import (
    RECORD_SIZE,
    ByteRange,
    Kind,
    Record,
    SegmentUnreadableError,
    read_header,
    read_journal,
    read_range,
    records_between,
    true_records,
)

Recordings = Callable[[str, str, int, int], Awaitable[Footage]]  # as `Archiver.recordings`

LeftOut = Mapping[str, Sequence[tuple[int, int]]]  # by segment: first and last numbers of records not to be taken

DAMAGED = "damaged"  # bytes are there, and are not those that were recorded
NEAR_NS = 3_600 * 1_000_000_000  # a reference reaches back to its key picture, which is never so far


@dataclass(frozen=True, slots=True)
class Span:
    """Some or all of one segment. Its journal is read as far as `journal_bytes`, without the records of `left_out`
    (first and last numbers). `lost`: why nothing of it can be read; empty where it can."""

    path: Path
    segment: str
    stream: str
    first_sequence: int
    last_sequence: int
    start_utc_ns: int
    end_utc_ns: int
    lost: str = ""
    left_out: tuple[tuple[int, int], ...] = ()
    journal_bytes: int = 0

    def journal(self) -> bytes:
        """
        Raises:
            SegmentUnreadableError: there is none.
        """
        return read_journal(self.path)[: self.journal_bytes]

    def records(self, journal: bytes) -> Iterator[Record]:
        """Its fragments and gaps.

        Raises:
            SegmentUnreadableError: one of them is damaged.
        """
        return records_between(journal, self.first_sequence, self.last_sequence, self.left_out)

    def fragments(self, journal: bytes) -> Iterator[Record]:
        return (record for record in self.records(journal) if record.kind == Kind.FRAGMENT)


async def find_spans(recordings: Recordings, media: Path, passage: Passage, left_out: LeftOut) -> tuple[Span, ...]:
    """In the order of the references, which is that of placed time."""
    from_ns, to_ns = passage.start_utc_ns - NEAR_NS, passage.end_utc_ns + NEAR_NS
    footage = await recordings(passage.device, passage.channel, from_ns, to_ns)
    found = []
    for reference in passage.references:
        for fact in footage.segments:
            apart = fact.last_sequence < reference.first_sequence or fact.first_sequence > reference.last_sequence
            if fact.stream == reference.stream and (not apart or not fact.sealed):
                skipped = tuple(left_out.get(fact.id, ()))
                found.append(_span(media, fact, reference, skipped))
    return tuple(found)


def _span(media: Path, fact: SegmentFact, reference: Reference, left_out: tuple[tuple[int, int], ...]) -> Span:
    return Span(
        path=media / fact.path,
        segment=fact.id,
        stream=fact.stream,
        first_sequence=reference.first_sequence,
        last_sequence=reference.last_sequence,
        start_utc_ns=fact.start_utc_ns,
        end_utc_ns=fact.end_utc_ns,
        lost=FOOTAGE_MISSING if fact.missing else "",
        left_out=left_out,
    )


def frozen(span: Span) -> Span:
    """The span with as much of its journal as there is now, or lost where journal or header cannot be believed."""
    if span.lost or not span.path.exists():
        return replace(span, lost=FOOTAGE_MISSING)
    try:
        journal = read_journal(span.path)
        read_header(span.path, journal)
    except SegmentUnreadableError:
        return replace(span, lost=DAMAGED)
    except OSError as error:
        if not is_bad_place(error):
            raise
        return replace(span, lost=DAMAGED)
    return replace(span, journal_bytes=len(journal))


def looked_through(span: Span) -> Span:
    """A frozen span, without what is damaged: each record is held against the chain, each fragment against its digest.

    An hour of 4 Mbit/s takes some seconds.
    """
    if span.lost:
        return span
    journal = span.journal()
    damaged, number = [], 0
    with open(span.path, "rb") as file:
        for record in true_records(journal, read_header(span.path, journal).chain):
            number = record.number + 1
            wanted = span.first_sequence <= record.sequence <= span.last_sequence
            if record.kind == Kind.FRAGMENT and wanted and not _is_true(file.fileno(), record):
                damaged.append((record.number, record.number))
    if (number + 1) * RECORD_SIZE <= len(journal):  # what follows a record that is not true is nobody's word
        damaged.append((number, len(journal) // RECORD_SIZE))
    return replace(span, left_out=tuple(damaged))


def _is_true(descriptor: int, record: Record) -> bool:
    return sha256(fragment_bytes(descriptor, record)).digest() == record.digest


def heads(span: Span) -> Iterator[tuple[Record, FragmentHead]]:
    """The fragments of a span, without their samples.

    Raises:
        SegmentUnreadableError: one is not what its record says.
    """
    with open(span.path, "rb") as file:
        for record in span.fragments(span.journal()):
            data = os.pread(file.fileno(), min(record.length, HEAD_BYTES_MAX), record.offset)
            yield record, _head(span, record, data)


def whole(span: Span) -> Iterator[tuple[Record, FragmentHead, bytes]]:
    """The fragments of a span, each proven by its digest.

    Raises:
        SegmentUnreadableError: one is not what its record says.
    """
    with open(span.path, "rb") as file:
        for record in span.fragments(span.journal()):
            data = os.pread(file.fileno(), record.length, record.offset)
            _require_true(span, record, data)
            yield record, _head(span, record, data), data


def fragment(span: Span, record: Record) -> bytes:
    """One of them.

    Raises:
        SegmentUnreadableError: it is not what its record says.
    """
    data = read_range(span.path, ByteRange(record.offset, record.length))
    _require_true(span, record, data)
    return data


def first_key(span: Span) -> bytes:
    """The sample of its first key picture; empty where it has none.

    Raises:
        SegmentUnreadableError: it is not what its record says.
    """
    for record in span.fragments(span.journal()):
        if record.track == VIDEO_TRACK_ID and record.flags & FragmentFlag.KEY:
            data = fragment(span, record)
            return data[_head(span, record, data).payload_offset :]
    return b""


def _require_true(span: Span, record: Record, data: bytes) -> None:
    if sha256(data).digest() != record.digest:
        raise SegmentUnreadableError(f"fragment {record.sequence} of {span.segment} is altered or missing")


def _head(span: Span, record: Record, data: bytes) -> FragmentHead:
    try:
        head = read_head(data, record.length)
    except Mp4Error as error:
        raise SegmentUnreadableError(f"fragment {record.sequence} of {span.segment}: {error}") from error
    if head.track_id != record.track:
        raise SegmentUnreadableError(f"fragment {record.sequence} of {span.segment} is of another track")
    return head

"""Reads segments back: who a file says it is, what its journal says, and whether that is true.

Three depths: `read_sealed` trusts a closed journal's first and last record and looks up its gaps
(what a row needs, a millisecond each); `read_fragments` and `verify` follow the chain and hash
every byte.

Not here: changing anything. A file that cannot be believed is told of, never repaired.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from struct import Struct
from zlib import crc32

from media import VIDEO_TRACK_ID, FragmentFlag, GapCause
from media.fmp4 import Mp4Error, read_identity
from storage.journal import CRC_OFFSET, RECORD_SIZE, EndFlag, Kind, Record, parse, true_records
from storage.segment import RecordedGap, SealedSegment, SegmentHeader, journal_beside

JOURNAL_MAX_BYTES = 64 << 20  # 6 minutes at the record rate of a 240 fps stream is a fifth of it
# kind, track, sequence, end of a gap (RTP time of a fragment), placed time, flags, quantity: all that `span_of` asks of
# ten thousand records.
_SPAN = Struct("<BxBx4x8xqq24xq4xII84x")
INIT_MAX_BYTES = 4 << 20  # 64 KiB of parameter sets and a little: anything longer is not ours


Pread = Callable[[int, int, int], bytes]  # as os.pread: descriptor, length, offset


class SegmentUnreadableError(Exception):
    """Not a segment of ours, or nothing in it can be believed. Says why in words."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes of one segment file."""

    offset: int
    length: int


def read_range(path: Path, wanted: ByteRange) -> bytes:
    """These bytes of a file, or fewer where it is shorter."""
    with open(path, "rb") as file:
        return os.pread(file.fileno(), wanted.length, wanted.offset)


def read_journal(path: Path, first: int = 0) -> bytes:
    """The journal beside the segment file at `path`, from record number `first` on.

    Raises:
        SegmentUnreadableError: there is none, or it is longer than any of ours.
    """
    try:
        with open(journal_beside(str(path)), "rb") as file:
            file.seek(first * RECORD_SIZE)
            journal = file.read(JOURNAL_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise SegmentUnreadableError("it has no journal") from error
    if len(journal) > JOURNAL_MAX_BYTES:
        raise SegmentUnreadableError("its journal is longer than any of ours")
    return journal


def read_init(path: Path, journal: bytes) -> bytes:
    """The file header of a segment (ftyp, uuid, moov), proven by the first record of its journal.

    Raises:
        SegmentUnreadableError: file and record do not agree.
        OSError: the file is not there.
    """
    record = parse(journal[:RECORD_SIZE])
    if record is None or record.kind != Kind.HEADER or record.number != 0:
        raise SegmentUnreadableError("its journal has no header record")
    if record.length > INIT_MAX_BYTES:
        raise SegmentUnreadableError("its header is longer than any of ours")
    init = read_range(path, ByteRange(0, record.length))
    if sha256(init).digest() != record.digest:
        raise SegmentUnreadableError("its header is not the one that was recorded")
    return init


def read_header(path: Path, journal: bytes) -> SegmentHeader:
    """The identity of a segment, proven by the first record of its journal.

    Raises:
        SegmentUnreadableError: file and record do not agree, or belong to something else.
        OSError: as `read_init`.
    """
    init = read_init(path, journal)
    try:
        identity = read_identity(init)
        header = SegmentHeader.from_identity(identity or {})
    except (Mp4Error, ValueError) as error:
        raise SegmentUnreadableError(str(error)) from error
    if header.segment != path.stem:
        raise SegmentUnreadableError(f"it is {header.segment} by another name")
    if next(true_records(journal[:RECORD_SIZE], header.chain), None) is None:
        raise SegmentUnreadableError("its first record is not chained to where its header says")
    return header


def read_sealed(path: Path) -> SealedSegment | None:
    """What a row says of the segment; None while it is not ended.

    Believes the records it looks at by their CRC alone; `verify` follows the chain.

    Raises:
        SegmentUnreadableError: not a segment, or its length is not what its end record says.
    """
    journal = read_journal(path)
    header = read_header(path, journal)
    end = parse(journal[-RECORD_SIZE:])
    count = len(journal) // RECORD_SIZE
    if len(journal) % RECORD_SIZE or end is None or end.kind != Kind.END or end.number != count - 1:
        return None
    if path.stat().st_size != end.offset:
        raise SegmentUnreadableError(f"it is {path.stat().st_size} bytes long and should be {end.offset}")
    return sealed_from(header, end, gaps_of(journal))


def sealed_from(header: SegmentHeader, end: Record, gaps: tuple[RecordedGap, ...]) -> SealedSegment:
    return SealedSegment(
        header=header,
        size_bytes=end.offset,
        journal_bytes=(end.number + 1) * RECORD_SIZE,
        digest=end.chain,
        last_sequence=end.sequence,
        start_utc_ns=end.placed_utc_ns,
        end_utc_ns=end.end_utc_ns,
        fragments=end.quantity,
        gaps=gaps,
        end=EndFlag(end.flags),
        end_cause=GapCause(end.cause) if end.cause else None,
        cut_bytes=end.device_ntp,
    )


def gaps_of(journal: bytes, *, skip_damaged: bool = False) -> tuple[RecordedGap, ...]:
    """The gaps of a whole journal, believed by their CRC. Raises SegmentUnreadableError: one is damaged."""
    kinds = journal[::RECORD_SIZE]  # the kind is each record's first byte
    gaps = []
    at = kinds.find(Kind.GAP)
    while at >= 0:
        record = parse(journal[at * RECORD_SIZE : (at + 1) * RECORD_SIZE])
        if record is not None:
            gaps.append(gap_from(record))
        elif not skip_damaged:
            raise SegmentUnreadableError(f"record {at} of its journal is damaged")
        at = kinds.find(Kind.GAP, at + 1)
    return tuple(gaps)


def span_of(journal: bytes, start_utc_ns: int, end_utc_ns: int) -> tuple[int, int] | None:
    """First and last sequence number of what touches the interval, gaps too; None: nothing does.

    It begins with the key picture that is on the screen then, for without it nothing could be shown. Records are
    believed by their CRC.
    """
    first = last = key = None
    view = memoryview(journal)[: len(journal) - len(journal) % RECORD_SIZE]
    for at, (kind, track, sequence, end, placed, flags, quantity) in enumerate(_SPAN.iter_unpack(view)):
        if kind not in (Kind.FRAGMENT, Kind.GAP) or not sequence or placed >= end_utc_ns:
            continue
        record = view[at * RECORD_SIZE : (at + 1) * RECORD_SIZE]
        if crc32(record[:CRC_OFFSET]) != int.from_bytes(record[CRC_OFFSET:], "little"):
            continue
        if kind == Kind.FRAGMENT and track == VIDEO_TRACK_ID and flags & FragmentFlag.KEY and placed <= start_utc_ns:
            key = sequence
        if placed >= start_utc_ns or (kind == Kind.GAP and end > start_utc_ns):
            first = sequence if first is None else first
            last = sequence + (quantity - 1 if kind == Kind.GAP else 0)
    if first is None or last is None:
        return None if key is None else (key, key)
    return (first if key is None else min(key, first)), last


def records_between(
    journal: bytes, first_sequence: int, last_sequence: int, left_out: Sequence[tuple[int, int]] = ()
) -> Iterator[Record]:
    """Fragments and gaps with these numbers, and the gap before the stream where the journal begins with it, in order.

    Records are believed by their CRC, as `span_of` does. `left_out` are first and last numbers of records that nobody
    looks at.

    Raises:
        SegmentUnreadableError: one of them is damaged.
    """
    view = memoryview(journal)
    for at, (kind, _, sequence, *_) in enumerate(_SPAN.iter_unpack(view[: len(view) - len(view) % RECORD_SIZE])):
        if kind not in (Kind.FRAGMENT, Kind.GAP) or not (
            first_sequence <= sequence <= last_sequence or (sequence == 0 and kind == Kind.GAP)
        ):
            continue
        if any(first <= at <= last for first, last in left_out):
            continue
        record = parse(view[at * RECORD_SIZE : (at + 1) * RECORD_SIZE])
        if record is None or record.number != at:
            raise SegmentUnreadableError(f"record {at} of its journal is damaged")
        yield record


def gap_from(record: Record) -> RecordedGap:
    return RecordedGap(
        sequence=record.sequence,
        count=record.quantity,
        track_id=record.track,
        cause=GapCause(record.cause),
        start_utc_ns=record.placed_utc_ns,
        end_utc_ns=record.end_utc_ns,
        lost_packets=record.lost_packets,
    )


def read_fragments(path: Path) -> Iterator[tuple[Record, bytes]]:
    """The fragments of a segment, open or ended, in order, each proven by its record.

    Stops before the first that is not true. Raises SegmentUnreadableError as `read_header`.
    """
    journal = read_journal(path)
    header = read_header(path, journal)
    with open(path, "rb") as file:
        for record in true_records(journal, header.chain):
            if record.kind == Kind.FRAGMENT:
                data = os.pread(file.fileno(), record.length, record.offset)
                if len(data) != record.length or sha256(data).digest() != record.digest:
                    return
                yield record, data


def pick_fragments(path: Path, wanted: Callable[[Record], bool]) -> Iterator[tuple[Record, bytes]]:
    """The fragments that are `wanted`, in order: for who looks for a few in many segments.

    Records are believed by their CRC, as `span_of` does; bytes by the digest in them. What is not true is passed over.

    Raises:
        SegmentUnreadableError, OSError: there is no such segment.
    """
    journal = read_journal(path)
    view = memoryview(journal)[: len(journal) - len(journal) % RECORD_SIZE]
    with open(path, "rb") as file:
        for at in range(0, len(view), RECORD_SIZE):
            if view[at] != Kind.FRAGMENT or (record := parse(view[at : at + RECORD_SIZE])) is None:
                continue
            if wanted(record):
                data = os.pread(file.fileno(), record.length, record.offset)
                if len(data) == record.length and sha256(data).digest() == record.digest:
                    yield record, data


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about a segment that is not as its journal says. `placed_utc_ns` is where it begins, if known."""

    path: Path
    words: str
    placed_utc_ns: int | None = None
    sequence: int | None = None


def verify(
    path: Path, *, still_open: bool = False, pread: Pread | None = None
) -> tuple[SegmentHeader | None, list[Fault]]:
    """Hash every byte of a segment against its journal; who reads many of them hands in a `pread` that takes its time.

    An altered fragment is told of and the walk goes on, for the chain holds its digest; a record
    that is not true ends the walk, for nothing after it is anybody's word. Of a segment that is
    `still_open` only what a sync record vouches for must be there; it may grow meanwhile.
    """
    try:
        journal = read_journal(path)
        header = read_header(path, journal)
    except SegmentUnreadableError as error:
        return None, [] if still_open else [Fault(path, str(error))]
    faults: list[Fault] = []
    offset, number, durable, ended = 0, 0, 0, False
    expected, placed = header.first_sequence, header.started_utc_ns
    with open(path, "rb") as file:
        for record in true_records(journal, header.chain):
            if record.kind == Kind.SYNC:
                durable = record.quantity
            elif record.kind == Kind.END:
                ended = True
            else:
                if record.kind != Kind.HEADER:
                    placed = record.placed_utc_ns
                    if record.sequence != expected:
                        faults.append(Fault(path, f"sequence {expected} is missing", placed, expected))
                    expected = record.sequence + (record.quantity if record.kind == Kind.GAP else 1)
                if record.offset != offset:
                    faults.append(Fault(path, f"bytes without a record before record {number}", placed, expected))
                offset = record.offset + record.length
                if record.length and not _is_true(file.fileno(), record, pread or os.pread):
                    faults.append(Fault(path, "altered or missing bytes", placed, record.sequence))
            number += 1
        size = os.fstat(file.fileno()).st_size
    if ended and (size != offset or number * RECORD_SIZE != len(journal)):
        faults.append(Fault(path, "its length is not what its end record says", placed))
    if not ended and (number < durable or not still_open):
        faults.append(Fault(path, f"its journal is not true after record {number - 1}", placed, expected))
    return header, faults


def _is_true(descriptor: int, record: Record, pread: Pread) -> bool:
    data = pread(descriptor, record.length, record.offset)
    return len(data) == record.length and sha256(data).digest() == record.digest

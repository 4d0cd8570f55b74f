"""What a start does about segments that were in flight when the server died.

For each: hash again everything after the last sync record, cut at the first record that is not
true, set aside bytes without a record and never adopt them (nobody hashed them at ingest), end it,
and say that the server crashed. A segment without a believable header holds no footage: it goes
into quarantine.

Not here: rows (recorder.index), and segments that were settled before: `mingjing store check` proves
those.

May itself be killed at any step and run again. The store must be locked.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from media import GapCause
from storage.journal import RECORD_SIZE, EndFlag, Kind, Record, parse, true_records
from storage.segment import Position, RecordedGap, SealedSegment, SegmentHeader, journal_beside
from storage.segment_cut import end_at
from storage.segment_reader import SegmentUnreadableError, gaps_of, read_header, read_journal, sealed_from
from storage.segment_store import SegmentStore


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a start found. `sealed` need their rows and then `settle`; `quarantined` need a person's eye."""

    sealed: tuple[SealedSegment, ...]
    quarantined: tuple[tuple[Path, str], ...]


def recover(store: SegmentStore, also: Iterable[Path] = ()) -> Recovery:
    """Seal every segment that was not settled, and those in `also`: found unended by other means.

    Raises:
        OSError: the disk refuses; nothing is lost by trying again.
    """
    found: list[tuple[Path, SegmentHeader, bytes]] = []
    quarantined: list[tuple[Path, str]] = []
    for path in sorted({*store.unsettled(), *also}, key=lambda path: path.stem):
        if not path.exists() and not Path(journal_beside(str(path))).exists():
            store.settle(path.stem)  # killed before the first file was made, or after it was moved away
            continue
        try:
            journal = read_journal(path)
            found.append((path, read_header(path, journal), journal))
        except (SegmentUnreadableError, FileNotFoundError) as error:
            quarantined.append((store.set_aside(path), str(error)))
    sealed = []
    following: dict[str, SegmentHeader] = {}
    for path, header, journal in reversed(found):
        follower = following.get(header.stream)
        position, end = _walk(path, header, journal, follower)
        if position.empty:  # killed before anything of the stream was recorded in it
            if path.stat().st_size == position.media_bytes:
                store.remove(path)
                store.settle(path.stem)
            else:
                quarantined.append((store.set_aside(path), "nothing in it was recorded"))
            continue
        # A sync record may vouch for one that the disk has damaged since: `store check` tells, and a start goes on.
        gaps = gaps_of(journal[: position.records * RECORD_SIZE], skip_damaged=True)
        if end is None:
            sealed.append(_end(store, path, header, position, gaps, follower))
        else:
            sealed.append(_confirm(store, path, header, end, gaps))
        following[header.stream] = header
    return Recovery(tuple(reversed(sealed)), tuple(quarantined))


def _confirm(
    store: SegmentStore, path: Path, header: SegmentHeader, end: Record, gaps: tuple[RecordedGap, ...]
) -> SealedSegment:
    """Its writer had ended it; only whether it was synced nobody knows."""
    for file in (str(path), journal_beside(str(path))):
        descriptor = store.disk.open_existing(file)
        try:
            store.disk.sync_file(descriptor)
        finally:
            store.disk.close(descriptor)
    store.disk.sync_directory(str(path.parent))
    return sealed_from(header, end, gaps)


def _end(
    store: SegmentStore,
    path: Path,
    header: SegmentHeader,
    position: Position,
    gaps: tuple[RecordedGap, ...],
    follower: SegmentHeader | None,
) -> SealedSegment:
    """Cut it at `position` and end it in its writer's stead."""
    gap = _gap_before(follower, position) if follower is not None else None
    flags = EndFlag.RECOVERED if follower is not None else EndFlag.RECOVERED | EndFlag.LAST
    cause = None if follower is not None else GapCause.SERVER_CRASHED
    at, digest, cut_bytes = end_at(store.disk, store.clock, str(path), position, flags=flags, cause=cause, gap=gap)
    return SealedSegment(
        header=header,
        size_bytes=at.media_bytes,
        journal_bytes=(at.records + 1) * RECORD_SIZE,
        digest=digest,
        last_sequence=at.last_sequence,
        start_utc_ns=at.start_utc_ns,
        end_utc_ns=at.end_utc_ns,
        fragments=at.fragments,
        gaps=(*gaps, gap) if gap else gaps,
        end=flags,
        end_cause=cause,
        cut_bytes=cut_bytes,
    )


def _walk(
    path: Path, header: SegmentHeader, journal: bytes, follower: SegmentHeader | None
) -> tuple[Position, Record | None]:
    """How far the segment is true, and its end record if it is whole.

    Starts from what the last sync record vouches for, unless that cannot be.
    """
    beginning = _after_header(header, journal)
    position = _durable(journal) or beginning
    taken_over = follower is not None and position.last_sequence >= follower.first_sequence
    # Shorter than was promised, or promised what cannot be: look at every byte.
    if taken_over or not beginning.media_bytes <= position.media_bytes <= path.stat().st_size:
        position = beginning
    trusted = position.records
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        for record in true_records(journal, position.chain, position.records):
            if record.kind == Kind.END:
                whole = size == position.media_bytes == record.offset
                whole = whole and (record.number + 1) * RECORD_SIZE == len(journal)
                return position, record if whole else None
            if record.kind in (Kind.FRAGMENT, Kind.GAP):
                if record.offset != position.media_bytes or record.offset + record.length > size:
                    break
                if follower is not None and record.sequence >= follower.first_sequence:
                    break
                if record.kind == Kind.FRAGMENT and record.number >= trusted:
                    data = os.pread(file.fileno(), record.length, record.offset)
                    if sha256(data).digest() != record.digest:
                        break
            position = _after(position, record)
    return position, None


def _after_header(header: SegmentHeader, journal: bytes) -> Position:
    """The header record is true, or there would be no header."""
    record = next(true_records(journal, header.chain))
    return Position(
        records=1,
        media_bytes=record.length,
        chain=record.chain,
        last_sequence=header.first_sequence - 1,
        start_utc_ns=header.started_utc_ns,
        end_utc_ns=header.started_utc_ns,
        fragments=0,
        gaps=0,
    )


def _durable(journal: bytes) -> Position | None:
    """What the last sync record vouches for, believed by its CRC."""
    kinds = journal[::RECORD_SIZE]  # the kind is each record's first byte
    at = kinds.rfind(Kind.SYNC)
    while at > 0:
        record = parse(journal[at * RECORD_SIZE : (at + 1) * RECORD_SIZE])
        if record is not None and record.number == at and 0 < record.quantity <= at:
            return Position(
                records=record.quantity,
                media_bytes=record.offset,
                chain=record.digest,
                last_sequence=record.sequence,
                start_utc_ns=record.placed_utc_ns,
                end_utc_ns=record.end_utc_ns,
                fragments=kinds.count(Kind.FRAGMENT, 0, record.quantity),
                gaps=kinds.count(Kind.GAP, 0, record.quantity),
            )
        at = kinds.rfind(Kind.SYNC, 0, at)
    return None


def _after(position: Position, record: Record) -> Position:
    """Where a segment stands after one more true record."""
    position = replace(position, records=record.number + 1, chain=record.chain)
    if record.kind not in (Kind.FRAGMENT, Kind.GAP):
        return position
    is_gap = record.kind == Kind.GAP
    return replace(
        position,
        media_bytes=position.media_bytes + record.length,
        last_sequence=record.sequence + (record.quantity - 1 if is_gap else 0),
        start_utc_ns=position.start_utc_ns if is_gap else min(position.start_utc_ns, record.placed_utc_ns),
        end_utc_ns=max(position.end_utc_ns, record.end_utc_ns),
        fragments=position.fragments + (not is_gap),
        gaps=position.gaps + is_gap,
    )


def _gap_before(follower: SegmentHeader, position: Position) -> RecordedGap | None:
    missing = follower.first_sequence - position.last_sequence - 1
    if missing <= 0:
        return None
    return RecordedGap(
        sequence=position.last_sequence + 1,
        count=missing,
        track_id=0,
        cause=GapCause.SERVER_CRASHED,
        start_utc_ns=position.end_utc_ns,
        end_utc_ns=max(position.end_utc_ns, follower.started_utc_ns),
    )

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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from media import GapCause
from storage.journal import RECORD_SIZE, EndFlag, Kind, Record, true_records
from storage.segment import Position, RecordedGap, SealedSegment, SegmentHeader, journal_beside
from storage.segment_cut import end_at
from storage.segment_reader import SegmentUnreadableError, gap_from, read_header, read_journal, sealed_from
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
        records = _true_prefix(path, header, journal, follower)
        if position_after(header, records).empty:  # killed before anything of the stream was recorded in it
            if path.stat().st_size == records[0].length:
                store.remove(path)
                store.settle(path.stem)
            else:
                quarantined.append((store.set_aside(path), "nothing in it was recorded"))
            continue
        sealed.append(_seal(store, path, header, journal, records, follower))
        following[header.stream] = header
    return Recovery(tuple(reversed(sealed)), tuple(quarantined))


def _seal(
    store: SegmentStore,
    path: Path,
    header: SegmentHeader,
    journal: bytes,
    records: list[Record],
    follower: SegmentHeader | None,
) -> SealedSegment:
    gaps = tuple(gap_from(record) for record in records if record.kind == Kind.GAP)
    if records[-1].kind == Kind.END and len(records) * RECORD_SIZE == len(journal):
        for file in (str(path), journal_beside(str(path))):  # it was ended, but perhaps never synced
            descriptor = store.disk.open_existing(file)
            try:
                store.disk.sync_file(descriptor)
            finally:
                store.disk.close(descriptor)
        return sealed_from(header, records[-1], gaps)
    if records[-1].kind == Kind.END:
        records.pop()
    position = position_after(header, records)
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


def _true_prefix(path: Path, header: SegmentHeader, journal: bytes, follower: SegmentHeader | None) -> list[Record]:
    """The records up to the first that is not true, or that the stream's next segment has taken over."""
    records = list(true_records(journal, header.chain))
    durable = max((record.count for record in records if record.kind == Kind.SYNC), default=0)
    offset = 0
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        for number, record in enumerate(records):
            if record.kind not in (Kind.HEADER, Kind.FRAGMENT, Kind.GAP):
                continue
            if record.offset != offset or (offset := offset + record.length) > size:
                return records[:number]
            if follower is not None and number > 0 and record.sequence >= follower.first_sequence:
                return records[:number]
            if number >= durable and record.kind == Kind.FRAGMENT:
                data = os.pread(file.fileno(), record.length, record.offset)
                if sha256(data).digest() != record.digest:
                    return records[:number]
        if records[-1].kind == Kind.END and size != offset:
            return records[:-1]
    return records


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


def position_after(header: SegmentHeader, records: Sequence[Record]) -> Position:
    """Where a segment stands after these records, the header record first."""
    position = Position(
        records=len(records),
        media_bytes=records[0].length,
        chain=records[-1].chain,
        last_sequence=header.first_sequence - 1,
        start_utc_ns=header.started_utc_ns,
        end_utc_ns=header.started_utc_ns,
        fragments=0,
        gaps=0,
    )
    told = [record for record in records if record.kind in (Kind.FRAGMENT, Kind.GAP)]
    if not told:
        return position
    last = told[-1]
    fragments = [record for record in told if record.kind == Kind.FRAGMENT]
    return replace(
        position,
        media_bytes=position.media_bytes + sum(record.length for record in fragments),
        last_sequence=last.sequence + (last.count - 1 if last.kind == Kind.GAP else 0),
        start_utc_ns=min([position.start_utc_ns, *(record.placed_utc_ns for record in fragments)]),
        end_utc_ns=max(position.end_utc_ns, *(record.end_utc_ns for record in told)),
        fragments=len(fragments),
        gaps=len(told) - len(fragments),
    )

"""Ending a segment at a position that it has passed: after a crash, or when the disk failed.

What comes after the position is cut off both files and kept beside them as `.cut`: nobody hashed
it at ingest or nobody knows whether it is on disk, so it is never adopted, and as it may be all
that is left of something, it is not thrown away either.

Safe to be killed at every step: the next attempt finds the same position and does the rest.
"""

import os

from media import GapCause
from storage.clock import Clock
from storage.disk import Disk, append_fully
from storage.journal import RECORD_SIZE, VERSION, EndFlag, Kind, Record, chain_of, pack
from storage.segment import CUT_SUFFIX, Position, RecordedGap, journal_beside

COPY_BYTES = 1 << 20


def end_record(
    position: Position, *, flags: EndFlag, cause: GapCause | None, cut_bytes: int, mono_ns: int, utc_ns: int
) -> Record:
    """The last record of a journal, to stand at this position."""
    return Record(
        kind=Kind.END,
        version=VERSION,
        track=0,
        cause=cause or 0,
        number=position.records,
        offset=position.media_bytes,
        sequence=position.last_sequence,
        rtp_time=position.end_utc_ns,
        received_mono_ns=mono_ns,
        received_utc_ns=utc_ns,
        device_ntp=cut_bytes,
        placed_utc_ns=position.start_utc_ns,
        length=0,
        flags=flags,
        quantity=position.fragments,
        duration=0,
        clock_rate=0,
        lost_packets=position.gaps,
        digest=position.chain,
    )


def gap_record(gap: RecordedGap, *, number: int, offset: int, utc_ns: int) -> Record:
    """The record of a gap; it digests nothing, for nothing is there."""
    return Record(
        kind=Kind.GAP,
        version=VERSION,
        track=gap.track_id,
        cause=gap.cause,
        number=number,
        offset=offset,
        sequence=gap.sequence,
        rtp_time=gap.end_utc_ns,
        received_mono_ns=0,
        received_utc_ns=utc_ns,
        device_ntp=0,
        placed_utc_ns=gap.start_utc_ns,
        length=0,
        flags=0,
        quantity=gap.count,
        duration=0,
        clock_rate=0,
        lost_packets=gap.lost_packets,
        digest=bytes(32),
    )


def end_at(
    disk: Disk,
    clock: Clock,
    media_path: str,
    position: Position,
    *,
    flags: EndFlag,
    cause: GapCause | None,
    gap: RecordedGap | None = None,
) -> tuple[Position, bytes, int]:
    """Cut both files at `position`, append `gap` if given and the end record, and sync.

    Answers where the end record stands, its chain value, and how many bytes of the segment file were cut.

    Raises:
        OSError: the segment is not ended; it can be tried again, now or at the next start.
    """
    journal_path = journal_beside(media_path)
    cut_bytes = _cut(disk, media_path, position.media_bytes)
    _cut(disk, journal_path, position.records * RECORD_SIZE)
    mono_ns, utc_ns = clock.mono_ns(), clock.utc_ns()
    records = []
    chain = position.chain
    if gap is not None:
        record = gap_record(gap, number=position.records, offset=position.media_bytes, utc_ns=utc_ns)
        records.append(pack(record, chain))
        chain = chain_of(records[-1])
        position = after_gap(position, gap, chain)
    end = end_record(position, flags=flags, cause=cause, cut_bytes=cut_bytes, mono_ns=mono_ns, utc_ns=utc_ns)
    records.append(pack(end, chain))
    journal = disk.open_existing(journal_path)
    try:
        append_fully(disk, journal, (b"".join(records),))
        disk.sync_file(journal)
    finally:
        disk.close(journal)
    disk.sync_directory(os.path.dirname(media_path))
    return position, chain_of(records[-1]), cut_bytes


def after_gap(position: Position, gap: RecordedGap, chain: bytes) -> Position:
    return Position(
        records=position.records + 1,
        media_bytes=position.media_bytes,
        chain=chain,
        last_sequence=max(position.last_sequence, gap.last_sequence),
        start_utc_ns=position.start_utc_ns,
        end_utc_ns=max(position.end_utc_ns, gap.end_utc_ns),
        fragments=position.fragments,
        gaps=position.gaps + 1,
    )


def _cut(disk: Disk, path: str, size_bytes: int) -> int:
    """Move what lies beyond `size_bytes` into the `.cut` file and sync both; how much there is in it.

    The copy is made before anything is cut and begins anew if it was cut short, unless the file
    was cut already: then the `.cut` file is whole, and what a later recovery cuts off comes behind it.
    Which of these it is, the bytes tell: no two fragments are the same, for each has its sequence number.
    """
    tail_bytes = os.path.getsize(path) - size_bytes
    if tail_bytes > 0:
        _keep_tail(disk, path, size_bytes)
    descriptor = disk.open_existing(path)
    try:
        if tail_bytes > 0:
            disk.truncate(descriptor, size_bytes)
        disk.sync_file(descriptor)
    finally:
        disk.close(descriptor)
    try:
        return os.path.getsize(path + CUT_SUFFIX)
    except FileNotFoundError:
        return 0


def _keep_tail(disk: Disk, path: str, start: int) -> None:
    try:
        cut = disk.create(path + CUT_SUFFIX)
    except FileExistsError:
        # An attempt before this one died while it copied or before it cut; or it cut, and the disk has damaged the
        # journal since: then there is more to cut, and what is kept already must stay.
        cut = disk.open_existing(path + CUT_SUFFIX)
        kept_bytes, tail_bytes = os.fstat(cut).st_size, os.path.getsize(path) - start
        if _same(path, start, path + CUT_SUFFIX, max(0, kept_bytes - tail_bytes)):
            if kept_bytes >= tail_bytes:
                return disk.close(cut)
            disk.truncate(cut, 0)
    return _copy_tail(disk, path, start, cut)


def _same(path: str, start: int, other: str, other_start: int) -> bool:
    """Whether the files are the same from there on, as far as the other one goes."""
    with open(path, "rb") as file, open(other, "rb") as against:
        file.seek(start)
        against.seek(other_start)
        while piece := against.read(COPY_BYTES):
            if file.read(len(piece)) != piece:
                return False
    return True


def _copy_tail(disk: Disk, path: str, start: int, cut: int) -> None:
    try:
        with open(path, "rb") as source:
            source.seek(start)
            while piece := source.read(COPY_BYTES):
                append_fully(disk, cut, (piece,))
        disk.sync_file(cut)
    finally:
        disk.close(cut)

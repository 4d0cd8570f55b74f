"""Writes one segment: fragments behind each other, and a journal record for each.

A batch costs one writev for the media and one for the journal, in that order, so a process killed
between the two leaves bytes without a record, never a record without its bytes. Nothing here
syncs on its own account: a group sync makes many segments durable at once (group_sync.py), and
the writer is told how far.

Not here: when to begin and end a segment (recorder), threads, and recovery.

Invariants: only appends; after an OSError the writer is broken for good and can only be ended at
a position (R7). Used by one thread at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from zlib import crc32

from media import Fragment, Gap, GapCause
from storage.clock import Clock
from storage.disk import Disk, append_fully
from storage.journal import (
    BODY,
    BODY_SIZE,
    CHAIN_END,
    CHAIN_TAG,
    RECORD_SIZE,
    RESERVED,
    VERSION,
    EndFlag,
    Kind,
    Record,
    chain_of,
    pack,
)
from storage.segment import Position, RecordedGap, SealedSegment, SegmentHeader
from storage.segment_cut import end_at, end_record, gap_record


class SegmentWriter:
    """An open segment. Made by `SegmentStore.create`."""

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        *,
        header: SegmentHeader,
        media_path: str,
        media: int,
        journal: int,
        folders: Sequence[str],
        clock_rates: Mapping[int, int],
    ) -> None:
        self.header = header
        self._disk = disk
        self._clock = clock
        self._path = media_path
        self._media = media
        self._journal = journal
        self._rates = dict(clock_rates)
        self._gaps: list[RecordedGap] = []
        self._written = Position(
            records=0,
            media_bytes=0,
            chain=header.chain,
            last_sequence=header.first_sequence - 1,
            start_utc_ns=header.started_utc_ns,
            end_utc_ns=header.started_utc_ns,
            fragments=0,
            gaps=0,
        )
        self._durable = self._written
        self._sync_to_tell: Position | None = None
        self._folders = tuple(folders)
        self.dirty = False

    @property
    def folders_to_sync(self) -> tuple[str, ...]:
        """Folders that hold the names of the files; a sync before these are synced would promise nothing."""
        return self._folders

    @property
    def written(self) -> Position:
        """What a process killed now would leave: whole records and their bytes."""
        return self._written

    @property
    def durable(self) -> Position:
        """What a machine that loses power now would leave, at least."""
        return self._durable

    @property
    def descriptors(self) -> tuple[int, int]:
        """Of the segment file and of the journal, for a group sync."""
        return self._media, self._journal

    @property
    def gaps(self) -> Sequence[RecordedGap]:
        return self._gaps

    def begin(self, init: bytes) -> None:
        """Write the file header and its record.

        Raises:
            OSError: as for `append`.
        """
        record = Record(
            kind=Kind.HEADER,
            version=VERSION,
            track=0,
            cause=0,
            number=0,
            offset=0,
            sequence=self.header.first_sequence,
            rtp_time=0,
            received_mono_ns=self._clock.mono_ns(),
            received_utc_ns=self._clock.utc_ns(),
            device_ntp=0,
            placed_utc_ns=self.header.started_utc_ns,
            length=len(init),
            flags=0,
            quantity=0,
            duration=0,
            clock_rate=0,
            lost_packets=0,
            digest=sha256(init).digest(),
        )
        entry = pack(record, self.header.chain)
        self._write((init,), (entry,))
        self._written = replace(self._written, records=1, media_bytes=len(init), chain=chain_of(entry))
        self.dirty = True

    def append(self, records: Sequence[Fragment | Gap | RecordedGap]) -> None:
        """Write a batch. Sequences must rise; the gaps of a loss come before what follows it.

        Raises:
            OSError: the disk refused. `written` is where it was before; end the segment there.
        """
        # The hot loop: 5,000 fragments a second of 200 streams pass here. Local names, plain ints.
        before = self._written
        chain, number, offset = before.chain, before.records, before.media_bytes
        last_sequence, start, end = before.last_sequence, before.start_utc_ns, before.end_utc_ns
        fragments = before.fragments
        body_of, rates, kind = BODY.pack, self._rates, int(Kind.FRAGMENT)
        media: list[bytes] = []
        journal: list[bytes] = []
        gaps: list[RecordedGap] = []
        if self._sync_to_tell is not None:
            journal.append(pack(self._sync_record(self._sync_to_tell, number), chain))
            chain = chain_of(journal[0])
            number += 1
        for record in records:
            if isinstance(record, Fragment):
                data = record.data
                length, rate, duration, placed = (
                    len(data),
                    rates[record.track_id],
                    record.duration,
                    record.placed_utc_ns,
                )
                body = body_of(
                    kind, VERSION, record.track_id, 0, number, offset,
                    record.sequence, record.rtp_time, record.received_mono_ns, record.received_utc_ns,
                    record.device_ntp, placed, length, record.flags, record.unit_count, duration, rate,
                    record.lost_packets, sha256(data).digest(),
                )  # fmt: skip
                media.append(data)
                offset += length
                fragments += 1
                last_sequence = record.sequence
                ended = placed + duration * 1_000_000_000 // rate
                if placed < start:  # a B-frame: shown before the picture that was sent first
                    start = placed
            else:
                gap = record if isinstance(record, RecordedGap) else RecordedGap.of(record)
                gaps.append(gap)
                body = BODY.pack(*gap_record(gap, number=number, offset=offset, utc_ns=self._clock.utc_ns())[:-1])
                last_sequence, ended = gap.last_sequence, gap.end_utc_ns
            entry = body + sha256(CHAIN_TAG + chain + body).digest() + RESERVED
            chain = entry[BODY_SIZE:CHAIN_END]
            journal.append(entry + crc32(entry).to_bytes(4, "little"))
            number += 1
            if ended > end:
                end = ended
        if not journal:
            return
        self._write(media, journal)
        self._gaps += gaps
        self._written = Position(
            records=number,
            media_bytes=offset,
            chain=chain,
            last_sequence=last_sequence,
            start_utc_ns=start,
            end_utc_ns=end,
            fragments=fragments,
            gaps=before.gaps + len(gaps),
        )
        self._sync_to_tell = None
        self.dirty = self.dirty or bool(records)

    def position_to_sync(self) -> Position:
        """Where the segment stands now; call before the sync whose success is told by `synced`."""
        self.dirty = False
        return self._written

    def synced(self, position: Position) -> None:
        """A sync that began when the segment stood at `position` has succeeded.

        The next batch, or `append(())`, carries the sync record.
        """
        if position.records > self._durable.records:
            self._durable = self._sync_to_tell = position
            self._folders = ()

    def end(self, cause: GapCause | None = None, *, last: bool = False) -> SealedSegment:
        """Write the end record; nothing may follow. It is sealed once a sync after this succeeded (R1).

        `cause` says why the recording does not go on from here, `last` that the stream has ended.

        Raises:
            OSError: as for `append`.
        """
        if self._sync_to_tell is not None:
            self.append(())
        flags = EndFlag.LAST if last else EndFlag.NONE
        at = self._written
        end = pack(
            end_record(
                at,
                flags=flags,
                cause=cause,
                cut_bytes=0,
                mono_ns=self._clock.mono_ns(),
                utc_ns=self._clock.utc_ns(),
            ),
            at.chain,
        )
        self._write((), (end,))
        self._written = replace(at, records=at.records + 1, chain=chain_of(end))
        self.dirty = True
        return self._sealed(at, chain_of(end), flags, cause)

    def end_broken(
        self, position: Position, cause: GapCause | None, gap: RecordedGap | None = None, *, last: bool = False
    ) -> SealedSegment:
        """End the segment after a failed write (at `written`) or a failed sync (at `durable`), and close it.

        It is sealed when this returns: its own sync is done. What came after `position` is set
        aside; `gap` says so where the stream's next segment cannot.

        Raises:
            OSError: the disk still refuses. The files stay as they are for the recovery at the next start.
        """
        self.close()
        flags = EndFlag.BROKEN | EndFlag.LAST if last else EndFlag.BROKEN
        position, digest, cut_bytes = end_at(
            self._disk, self._clock, self._path, position, flags=flags, cause=cause, gap=gap
        )
        if gap is not None:
            self._gaps[position.gaps - 1 :] = [gap]
        return self._sealed(position, digest, flags, cause, cut_bytes)

    def sync(self) -> None:
        """Make this segment alone durable.

        Raises:
            OSError: nothing after `durable` can be trusted any more, not even after another sync (R7).
        """
        position = self.position_to_sync()
        for folder in self.folders_to_sync:
            self._disk.sync_directory(folder)
        for descriptor in self.descriptors:
            self._disk.sync_file(descriptor)
        self.synced(position)

    def seal(self, cause: GapCause | None = None, *, last: bool = False) -> SealedSegment:
        """End, sync and close, for a caller with a single segment at hand."""
        sealed = self.end(cause, last=last)
        self.sync()
        self.close()
        return sealed

    def close(self) -> None:
        """Give the descriptors back. Closing is not syncing."""
        if self._media >= 0:
            self._disk.close(self._media)
            self._disk.close(self._journal)
            self._media = self._journal = -1

    def _sealed(
        self, at: Position, digest: bytes, flags: EndFlag, cause: GapCause | None, cut_bytes: int = 0
    ) -> SealedSegment:
        return SealedSegment(
            header=self.header,
            size_bytes=at.media_bytes,
            journal_bytes=(at.records + 1) * RECORD_SIZE,
            digest=digest,
            last_sequence=at.last_sequence,
            start_utc_ns=at.start_utc_ns,
            end_utc_ns=at.end_utc_ns,
            fragments=at.fragments,
            gaps=tuple(self._gaps[: at.gaps]),
            end=flags,
            end_cause=cause,
            cut_bytes=cut_bytes,
        )

    def _sync_record(self, position: Position, number: int) -> Record:
        return Record(
            kind=Kind.SYNC,
            version=VERSION,
            track=0,
            cause=0,
            number=number,
            offset=position.media_bytes,
            sequence=position.last_sequence,
            rtp_time=position.end_utc_ns,
            received_mono_ns=self._clock.mono_ns(),
            received_utc_ns=self._clock.utc_ns(),
            device_ntp=0,
            placed_utc_ns=position.start_utc_ns,
            length=0,
            flags=0,
            quantity=position.records,
            duration=0,
            clock_rate=0,
            lost_packets=0,
            digest=position.chain,
        )

    def _write(self, media: Sequence[bytes], journal: Sequence[bytes]) -> None:
        if media:
            append_fully(self._disk, self._media, media)
        append_fully(self._disk, self._journal, (b"".join(journal),))

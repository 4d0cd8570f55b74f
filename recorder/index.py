"""The index: rows of streams, segments and gaps, written from sealed segments and from nothing else.

A live server and a rebuild from files write through the same `add`, so the rows are the same; it
may be told of a segment twice, and in any order.

Not here: when rows are written (row_feed), what may be deleted (ring), the files (storage).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import Row, and_, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from media import GapCause
from recorder.footage import Ended, Footage, FoundSegment, GapFact, SegmentFact
from recorder.stored import StoredSegment, stored_segment
from recorder.tables import PAGE_COLUMNS, gaps, garbage, segments, streams
from storage import DAY_NS, SealedSegment, segment_path, utc_from_ns
from storage.database import Database

# A segment's footage spans at most so much: the longest that settings allow is an hour, and a
# fifth more when no key frame comes. It bounds how far back a search by time must look.
SEGMENT_SPAN_MAX_NS = 72 * 60 * 1_000_000_000


Record = Callable[[AsyncConnection], Awaitable[None]]

ChannelDay = tuple[str, str, str]  # day (yyyy-mm-dd), device, channel: a folder of the store

# Rows counted by one statement, some milliseconds, and the rest after it. All of ten million in one statement are 23 s
# on a cold disk, and one that runs cannot be given up: the server would not stop in time (F06). The rests leave
# the disk to whoever looks at recordings meanwhile.
COUNTED_AT_ONCE = 5_000
COUNTING_REST_S = 0.015


class Index:
    """All statements on the recorder's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stored_bytes: int | None = None  # counted once, then kept: this is the only writer

    @property
    def damaged(self) -> bool:
        """Whether the database is known to be: what it says may not be so."""
        return bool(self._database.damage)

    async def add(self, sealed: Sequence[SealedSegment]) -> None:
        """Write the rows of these segments in one transaction; a segment that has its row keeps it."""
        added = 0
        async with self._database.write() as connection:
            for segment in sealed:
                added += await _add_segment(connection, segment)
                await _add_stream(connection, segment)
        if self._stored_bytes is not None:
            self._stored_bytes += added

    async def recordings(self, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> Footage:
        """Sealed segments and their gaps that touch the interval, in order."""
        here = and_(segments.c.device == device_id, segments.c.channel == channel)
        found = (
            select(*_PAGE)
            .where(here, segments.c.start_utc_ns > start_utc_ns - SEGMENT_SPAN_MAX_NS)
            .where(segments.c.start_utc_ns < end_utc_ns, segments.c.end_utc_ns > start_utc_ns)
            .order_by(segments.c.start_utc_ns)
        )
        missing = (
            select(gaps)
            .where(gaps.c.device == device_id, gaps.c.channel == channel)
            .where(gaps.c.end_utc_ns > start_utc_ns, gaps.c.start_utc_ns < end_utc_ns)
            .order_by(gaps.c.start_utc_ns)
        )
        async with self._database.read() as connection:
            segment_rows = (await connection.execute(found)).all()
            gap_rows = (await connection.execute(missing)).all()
        return Footage(
            segments=tuple(map(_fact, segment_rows)),
            gaps=tuple(
                GapFact(
                    stream=row.stream,
                    sequence=row.sequence,
                    count=row.sequence_count,
                    track_id=row.track_id,
                    cause=GapCause(row.cause),
                    start_utc_ns=row.start_utc_ns,
                    end_utc_ns=row.end_utc_ns,
                    lost_packets=row.lost_packets,
                )
                for row in gap_rows
            ),
        )

    async def segment(self, segment_id: str) -> FoundSegment | None:
        """The sealed segment with this id."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_PAGE).where(segments.c.id == segment_id))).one_or_none()
        return None if row is None else FoundSegment(row.device, row.channel, _fact(row))

    async def next_segment(
        self, device_id: str, channel: str, start_utc_ns: int, after: str = ""
    ) -> SegmentFact | None:
        """The first sealed segment whose file is there and that begins at this moment or behind it; of those that
        begin in it, only what has a greater id than `after`."""
        behind = tuple_(segments.c.start_utc_ns, segments.c.id) > tuple_(literal(start_utc_ns), literal(after))
        query = (
            select(*_PAGE)
            .where(segments.c.device == device_id, segments.c.channel == channel, behind)
            .where(segments.c.start_utc_ns >= start_utc_ns, segments.c.missing_since_utc_ns.is_(None))
            .order_by(segments.c.start_utc_ns, segments.c.id)
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _fact(row)

    async def last_streams(self) -> dict[tuple[str, str], Ended]:
        """The newest stream of each channel. One without a known end was cut off by a crash."""
        newest = select(func.max(streams.c.id)).group_by(streams.c.device, streams.c.channel)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(streams).where(streams.c.id.in_(newest)))).all()
        return {
            (row.device, row.channel): Ended(
                stream=row.id,
                head=row.head,
                ended_utc_ns=row.ended_utc_ns,
                cause=GapCause(row.end_cause or GapCause.SERVER_CRASHED),
            )
            for row in rows
        }

    async def stored_bytes(self) -> int:
        """What all segments with a row take on disk."""
        if self._stored_bytes is None:
            async with self._database.read() as connection:
                self._stored_bytes = await connection.scalar(select(func.coalesce(func.sum(_STORED_BYTES), 0))) or 0
        return self._stored_bytes

    async def channels(self) -> list[tuple[str, str]]:
        """Every device and channel of which there is a segment: a look into the index for each, not one a segment."""
        found: list[tuple[str, str]] = []
        device, channel = segments.c.device, segments.c.channel
        first = select(device, channel).order_by(device, channel).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(first)).one_or_none()
            while row is not None:
                found.append((row.device, row.channel))
                # Apart, and not as a pair that is greater: then the whole of a channel would be gone through.
                last = row
                row = (
                    await connection.execute(first.where(device == last.device, channel > last.channel))
                ).one_or_none()
                if row is None:
                    row = (await connection.execute(first.where(device > last.device))).one_or_none()
        return found

    async def oldest_of(
        self, device: str, channel: str, after: tuple[int, str], until_utc_ns: int, limit: int
    ) -> list[StoredSegment]:
        """Segments of a channel that begin behind `after` (start and id) and before `until_utc_ns`, oldest first."""
        columns = segments.c
        behind = tuple_(columns.start_utc_ns, columns.id) > tuple_(literal(after[0]), literal(after[1]))
        query = (
            select(segments)
            .where(columns.device == device, columns.channel == channel, behind)
            .where(columns.start_utc_ns >= after[0], columns.start_utc_ns < until_utc_ns)
            .order_by(columns.start_utc_ns, columns.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [stored_segment(row) for row in rows]

    async def of_stream(self, stream: str) -> list[StoredSegment]:
        """Oldest first."""
        query = select(segments).where(segments.c.stream == stream).order_by(segments.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [stored_segment(row) for row in rows]

    async def oldest(self, limit: int, after: str = "") -> list[StoredSegment]:
        """Segments in order of their ids, which is the order of their making."""
        query = select(segments).where(segments.c.id > after).order_by(segments.c.id).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [stored_segment(row) for row in rows]

    async def channel_days(self) -> dict[ChannelDay, int]:
        """How many segments there are of each channel and day, but those that are known to be missing.

        Counted in pieces: a cancelled one ends soon.
        """
        day = (segments.c.opened_utc_ns // DAY_NS).label("day")
        place = (day, segments.c.device, segments.c.channel)
        counts: Counter[ChannelDay] = Counter()
        after = ""
        while True:
            beyond = segments.c.id > after
            last = select(segments.c.id).where(beyond).order_by(segments.c.id).offset(COUNTED_AT_ONCE - 1).limit(1)
            async with self._database.read() as connection:
                until = await connection.scalar(last)
                piece = beyond if until is None else and_(beyond, segments.c.id <= until)
                there = and_(piece, segments.c.missing_since_utc_ns.is_(None))
                rows = (await connection.execute(select(*place, func.count()).where(there).group_by(*place))).all()
            for row in rows:
                counts[_day_name(row[0]), row[1], row[2]] += row[3]
            if until is None:
                return dict(counts)
            after = until
            await asyncio.sleep(COUNTING_REST_S)

    async def of_channel_day(self, place: ChannelDay) -> dict[str, tuple[str, bool]]:
        """Ids of the segments of one folder; their paths, and whether they are known to be missing."""
        day, device, channel = place
        start_ns = int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) * 1_000_000_000
        query = select(segments.c.id, segments.c.opened_utc_ns, segments.c.missing_since_utc_ns).where(
            segments.c.device == device,
            segments.c.channel == channel,
            segments.c.opened_utc_ns >= start_ns,
            segments.c.opened_utc_ns < start_ns + DAY_NS,
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {
            row.id: (segment_path(device, channel, row.id, row.opened_utc_ns), row.missing_since_utc_ns is not None)
            for row in rows
        }

    async def flag_missing(self, ids: Sequence[str], since_utc_ns: int | None) -> None:
        """Their files are not there; None: they are there again."""
        async with self._database.write() as connection:
            flagged = update(segments).where(segments.c.id.in_(ids))
            await connection.execute(flagged.values(missing_since_utc_ns=since_utc_ns))

    async def count_missing(self) -> int:
        """How many segments are flagged."""
        query = select(func.count()).select_from(segments).where(segments.c.missing_since_utc_ns.is_not(None))
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def has(self, segment: str) -> bool:
        async with self._database.read() as connection:
            return await connection.scalar(select(segments.c.id).where(segments.c.id == segment)) is not None

    async def discard(self, victims: Sequence[StoredSegment], utc_ns: int, record: Record | None = None) -> None:
        """Rows become garbage: from now on the files may be unlinked, and must not be read. `record` writes down in
        the same transaction that they went.

        A stream that loses its last segment goes too, unless it is the newest of its channel.
        """
        ids = [victim.id for victim in victims]
        of_streams = {victim.stream for victim in victims}
        left = select(segments.c.stream).where(segments.c.stream.in_(of_streams))
        newest = select(func.max(streams.c.id)).group_by(streams.c.device, streams.c.channel)
        async with self._database.write() as connection:
            if record is not None:
                await record(connection)
            rows = [{"path": victim.path, "since_utc_ns": utc_ns} for victim in victims]
            await connection.execute(insert(garbage).on_conflict_do_nothing(), rows)
            await connection.execute(delete(gaps).where(gaps.c.segment.in_(ids)))
            await connection.execute(delete(segments).where(segments.c.id.in_(ids)))
            await connection.execute(
                delete(streams).where(
                    streams.c.id.in_(of_streams), streams.c.id.not_in(left), streams.c.id.not_in(newest)
                )
            )
        if self._stored_bytes is not None:
            self._stored_bytes -= sum(victim.stored_bytes for victim in victims)

    async def garbage(self) -> list[str]:
        """Paths of files to unlink."""
        async with self._database.read() as connection:
            return list((await connection.scalars(select(garbage.c.path).order_by(garbage.c.path))).all())

    async def forget_garbage(self, paths: Sequence[str]) -> None:
        """They are unlinked, durably."""
        async with self._database.write() as connection:
            await connection.execute(delete(garbage).where(garbage.c.path.in_(paths)))

    async def clear(self) -> None:
        """Drop every row, garbage too: a rebuild trusts only files, and deletes none (R6)."""
        async with self._database.write() as connection:
            for table in (gaps, segments, streams, garbage):
                await connection.execute(delete(table))
        self._stored_bytes = None


_STORED_BYTES = segments.c.size_bytes + segments.c.journal_bytes + segments.c.cut_bytes


_PAGE = tuple(segments.c[name] for name in PAGE_COLUMNS)


def _fact(row: Row[Any]) -> SegmentFact:
    """From a row of `_PAGE`."""
    return SegmentFact(
        id=row.id,
        stream=row.stream,
        path=segment_path(row.device, row.channel, row.id, row.opened_utc_ns),
        start_utc_ns=row.start_utc_ns,
        end_utc_ns=row.end_utc_ns,
        first_sequence=row.first_sequence,
        last_sequence=row.last_sequence,
        size_bytes=row.size_bytes,
        digest=row.digest,
        sealed=True,
        missing=row.missing_since_utc_ns is not None,
    )


def _day_name(day: int) -> str:
    return utc_from_ns(day * DAY_NS).date().isoformat()


class _Place(TypedDict):
    device: str
    channel: str


async def _add_segment(connection: AsyncConnection, segment: SealedSegment) -> int:
    """Insert segment and gaps; how many bytes on disk are new to the index."""
    header = segment.header
    place = _Place(device=header.device, channel=header.channel)
    inserted = await connection.execute(
        insert(segments)
        .values(
            id=header.segment,
            stream=header.stream,
            **place,
            opened_utc_ns=header.started_utc_ns,
            start_utc_ns=segment.start_utc_ns,
            end_utc_ns=segment.end_utc_ns,
            first_sequence=header.first_sequence,
            last_sequence=segment.last_sequence,
            fragments=segment.fragments,
            size_bytes=segment.size_bytes,
            journal_bytes=segment.journal_bytes,
            cut_bytes=segment.cut_bytes,
            chain=header.chain,
            digest=segment.digest,
            end_flags=int(segment.end),
            end_cause=segment.end_cause,
        )
        .on_conflict_do_nothing()
    )
    if inserted.rowcount == 0:
        return 0
    if segment.gaps:
        rows = [
            {
                "stream": header.stream,
                "segment": header.segment,
                **place,
                "sequence": gap.sequence,
                "sequence_count": gap.count,
                "track_id": gap.track_id,
                "cause": int(gap.cause),
                "start_utc_ns": gap.start_utc_ns,
                "end_utc_ns": gap.end_utc_ns,
                "lost_packets": gap.lost_packets,
            }
            for gap in segment.gaps
        ]
        await connection.execute(insert(gaps).on_conflict_do_nothing(), rows)
    return segment.size_bytes + segment.journal_bytes + segment.cut_bytes


async def _add_stream(connection: AsyncConnection, segment: SealedSegment) -> None:
    header = segment.header
    newest = {
        "last_segment": header.segment,
        "head": segment.digest,
        "ended_utc_ns": segment.end_utc_ns,
        "end_cause": segment.end_cause,
    }
    await connection.execute(
        insert(streams)
        .values(
            id=header.stream,
            device=header.device,
            channel=header.channel,
            node=header.node,
            fencing_token=header.fencing_token,
            previous_stream=header.previous_stream,
            previous_head=header.previous_head,
            **newest,
        )
        .on_conflict_do_update(index_elements=["id"], set_=newest, where=streams.c.last_segment < header.segment)
    )

"""What the scrubber has written down: how far its round has come, and every recording that is not whole.

All of it can be lost: a new round finds the same again. Not here: looking (scrub_look), what is next (scrubber).
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from recorder.scrub_look import Damage, Finding
from recorder.stored import StoredSegment
from recorder.tables import segments
from storage.database import Database, metadata

ROUNDS_KEPT = 12  # of a year; nobody asks for more

# The newest one is the one that goes on. With `kept_first` it is still at what clips and holds keep.
scrub_rounds = Table(
    "scrub_rounds",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("begun_utc_ns", BigInteger, nullable=False),
    Column("finished_utc_ns", BigInteger, nullable=True),
    Column("kept_first", Boolean, nullable=False),
    Column("after", String, nullable=False),  # segments up to this id were looked at
    Column("segments", BigInteger, nullable=False),
    Column("read_bytes", BigInteger, nullable=False),
)

scrub_faults = Table(
    "scrub_faults",
    metadata,
    Column("segment", String, primary_key=True),
    Column("device", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("start_utc_ns", BigInteger, nullable=False),
    Column("end_utc_ns", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("words", Text, nullable=False),
    Column("places", Integer, nullable=False),
    Column("first_bad_utc_ns", BigInteger, nullable=False),
    Column("found_utc_ns", BigInteger, nullable=False),
)

SCRUB_TABLES = (scrub_rounds.name, scrub_faults.name)


@dataclass(frozen=True, slots=True)
class ScrubRound:
    """One time round all recordings."""

    number: int
    begun_utc_ns: int
    finished_utc_ns: int | None = None
    kept_first: bool = True
    after: str = ""
    segments: int = 0
    read_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BadSegment:
    """A recording that is not whole, as it was found last."""

    segment: str
    device: str
    channel: str
    start_utc_ns: int
    end_utc_ns: int
    found_utc_ns: int  # at first
    finding: Finding


_ROUND = tuple(column.name for column in scrub_rounds.columns)


class ScrubBook:
    """All statements on the two tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> ScrubRound | None:
        query = select(scrub_rounds).order_by(scrub_rounds.c.number.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else ScrubRound(*row)

    async def last_finished_utc_ns(self) -> int | None:
        async with self._database.read() as connection:
            found: int | None = await connection.scalar(select(func.max(scrub_rounds.c.finished_utc_ns)))
        return found

    async def put(self, one: ScrubRound) -> None:
        values = {name: getattr(one, name) for name in _ROUND}
        written = insert(scrub_rounds).values(values)
        async with self._database.write() as connection:
            await connection.execute(written.on_conflict_do_update(index_elements=["number"], set_=values))
            await connection.execute(delete(scrub_rounds).where(scrub_rounds.c.number <= one.number - ROUNDS_KEPT))

    async def found(self, row: StoredSegment, finding: Finding, utc_ns: int) -> bool:
        """Write down what is wrong; whether nobody knew."""
        found = {
            "kind": finding.kind.value,
            "words": finding.words,
            "places": finding.places,
            "first_bad_utc_ns": finding.first_bad_utc_ns,
        }
        place = {
            "segment": row.id,
            "device": row.device,
            "channel": row.channel,
            "start_utc_ns": row.start_utc_ns,
            "end_utc_ns": row.end_utc_ns,
            "found_utc_ns": utc_ns,
        }
        known = select(scrub_faults.c.segment).where(scrub_faults.c.segment == row.id)
        written = insert(scrub_faults).values(place | found)
        async with self._database.write() as connection:
            new = await connection.scalar(known) is None
            await connection.execute(written.on_conflict_do_update(index_elements=["segment"], set_=found))
        return new

    async def whole(self, segment: str) -> bool:
        """It is as it should be; whether it was not before."""
        if not await self._has(segment):
            return False
        async with self._database.write() as connection:
            await connection.execute(delete(scrub_faults).where(scrub_faults.c.segment == segment))
        return True

    async def bad(self, limit: int) -> tuple[list[BadSegment], int]:
        """The newest findings about recordings that are still there, and how many there are in all."""
        there = scrub_faults.c.segment.in_(select(segments.c.id))
        query = select(scrub_faults).where(there)
        newest = query.order_by(scrub_faults.c.found_utc_ns.desc(), scrub_faults.c.segment).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(newest)).all()
            total = await connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        bad = [
            BadSegment(
                segment=row.segment,
                device=row.device,
                channel=row.channel,
                start_utc_ns=row.start_utc_ns,
                end_utc_ns=row.end_utc_ns,
                found_utc_ns=row.found_utc_ns,
                finding=Finding(Damage(row.kind), row.words, row.places, row.first_bad_utc_ns),
            )
            for row in rows
        ]
        return bad, total

    async def forget_deleted(self) -> None:
        """Findings about recordings that are gone."""
        async with self._database.write() as connection:
            gone = scrub_faults.c.segment.not_in(select(segments.c.id))
            await connection.execute(delete(scrub_faults).where(gone))

    async def _has(self, segment: str) -> bool:
        query = select(scrub_faults.c.segment).where(scrub_faults.c.segment == segment)
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None

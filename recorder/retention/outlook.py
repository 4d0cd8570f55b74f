"""What will be deleted, by which rule and when, before it is: the ring's own rules, asked of rows instead of footage.

A strand (recorder.strands) is one statement that groups its segments by the day on which they go. What is kept is taken
out of that again, span by span, and what two people let go is put back on the day on which it becomes free.

Bytes are those of footage alone; journals come on top, some two percent. What a full disk takes before its time is not
in a plan: nobody knows how much will come in (forecast). Its arithmetic: docs/design/retention.md.
Bounds: a row a channel, day and unit.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, func, select

from recorder.index import Index
from recorder.kept import Pins
from recorder.retention.book import PolicyBook
from recorder.retention.case_files import CaseFiles
from recorder.retention.kept_rows import kept_rows
from recorder.retention.places import PlaceBook
from recorder.tables import segments
from storage import BORN_UTC_NS, DAY_NS, first_ulid
from storage.database import Database

_UNDATED = first_ulid(BORN_UTC_NS)


@dataclass(frozen=True, slots=True)
class Phases:
    """How old untagged footage of a unit becomes: so old until `changes_utc_ns`, then so."""

    now_ns: int
    later_ns: int
    changes_utc_ns: int

    def due_utc_ns(self, end_utc_ns: int, now_utc_ns: int) -> int:
        by_now_ns = end_utc_ns + self.now_ns
        if by_now_ns > self.changes_utc_ns:
            by_now_ns = max(self.changes_utc_ns, end_utc_ns + self.later_ns)
        return max(by_now_ns, now_utc_ns)


@dataclass(frozen=True, slots=True)
class Planned:
    """What goes of a channel on a day (of UTC, counted since 1970). `rule` is the unit whose policy says so, empty: the
    settings; `freed` are clips and holds that kept some of it until two people let it go.
    """

    day: int
    device: str
    channel: str
    unit: str
    rule: str
    start_utc_ns: int
    end_utc_ns: int
    segments: int
    seconds: int
    size_bytes: int
    freed: tuple[str, ...] = ()


Sums = tuple[int, int, int]  # segments, seconds, bytes


class Outlook:
    def __init__(self, database: Database, index: Index, pins: Pins, places: PlaceBook, case_files: CaseFiles) -> None:
        self._database = database
        self._index = index
        self._pins = pins
        self._places = places
        self._case_files = case_files

    async def plan(self, book: PolicyBook, now_utc_ns: int, until_utc_ns: int) -> list[Planned]:
        """All that goes by its age between these times; what is overdue goes today.

        Raises:
            SQLAlchemyError: the database refuses.
        """
        found: dict[tuple[int, str, str, str], list[int]] = {}
        for device, channel in await self._index.channels():
            for start_ns, end_ns, unit in self._places.stays(device):
                phases = _phases(book, unit, now_utc_ns)
                interval = max(start_ns, BORN_UTC_NS), end_ns
                async for day, *sums in self._days(device, channel, interval, phases, now_utc_ns, until_utc_ns):
                    found[day, device, channel, unit] = sums
        freed: dict[tuple[int, str, str, str], set[str]] = {}
        await self._without_kept(book, now_utc_ns, until_utc_ns, found, freed)
        return [
            Planned(
                *(day, device, channel, unit, book.deciding_unit(unit)),
                *(sums[3], sums[4], sums[0], sums[2] // 1_000_000_000, sums[1]),
                freed=tuple(sorted(freed.get((day, device, channel, unit), ()))),
            )
            for (day, device, channel, unit), sums in sorted(found.items())
            if sums[0] > 0
        ]

    async def difference(
        self, before: PolicyBook, after: PolicyBook, now_utc_ns: int, until_utc_ns: int
    ) -> tuple[Sums, Sums]:
        """What goes in this time by one and not by the other, and the other way round."""
        present, changed = [_by_channel(await self.plan(book, now_utc_ns, until_utc_ns)) for book in (before, after)]
        freed, spared = [0, 0, 0], [0, 0, 0]
        for place in present.keys() | changed.keys():
            was, becomes = present.get(place, (0, 0, 0)), changed.get(place, (0, 0, 0))
            for at in range(3):
                freed[at] += max(0, becomes[at] - was[at])
                spared[at] += max(0, was[at] - becomes[at])
        return (freed[0], freed[1], freed[2]), (spared[0], spared[1], spared[2])

    async def _days(
        self, device: str, channel: str, interval: tuple[int, int], phases: Phases, now_ns: int, until_ns: int
    ) -> AsyncIterator[tuple[int, int, int, int, int, int]]:
        """Day, segments, bytes, nanoseconds, first start and last end."""
        columns = segments.c
        by_now, later = columns.end_utc_ns + phases.now_ns, columns.end_utc_ns + phases.later_ns
        due = case(
            (by_now <= phases.changes_utc_ns, func.max(by_now, now_ns)),
            else_=func.max(phases.changes_utc_ns, later, now_ns),
        )
        youngest_ns = min(until_ns - min(phases.now_ns, phases.later_ns), interval[1])
        query = (
            select(
                (due // DAY_NS).label("day"),
                func.count(),
                func.sum(columns.size_bytes),
                func.sum(columns.end_utc_ns - columns.start_utc_ns),
                func.min(columns.start_utc_ns),
                func.max(columns.end_utc_ns),
            )
            .where(columns.device == device, columns.channel == channel, columns.start_utc_ns >= interval[0])
            .where(columns.start_utc_ns < youngest_ns, due < until_ns, columns.id > _UNDATED)
            .where(columns.missing_since_utc_ns.is_(None))
            .group_by("day")
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        for row in rows:
            yield row[0], row[1], row[2], row[3], row[4], row[5]

    async def _without_kept(
        self,
        book: PolicyBook,
        now_ns: int,
        until_ns: int,
        found: dict[tuple[int, str, str, str], list[int]],
        freed: dict[tuple[int, str, str, str], set[str]],
    ) -> None:
        async for row in kept_rows(self._database, self._pins.spans()):
            free_ns = self._pins.free_from(row.stream, row.first_sequence, row.last_sequence)
            if row.missing_since_utc_ns is not None or row.id <= _UNDATED or row.start_utc_ns < BORN_UTC_NS:
                continue  # it is in no plan
            unit = self._places.unit_at(row.device, row.start_utc_ns)
            due_ns = _phases(book, unit, now_ns).due_utc_ns(row.end_utc_ns, now_ns)
            facts = 1, row.size_bytes, row.end_utc_ns - row.start_utc_ns
            _add(found, (due_ns // DAY_NS, row.device, row.channel, unit), facts, -1, None)
            goes_ns = max(due_ns, free_ns)
            if goes_ns >= until_ns or await self._case_keeps(row, goes_ns):
                continue
            place = goes_ns // DAY_NS, row.device, row.channel, unit
            _add(found, place, facts, 1, (row.start_utc_ns, row.end_utc_ns))
            released = self._pins.released(row.stream, row.first_sequence, row.last_sequence, goes_ns)
            freed.setdefault(place, set()).update(one.keeping for one in released)

    async def _case_keeps(self, row: Row[Any], utc_ns: int) -> bool:
        for one in self._pins.released(row.stream, row.first_sequence, row.last_sequence, utc_ns):
            if await self._case_files.keeps(one.case, one.unit, utc_ns):
                return True
        return False


def _phases(book: PolicyBook, unit: str, now_ns: int) -> Phases:
    changes_ns = book.settled_from(unit, now_ns)
    return Phases(book.untagged_ns(unit, now_ns), book.untagged_ns(unit, changes_ns), changes_ns)


def _add(
    found: dict[tuple[int, str, str, str], list[int]],
    place: tuple[int, str, str, str],
    facts: tuple[int, int, int],
    sign: int,
    interval: tuple[int, int] | None,
) -> None:
    if interval is None:
        sums = found.get(place)
        if sums is None:
            return  # it was due behind the plan's end
    else:
        sums = found.setdefault(place, [0, 0, 0, *interval])
        sums[3], sums[4] = min(sums[3], interval[0]), max(sums[4], interval[1])
    for at, value in enumerate(facts):
        sums[at] += sign * value


def _by_channel(planned: Iterable[Planned]) -> dict[tuple[str, str, str], Sums]:
    found: dict[tuple[str, str, str], Sums] = {}
    for one in planned:
        place = one.device, one.channel, one.unit
        segments_, seconds, size_bytes = found.get(place, (0, 0, 0))
        found[place] = segments_ + one.segments, seconds + one.seconds, size_bytes + one.size_bytes
    return found

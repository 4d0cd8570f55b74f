"""Clips and holds: made, described, found, and brought to their end by two people.

Each change is the row, then the ledger entry with all of it, then the commit, then the pins; a new one is pinned first
of all. Not here: what the ring does with pins, and how rows come back from the ledger (replay).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, func, or_, select

from gateway.registry import Conflict, Invalid, NotFound
from media import Reference
from recorder.footage import SegmentFact
from recorder.kept.keeping import REFERENCES_MAX, REMORSE_NS, Keeping, KeepingKind, Passage, Removal
from recorder.kept.pins import Pins
from recorder.kept.rows import keeping_of, put_row
from recorder.kept.tables import kept
from storage import BORN_UTC_NS, Clock, UlidFactory
from storage.database import Database
from storage.ledger import Ledger

LENGTH_MAX_NS = 24 * 3_600 * 1_000_000_000  # of one: a shift and what comes before; more is more than one clip
NEAR_NS = 3_600 * 1_000_000_000  # a reference reaches back to its key picture, which is never so far
NOTE_MAX = 1_000
PAGE_MAX = 500
LANE_MAX = 500  # of one channel over at most a month, on a ribbon a thousand pixels wide

# Device, channel, from, to: what there is of it.
Find = Callable[[str, str, int, int], Awaitable[tuple[Reference, ...]]]


class NotACursor(ValueError):
    """None that a page gave."""


@dataclass(frozen=True, slots=True)
class KeptFilter:
    """All that are given must match."""

    kind: KeepingKind
    device: str | None = None
    case: str | None = None
    from_utc_ns: int | None = None  # that end after this
    to_utc_ns: int | None = None  # that begin before this
    standing_at: int | None = None  # that keep footage at this time
    within: "KeptScope | None" = None


@dataclass(frozen=True, slots=True)
class KeptScope:
    """What a person may know of: these devices, and of those that are there no more the ones of these units."""

    devices: Sequence[str]
    units: Sequence[str]
    registered: Sequence[str]  # every device that is there


@dataclass(frozen=True, slots=True)
class KeptPage:
    """Newest first. `total` counts all that match, on whatever page."""

    items: tuple[Keeping, ...]
    next_cursor: str | None
    total: int


class Kept:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(
        self, database: Database, ledger: Ledger, clock: Clock, new_id: UlidFactory, pins: Pins, find: Find
    ) -> None:
        self.pins = pins
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._new_id = new_id
        self._find = find
        self._turn = asyncio.Lock()  # changes wait for each other

    def now_utc_ns(self) -> int:
        """By the clock that footage is placed by: the wall clock may have been set."""
        return self._clock.utc_ns()

    async def keep(
        self,
        kind: KeepingKind,
        *,
        device: str,
        channel: str,
        unit: str,
        start_utc_ns: int,
        end_utc_ns: int,
        note: str,
        principal: str,
        case: str = "",
        stage: str = "",
    ) -> Keeping:
        """Pin what there is of the interval now.

        Raises:
            Invalid: an interval that cannot be, or with nothing in it.
            SegmentUnreadableError, OSError: a journal cannot be read.
        """
        now_ns = self.now_utc_ns()
        if not 0 < end_utc_ns - start_utc_ns <= LENGTH_MAX_NS:
            raise Invalid("This interval cannot be.", field="to", fix="From before to, and at most 24 hours.")
        if end_utc_ns > now_ns:  # of what is still to come nothing could be pinned
            raise Invalid("This interval is not over yet.", field="to", fix="Give an end that has passed.")
        note = _require_note(note, empty=kind is KeepingKind.CLIP)
        keeping_id = self._new_id()
        async with self._turn:
            async with self.pins.deciding:
                references = await self._find(device, channel, start_utc_ns, end_utc_ns)
                if not references:
                    raise Invalid("There is no footage in this interval.", field="from", fix="Look at the timeline.")
                if len(references) > REFERENCES_MAX:
                    fix = "Keep it in several pieces."
                    raise Invalid(f"The device came {len(references)} times.", field="to", fix=fix)
                keeping = Keeping(
                    id=keeping_id,
                    kind=kind,
                    passage=Passage(device, channel, unit, start_utc_ns, end_utc_ns, references),
                    case=case,
                    stage=stage,
                    note=note,
                    created_by=principal,
                    created_utc_ns=now_ns,
                    version=1,
                )
                self.pins.put(keeping)
            try:
                await self._write(keeping, "create", principal)
            except BaseException:
                self.pins.drop(keeping.id, references)
                raise
        return keeping

    async def edit(self, before: Keeping, *, case: str, stage: str, note: str, principal: str) -> Keeping:
        """Tag it to another case or stage, or describe it otherwise. Raises NotFound, Conflict, Invalid."""
        note = _require_note(note, empty=before.kind is KeepingKind.CLIP)
        return await self._change(before, "edit", principal, replace(before, case=case, stage=stage, note=note))

    async def ask_removal(self, before: Keeping, *, reason: str, principal: str) -> Keeping:
        """The first of two people. Raises NotFound, Conflict: it is on its way already; Invalid: without a reason."""
        if before.removal is not None:
            raise Conflict("Its removal was asked for already.", fix="Agree to it, or withdraw it.")
        removal = Removal(principal, self.now_utc_ns(), _require_note(reason, empty=False))
        return await self._change(before, "ask_removal", principal, replace(before, removal=removal))

    async def agree_removal(self, before: Keeping, *, principal: str) -> Keeping:
        """The second. Its footage is free seven days later. Raises NotFound, Conflict."""
        removal = before.removal
        if removal is None or removal.agreed_by:
            raise Conflict("There is no removal to agree to.", fix="Load it again.")
        if removal.asked_by == principal:
            raise Conflict("Who asked for it cannot agree to it.", fix="Somebody else has to look at it.")
        if self.now_utc_ns() < BORN_UTC_NS:
            words = "The server's clock is not set, so seven days cannot be counted."
            raise Conflict(words, fix="Have its clock set first.")
        agreed = replace(removal, agreed_by=principal, free_utc_ns=self.now_utc_ns() + REMORSE_NS)
        return await self._change(before, "agree_removal", principal, replace(before, removal=agreed))

    async def withdraw_removal(self, before: Keeping, *, principal: str) -> Keeping:
        """Keep it after all: by anybody who may, until its footage is free. Raises NotFound, Conflict."""
        if before.removal is None:
            raise Conflict("There is no removal to withdraw.", fix="Load it again.")
        return await self._change(before, "withdraw_removal", principal, replace(before, removal=None))

    async def find(self, kind: KeepingKind, keeping_id: str) -> Keeping | None:
        query = select(kept).where(kept.c.id == keeping_id, kept.c.kind == kind.value)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else keeping_of(row)

    async def keeping(
        self, segment: SegmentFact, device: str, channel: str, *, released: bool = False
    ) -> list[Keeping]:
        """What keeps this segment now, oldest decision first: what pins one of its numbers. With `released`, what once
        did, too.
        """
        near = and_(
            kept.c.device == device,
            kept.c.channel == channel,
            kept.c.start_utc_ns < segment.end_utc_ns + NEAR_NS,
            kept.c.end_utc_ns > segment.start_utc_ns - NEAR_NS,
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(select(kept).where(near).order_by(kept.c.id))).all()
        now_ns = self.now_utc_ns()
        return [one for one in map(keeping_of, rows) if (released or one.stands(now_ns)) and _points_at(one, segment)]

    async def over(self, device: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> list[Keeping]:
        """What stands of a channel over an interval, in order of time; the latest `LANE_MAX` decisions where there are
        more."""
        columns, now_ns = kept.c, self.now_utc_ns()
        touching = and_(
            columns.device == device,
            columns.channel == channel,
            columns.start_utc_ns < end_utc_ns,
            columns.end_utc_ns > start_utc_ns,
            or_(columns.free_utc_ns.is_(None), columns.free_utc_ns > now_ns),
        )
        query = select(kept).where(touching).order_by(columns.id.desc()).limit(LANE_MAX)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return sorted(map(keeping_of, rows), key=lambda one: (one.passage.start_utc_ns, one.id))

    async def clips_by_stage(self, cases: Collection[str]) -> dict[str, dict[str, int]]:
        """How many clips stand for each stage of these cases; those without a stage under the empty one."""
        columns, now_ns = kept.c, self.now_utc_ns()
        standing = or_(columns.free_utc_ns.is_(None), columns.free_utc_ns > now_ns)
        query = (
            select(columns.case_id, columns.stage, func.count())
            .where(columns.kind == KeepingKind.CLIP.value, columns.case_id.in_(cases), standing)
            .group_by(columns.case_id, columns.stage)
        )
        found: dict[str, dict[str, int]] = {}
        async with self._database.read() as connection:
            for case, stage, count in await connection.execute(query):
                found.setdefault(case, {})[stage] = count
        return found

    async def page(self, wanted: KeptFilter, *, cursor: str | None = None, limit: int = 50) -> KeptPage:
        """Raises NotACursor."""
        clauses = _clauses(wanted)
        count = select(func.count()).select_from(kept).where(*clauses)
        if cursor is not None:
            if not (cursor.isascii() and cursor.isalnum() and len(cursor) <= 26):
                raise NotACursor
            clauses.append(kept.c.id < cursor)
        limit = max(1, min(limit, PAGE_MAX))
        async with self._database.read() as connection:
            total = await connection.scalar(count) or 0
            query = select(kept).where(*clauses).order_by(kept.c.id.desc()).limit(limit + 1)
            rows = (await connection.execute(query)).all()
        items = tuple(keeping_of(row) for row in rows[:limit])
        return KeptPage(items, items[-1].id if len(rows) > limit else None, total)

    async def _change(self, before: Keeping, act: str, principal: str, after: Keeping) -> Keeping:
        after = replace(after, version=before.version + 1)
        async with self._turn:
            present = await self.find(before.kind, before.id)
            if present is None:
                raise NotFound(f"There is no {before.kind} {before.id}.")
            if present.version != before.version:
                raise Conflict("Somebody changed it meanwhile.", fix="Load it again, look at it, repeat the change.")
            if after.free_utc_ns is None:
                await self._pin_before_written(before, after)
            try:
                await self._write(after, act, principal)
            except BaseException:
                self.pins.put(before)
                raise
            self.pins.put(after)
        return after

    async def _pin_before_written(self, before: Keeping, after: Keeping) -> None:
        """It is to keep its footage without an end: from now on, for the ledger may take its time. Raises Conflict."""
        async with self.pins.deciding:
            if not before.stands(self.now_utc_ns()):
                raise Conflict("Its footage is free and may be gone.", fix="Keep what is left of it anew.")
            self.pins.put(after)

    async def _write(self, keeping: Keeping, act: str, principal: str) -> None:
        async with self._database.write() as connection:
            await put_row(connection, keeping)
            await self._ledger.append(
                principal=principal,
                action=f"{keeping.kind}.{act}",
                subject=keeping.id,
                detail=keeping.detail(),
                connection=connection,
            )


def _points_at(keeping: Keeping, segment: SegmentFact) -> bool:
    return any(
        one.stream == segment.stream
        and one.first_sequence <= segment.last_sequence
        and one.last_sequence >= segment.first_sequence
        for one in keeping.passage.references
    )


def _require_note(note: str, *, empty: bool) -> str:
    text = note.strip()
    if len(text) > NOTE_MAX or not (text or empty):
        raise Invalid("It needs a reason.", field="note", fix=f"Say why, in at most {NOTE_MAX} characters.")
    return text


def _clauses(wanted: KeptFilter) -> list[ColumnElement[bool]]:
    columns = kept.c
    found = [columns.kind == wanted.kind.value]
    if wanted.device is not None:
        found.append(columns.device == wanted.device)
    if wanted.case is not None:
        found.append(columns.case_id == wanted.case)
    if wanted.from_utc_ns is not None:
        found.append(columns.end_utc_ns > wanted.from_utc_ns)
    if wanted.to_utc_ns is not None:
        found.append(columns.start_utc_ns < wanted.to_utc_ns)
    if wanted.standing_at is not None:
        found.append(or_(columns.free_utc_ns.is_(None), columns.free_utc_ns > wanted.standing_at))
    if wanted.within is not None:
        mine, units, registered = wanted.within.devices, wanted.within.units, wanted.within.registered
        gone = and_(columns.device.not_in(registered), columns.unit.in_(units))
        found.append(or_(columns.device.in_(mine), gone))
    return found

"""Originals as they are known: found, listed, decided about, and what of a channel's gaps they close.

Each change is the row, then the ledger entry with all of it, then the commit (decision 0009). Not here: how they come
(uploads), how they are looked at (looking), when they go (expiry).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from recorder.backfill.backfill import Backfill, BackfillState, MatchQuality, Placement
from recorder.backfill.errors import BackfillChanged, CannotBePlaced, UploadInvalid
from recorder.backfill.matching import Matching
from recorder.backfill.rows import backfill_of, put_row
from recorder.backfill.tables import backfills
from storage import Clock
from storage.database import Database
from storage.ledger import Ledger

LYING_MAX = 2_000  # originals in one interval that are told of: as many as a ribbon has runs
NOTE_MAX = 1_000


class Closing(NamedTuple):
    """A stretch of placed time that is there by an original."""

    backfill: str
    received_utc_ns: int
    quality: MatchQuality
    start_utc_ns: int
    end_utc_ns: int


@dataclass(frozen=True, slots=True)
class BackfillFilter:
    """All that are given must match. `devices`: those that somebody may know of."""

    device: str | None = None
    state: BackfillState | None = None
    from_utc_ns: int | None = None  # that end after this, in placed time
    to_utc_ns: int | None = None  # that begin before this
    devices: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class BackfillPage:
    """Newest first. `total` counts all that match, on whatever page."""

    items: tuple[Backfill, ...]
    next_cursor: str | None
    total: int


class Backfills:
    """`principal` is who the ledger says did it: `device:ID`, `user:NAME` or `system`."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, matching: Matching) -> None:
        self.received = asyncio.Event()  # there may be something to look at
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._matching = matching
        self._turn = asyncio.Lock()  # changes wait for each other

    async def find(self, backfill_id: str) -> Backfill | None:
        return await self._one(backfills.c.id == backfill_id)

    async def same_file(self, device: str, channel: str, sha256: str) -> Backfill | None:
        """The one of this channel with this digest whose file is kept."""
        there = (backfills.c.device == device, backfills.c.channel == channel, backfills.c.sha256 == sha256)
        return await self._one(*there, backfills.c.stands != BackfillState.EXPIRED.value)

    async def oldest_received(self) -> Backfill | None:
        return await self._one(backfills.c.stands == BackfillState.RECEIVED.value)

    async def page(self, wanted: BackfillFilter, *, cursor: str | None, limit: int) -> BackfillPage:
        """`cursor` is the id of the last one on the page before."""
        clauses = _clauses(wanted)
        rows = select(backfills).where(*clauses).order_by(backfills.c.id.desc()).limit(limit + 1)
        if cursor is not None:
            rows = rows.where(backfills.c.id < cursor)
        async with self._database.read() as connection:
            found = [backfill_of(row) for row in (await connection.execute(rows)).all()]
            counted = select(func.count()).select_from(backfills).where(*clauses)
            total = await connection.scalar(counted) or 0
        following = found[limit - 1].id if len(found) > limit else None
        return BackfillPage(tuple(found[:limit]), following, total)

    async def kept_bytes(self) -> int:
        """Of all files that are kept."""
        there = backfills.c.stands != BackfillState.EXPIRED.value
        async with self._database.read() as connection:
            return await connection.scalar(select(func.coalesce(func.sum(backfills.c.size_bytes), 0)).where(there)) or 0

    async def lying(self, device: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> list[Closing]:
        """What originals there are of a channel over an interval, in order of placed time."""
        here = (backfills.c.device == device, backfills.c.channel == channel)
        query = (
            select(backfills)
            .where(*here, backfills.c.stands == BackfillState.PLACED.value)
            .where(backfills.c.start_utc_ns < end_utc_ns, backfills.c.end_utc_ns > start_utc_ns)
            .order_by(backfills.c.start_utc_ns)
            .limit(LYING_MAX)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found = []
        for one in map(backfill_of, rows):
            if one.placement is None:
                continue
            quality = one.placement.quality
            for span in one.placement.coverage:
                start, end = max(span.start_ns, start_utc_ns), min(span.end_ns, end_utc_ns)
                if start < end:
                    found.append(Closing(one.id, one.received_utc_ns, quality, start, end))
        return sorted(found, key=lambda closing: closing.start_utc_ns)

    async def too_old(self, before_utc_ns: int, after: str, limit: int) -> list[Backfill]:
        """Those whose end, or receipt where they have no place, was before this; in order of their ids."""
        age = func.coalesce(backfills.c.end_utc_ns, backfills.c.received_utc_ns)
        query = select(backfills).where(age < before_utc_ns, backfills.c.id > after)
        query = query.where(backfills.c.stands != BackfillState.EXPIRED.value).order_by(backfills.c.id).limit(limit)
        async with self._database.read() as connection:
            return [backfill_of(row) for row in (await connection.execute(query)).all()]

    async def states(self) -> dict[str, tuple[BackfillState, str]]:
        """Of each id its state and path: for starts and checks."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(backfills))).all()
        return {one.id: (one.state, one.path) for one in map(backfill_of, rows)}

    # changes

    async def receive(self, backfill: Backfill, *, act: str = "receive", principal: str | None = None) -> Backfill:
        """A whole file is kept: make it known. One that is known stays as it is."""
        async with self._turn:
            known = await self.find(backfill.id)
            if known is not None:
                return known
            await self._write(backfill, act, backfill.sent_by if principal is None else principal)
        self.received.set()
        return backfill

    async def matched(self, before: Backfill, after: Backfill) -> None:
        """What was found out about it; nothing where it changed meanwhile."""
        async with self._turn:
            now = await self.find(before.id)
            if now == before:
                await self._write(replace(after, version=before.version + 1), "match", "system")

    async def place(self, before: Backfill, *, start_utc_ns: int, note: str, principal: str) -> Backfill:
        """A person says when it begins.

        Raises:
            UploadInvalid: a time or reason that cannot be.
            CannotBePlaced, BackfillChanged: as it is now.
        """
        note = _require_note(note)
        if not 0 < start_utc_ns <= self._clock.utc_ns():
            words = "The original cannot begin then."
            raise UploadInvalid(words, field="start", fix="Give a moment that has passed.")
        if before.story is None or before.state is BackfillState.EXPIRED:
            raise CannotBePlaced("Its pictures are not known.", fix="It can only be rejected.")
        placement = await self._matching.by_hand(before, before.story, start_utc_ns)
        return await self._decide(before, BackfillState.PLACED, placement, note, principal, "place")

    async def reject(self, before: Backfill, *, note: str, principal: str) -> Backfill:
        """A person says that it closes nothing. The file stays as long as any of its age.

        Raises:
            UploadInvalid: a reason that cannot be.
            BackfillChanged: it is not what the person saw.
        """
        note = _require_note(note)
        if before.state in (BackfillState.EXPIRED, BackfillState.RECEIVED):
            raise CannotBePlaced("It is not to be decided about now.", fix="Look at the list again.")
        return await self._decide(before, BackfillState.REJECTED, before.placement, note, principal, "reject")

    async def expire(self, before: Backfill) -> None:
        """Its time is over: from now on its file may be deleted. Raises BackfillChanged."""
        await self._decide(before, BackfillState.EXPIRED, before.placement, before.words, "system", "expire")

    async def _decide(
        self,
        before: Backfill,
        state: BackfillState,
        placement: Placement | None,
        words: str,
        principal: str,
        act: str,
    ) -> Backfill:
        after = replace(
            before,
            state=state,
            placement=placement,
            words=words,
            decided_by=principal,
            version=before.version + 1,
        )
        async with self._turn:
            if await self.find(before.id) != before:
                raise BackfillChanged("It was changed meanwhile.", fix="Read it again.")
            await self._write(after, act, principal)
        return after

    async def _write(self, backfill: Backfill, act: str, principal: str) -> None:
        async with self._database.write() as connection:
            await put_row(connection, backfill)
            await self._ledger.append(
                principal=principal,
                action=f"backfill.{act}",
                subject=backfill.id,
                detail=backfill.detail(),
                connection=connection,
            )

    async def _one(self, *clauses: ColumnElement[bool]) -> Backfill | None:
        query = select(backfills).where(*clauses).order_by(backfills.c.id).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else backfill_of(row)


def closings_of(closings: Sequence[Closing], start_utc_ns: int, end_utc_ns: int) -> list[Closing]:
    """What of this interval originals close."""
    return [
        one._replace(start_utc_ns=max(one.start_utc_ns, start_utc_ns), end_utc_ns=min(one.end_utc_ns, end_utc_ns))
        for one in closings
        if one.start_utc_ns < end_utc_ns and one.end_utc_ns > start_utc_ns
    ]


def _require_note(note: str) -> str:
    text = note.strip()
    if not 0 < len(text) <= NOTE_MAX:
        raise UploadInvalid("It needs a reason.", field="note", fix=f"Say why, in at most {NOTE_MAX} characters.")
    return text


def _clauses(wanted: BackfillFilter) -> list[ColumnElement[bool]]:
    columns = backfills.c
    found: list[ColumnElement[bool]] = []
    if wanted.device is not None:
        found.append(columns.device == wanted.device)
    if wanted.state is not None:
        found.append(columns.stands == wanted.state.value)
    if wanted.from_utc_ns is not None:
        found.append(or_(columns.end_utc_ns.is_(None), columns.end_utc_ns > wanted.from_utc_ns))
    if wanted.to_utc_ns is not None:
        found.append(or_(columns.start_utc_ns.is_(None), columns.start_utc_ns < wanted.to_utc_ns))
    if wanted.devices is not None:
        found.append(columns.device.in_(wanted.devices))
    return found

"""What was deleted, by which rule, and the entry of the ledger that certifies it.

A row is written in the transaction of the deletion itself, so nothing goes without; entries follow when the ledger
takes them, for a full disk must be able to make room while the ledger's own disk is full. A row goes when its entry is
durable. Killed in between, it is certified a second time, which harms nobody: an entry names its segments by a digest.

    deletion.footage   by the hour: of each channel and rule the interval, segments, bytes, their digests folded
    deletion.kept      at once: footage that a clip or hold kept before two people let it go; every segment by itself

`folded` is SHA-256 over id (26 letters) and digest (32 bytes) of each segment in order of ids. Both stand in the leaf
that the notary made when the segment ended, so whoever has leaves and heads can fold them again.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from recorder.retention.tables import retention_deletions
from recorder.stored import StoredSegment
from storage import Clock, iso_from_ns
from storage.database import Database
from storage.ledger import JsonValue, Ledger

FOOTAGE = "deletion.footage"
KEPT = "deletion.kept"
GROUPS_AN_ENTRY = 150  # of 350 bytes at most: a line of the ledger takes 64 KiB
SEGMENTS_AN_ENTRY = 400  # of 130 bytes, for the same reason
HOUR_NS = 3_600_000_000_000
ROWS_AT_ONCE = 20_000  # an hour of 200 streams is 2,400; a disk that ran full at once more


class Rule(StrEnum):
    AGE = "age"  # its policy's time was over
    SIZE = "size"  # the archive may take so much and no more
    SPACE = "space"  # the disk ran short


@dataclass(frozen=True, slots=True)
class Deletion:
    """`keeping` is the clip or hold that kept it once; empty: none did."""

    segment: StoredSegment
    unit: str
    rule: Rule
    keeping: str = ""


async def record_deletions(connection: AsyncConnection, gone: Sequence[Deletion], utc_ns: int) -> None:
    rows = [
        {
            "segment": one.segment.id,
            "stream": one.segment.stream,
            "device": one.segment.device,
            "channel": one.segment.channel,
            "unit": one.unit,
            "start_utc_ns": one.segment.start_utc_ns,
            "end_utc_ns": one.segment.end_utc_ns,
            "stored_bytes": one.segment.stored_bytes,
            "digest": one.segment.digest,
            "rule": one.rule.value,
            "keeping": one.keeping,
            "deleted_utc_ns": utc_ns,
        }
        for one in gone
    ]
    await connection.execute(insert(retention_deletions).on_conflict_do_nothing(), rows)


class Certificates:
    """Has entries made of rows. Called by the ring, between its turns."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._certified_mono_ns: int | None = None

    async def certify(self, *, now: bool = False) -> None:
        """Footage that was kept once at once, the rest when an hour is over, or `now`.

        Raises:
            LedgerUnavailable, SQLAlchemyError: it is done with the next turn.
        """
        columns = retention_deletions.c
        due = now or self._hour_is_over()
        query = select(retention_deletions).order_by(columns.device, columns.channel, columns.rule, columns.segment)
        if not due:
            query = query.where(columns.keeping != "")
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(ROWS_AT_ONCE))).all()
        kept = sorted((row for row in rows if row.keeping), key=lambda row: (row.keeping, row.segment))
        for keeping, of_keeping in groupby(kept, key=lambda row: row.keeping):
            await self._certify_kept(keeping, list(of_keeping))
        groups = [list(group) for _, group in groupby((row for row in rows if not row.keeping), key=_place)]
        for at in range(0, len(groups), GROUPS_AN_ENTRY):
            await self._certify_footage(groups[at : at + GROUPS_AN_ENTRY])
        if due and len(rows) < ROWS_AT_ONCE:
            self._certified_mono_ns = self._clock.mono_ns()

    def _hour_is_over(self) -> bool:
        mono_ns = self._clock.mono_ns()
        if self._certified_mono_ns is None:  # what a process before this one left waits no more than an hour either
            self._certified_mono_ns = mono_ns
        return mono_ns - self._certified_mono_ns >= HOUR_NS

    async def _certify_footage(self, groups: Sequence[Sequence[Row[tuple[object, ...]]]]) -> None:
        rows = [row for group in groups for row in group]
        detail: dict[str, JsonValue] = {
            "segments": len(rows),
            "bytes": sum(row.stored_bytes for row in rows),
            "footage": [_told(group) for group in groups],
        }
        await self._certify(FOOTAGE, "", detail, rows)

    async def _certify_kept(self, keeping: str, rows: Sequence[Row[tuple[object, ...]]]) -> None:
        for at in range(0, len(rows), SEGMENTS_AN_ENTRY):
            some = rows[at : at + SEGMENTS_AN_ENTRY]
            detail: dict[str, JsonValue] = {
                **_told(some),
                "each": [[row.segment, row.digest.hex()] for row in some],
            }
            await self._certify(KEPT, keeping, detail, some)

    async def _certify(
        self, action: str, subject: str, detail: dict[str, JsonValue], rows: Sequence[Row[tuple[object, ...]]]
    ) -> None:
        ids = [row.segment for row in rows]
        async with self._database.write() as connection:
            for at in range(0, len(ids), 500):
                gone = delete(retention_deletions).where(retention_deletions.c.segment.in_(ids[at : at + 500]))
                await connection.execute(gone)
            await self._ledger.append(
                principal="system", action=action, subject=subject, detail=detail, connection=connection
            )


def fold(segments: Iterable[tuple[str, bytes]]) -> str:
    """Of ids and digests, in order of the ids."""
    digest = hashlib.sha256()
    for segment, chain in segments:
        digest.update(segment.encode())
        digest.update(chain)
    return digest.hexdigest()


def _place(row: Row[tuple[object, ...]]) -> tuple[str, str, str, str]:
    return row.device, row.channel, row.rule, row.unit


def _told(group: Sequence[Row[tuple[object, ...]]]) -> dict[str, JsonValue]:
    first = group[0]
    ordered = sorted((row.segment, row.digest) for row in group)
    return {
        "device": first.device,
        "channel": first.channel,
        "unit": first.unit,
        "rule": first.rule,
        "from": iso_from_ns(min(row.start_utc_ns for row in group)),
        "to": iso_from_ns(max(row.end_utc_ns for row in group)),
        "seconds": sum(row.end_utc_ns - row.start_utc_ns for row in group) // 1_000_000_000,
        "segments": len(group),
        "bytes": sum(row.stored_bytes for row in group),
        "folded": fold(ordered),
    }

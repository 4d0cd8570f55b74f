"""Policies: read, and decided. A change is the row, then the ledger entry with all of it, then the commit.

It counts in memory before it is written: with what held before it beside it for seven days, it keeps no less. Not here:
who may decide (viewer.access), what a policy does to footage (rules).
"""

import asyncio
import json
from collections.abc import Sequence

from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry import Conflict, Invalid
from recorder.retention.book import PolicyBook
from recorder.retention.policy import (
    FOR_EVER,
    REMORSE_NS,
    TAGGED_YEARS_MAX,
    UNTAGGED_DAYS_MAX,
    UNTAGGED_DAYS_MIN,
    Earlier,
    Policy,
    Tagged,
)
from recorder.retention.tables import retention_policies
from storage import BORN_UTC_NS, Clock
from storage.database import Database
from storage.ledger import Entry, Ledger

SET = "retention.set"
NOTE_MAX = 1_000
HISTORY_MAX = 200


class Policies:
    """`principal` is who the ledger says did it."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, book: PolicyBook) -> None:
        self.book = book
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._turn = asyncio.Lock()

    def find(self, unit: str) -> Policy | None:
        return self.book.find(unit)

    def drafted(self, unit: str, untagged_days: int | None, tagged: Tagged, note: str, principal: str) -> Policy:
        """What it would be, nowhere written. Raises Invalid."""
        _require(untagged_days, tagged)
        text = note.strip()
        if not 0 < len(text) <= NOTE_MAX:
            words = f"Say why, in at most {NOTE_MAX} characters."
            raise Invalid("It needs a reason.", field="note", fix=words)
        now_ns, before = self._clock.utc_ns(), self.book.find(unit)
        return Policy(
            unit=unit,
            untagged_days=untagged_days,
            tagged=tagged,
            note=text,
            changed_by=principal,
            changed_utc_ns=now_ns,
            version=1 if before is None else before.version + 1,
            earlier=Earlier(self.book.untagged_ns(unit, now_ns), self.book.tagged(unit, now_ns), now_ns + REMORSE_NS),
        )

    async def decide(
        self, unit: str, *, untagged_days: int | None, tagged: Tagged, note: str, version: int, principal: str
    ) -> Policy:
        """`version` is that of the policy that was read, 0 where there was none.

        Raises:
            Invalid: a value that cannot be.
            Conflict: it is no longer of that version.
            LedgerUnavailable: nothing has changed.
        """
        async with self._turn:
            if self._clock.utc_ns() < BORN_UTC_NS:
                words = "The server's clock is not set, so seven days cannot be counted."
                raise Conflict(words, fix="Have its clock set first.")
            before = self.book.find(unit)
            if (0 if before is None else before.version) != version:
                raise Conflict("Somebody changed it meanwhile.", fix="Load it again, look at it, repeat the change.")
            after = self.drafted(unit, untagged_days, tagged, note, principal)
            self.book.put(after)  # with what held before it beside it: it keeps no less
            try:
                async with self._database.write() as connection:
                    await put_row(connection, after)
                    await self._ledger.append(
                        principal=principal, action=SET, subject=unit, detail=after.detail(), connection=connection
                    )
            except BaseException:
                if before is None:
                    self.book.drop(unit)
                else:
                    self.book.put(before)
                raise
        return after

    async def history(self, unit: str) -> Sequence[Entry]:
        """Newest first."""
        return (await self._ledger.query(action=SET, subject=unit, limit=HISTORY_MAX)).items


async def put_row(connection: AsyncConnection, policy: Policy) -> None:
    state = json.dumps(policy.detail(), ensure_ascii=False)
    statement = insert(retention_policies).values(unit=policy.unit, state=state)
    await connection.execute(statement.on_conflict_do_update(index_elements=["unit"], set_={"state": state}))


def _require(untagged_days: int | None, tagged: Tagged) -> None:
    if untagged_days is not None and not UNTAGGED_DAYS_MIN <= untagged_days <= UNTAGGED_DAYS_MAX:
        fix = f"Give {UNTAGGED_DAYS_MIN} to {UNTAGGED_DAYS_MAX} days, or none: as the unit above."
        raise Invalid("This period cannot be.", field="untagged_days", fix=fix)
    if tagged not in (None, FOR_EVER) and not 1 <= int(tagged) <= TAGGED_YEARS_MAX:
        fix = f"Give 1 to {TAGGED_YEARS_MAX} years, or for_ever, or none: as the unit above."
        raise Invalid("This period cannot be.", field="tagged", fix=fix)

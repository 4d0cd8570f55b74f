"""Taking a right away works at once, also while the ledger cannot be written; its entry is owed, and comes later.

Everything else waits for the ledger and does not happen without it (I10). Logging out, ending a session
and disabling an account are the other way round: a full audit disk must keep nobody logged in. The entry
then stands in the database, in the transaction of the act, until the ledger takes it; while the database
refuses as well, in memory and in the program's log. It carries `owed_since`: its place in the chain is when
it was written, not when it happened.

Not here: which acts take a right away (login, accounts).
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

import structlog
from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import Clock, iso_from_ns
from storage.database import Database
from storage.ledger import JsonValue, Ledger, LedgerUnavailable
from viewer.access.tables import owed_entries

RETRY_S = 5.0
HELD_MAX = 10_000  # in memory: the sessions of some hundred people, ended while neither ledger nor database writes

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, as the ledger will know it."""

    principal: str
    action: str
    subject: str = ""
    detail: Mapping[str, JsonValue] = field(default_factory=dict)


class OwedEntries:
    """`run` is one task of access."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self.waiting = 0  # as last counted
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._held: deque[tuple[int, Act]] = deque(maxlen=HELD_MAX)
        self._owing = asyncio.Event()
        self._owing.set()  # what the last run left

    async def take_away(self, act: Act, change: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Do the change in a transaction with its entry, or with the note that the entry is owed.

        Raises:
            SQLAlchemyError: the database refuses, so the change will not outlive this process. What the
                caller did in memory stands, and its entry is owed.
            AccessError: as `change` raises it; nothing was done.
        """
        try:
            async with self._database.write() as connection:
                await change(connection)
                await self._record(connection, act)
        except SQLAlchemyError as error:
            self._held.append((self._clock.utc_ns(), act))
            _say_owed(act, error)
            raise
        finally:
            self._owing.set()  # not before the commit: a row that cannot be seen yet would be forgotten

    async def run(self) -> None:
        """Pay until cancelled."""
        while True:
            await self._owing.wait()
            self._owing.clear()
            try:
                await self._pay()
            except (LedgerUnavailable, SQLAlchemyError) as error:
                log.warning("ledger entries are owed", waiting=self.waiting + len(self._held), reason=str(error))
            if self.waiting or self._held:
                await asyncio.sleep(RETRY_S)
                self._owing.set()

    async def _record(self, connection: AsyncConnection, act: Act) -> None:
        """The last step before the commit."""
        try:
            await self._append(act, connection)
        except LedgerUnavailable as error:
            row = {**asdict(act), "detail": json.dumps(dict(act.detail)), "utc_ns": self._clock.utc_ns()}
            await connection.execute(insert(owed_entries).values(**row))
            _say_owed(act, error)

    async def _pay(self) -> None:
        """The oldest first. Each leaves with its entry, in one transaction."""
        while self._held:
            utc_ns, act = self._held[0]
            await self._append(_late(act, utc_ns))
            self._held.popleft()
        while (row := await self._oldest()) is not None:
            act = Act(row.principal, row.action, row.subject, json.loads(row.detail))
            async with self._database.write() as connection:
                await connection.execute(delete(owed_entries).where(owed_entries.c.id == row.id))
                await self._append(_late(act, row.utc_ns), connection)

    async def _append(self, act: Act, connection: AsyncConnection | None = None) -> None:
        await self._ledger.append(
            principal=act.principal, action=act.action, subject=act.subject, detail=act.detail, connection=connection
        )

    async def _oldest(self) -> Row[tuple[object, ...]] | None:
        async with self._database.read() as connection:
            self.waiting = (await connection.execute(select(func.count()).select_from(owed_entries))).scalar_one()
            return (await connection.execute(select(owed_entries).order_by(owed_entries.c.id).limit(1))).one_or_none()


def _say_owed(act: Act, error: Exception) -> None:
    log.error("a right was taken away, its ledger entry is owed", **asdict(act), reason=str(error))


def _late(act: Act, utc_ns: int) -> Act:
    return replace(act, detail={**act.detail, "owed_since": iso_from_ns(utc_ns)})

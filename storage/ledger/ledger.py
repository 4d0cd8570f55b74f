"""The ledger as the rooms see it: append, query, verify.

It joins the files (the truth) with their projection (for queries). What should not be here: the
format of a line (entry.py), the handling of files (files.py), statements (projection.py).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.clock import Clock
from storage.database import Database
from storage.ledger.entry import BrokenLineError, Draft, Entry, JsonValue, parse_line
from storage.ledger.files import CutTail, Disk, LedgerFiles, copy_files, read_lines
from storage.ledger.projection import LedgerFilter, LedgerPage, digests, extent, newest, page, project
from storage.ledger.proof import BrokenEntry, ChainWalk, LedgerReport
from storage.ledger.writer import LedgerWriter

# Rows written with one transaction when many are missing.
_BATCH = 1000

# Entries kept in memory while the database cannot take them; beyond this they are read from the
# files again once it can.
_UNPROJECTED_MAX = 10_000

_RETRY_S = 5.0  # a database that failed is asked again after this
_QUERY_WAIT_S = 2.0  # a query waits this long for the newest entries to have rows
_STOP_S = 5.0  # and the end of the program this long

_PRINCIPAL = "system"  # of entries about the ledger itself

log: structlog.stdlib.BoundLogger = structlog.get_logger("storage.ledger")


@dataclass(frozen=True, slots=True)
class LedgerStatistics:
    """A snapshot for metrics and the system page."""

    entries: int
    unprojected: int
    failures: int  # writes that could not be made durable, since start
    last_failure: str | None


class Ledger:
    """Append-only and chained.

    >>> async with Ledger.open(data_dir / "ledger", database, clock) as ledger:
    ...     await ledger.append(principal="user:li.wei", action="live.open", subject="dev1", detail={"purpose": "duty"})
    """

    def __init__(self, directory: Path, database: Database, clock: Clock, files: LedgerFiles) -> None:
        """Use `open`."""
        self._directory = directory
        self._database = database
        self._clock = clock
        self._files = files
        self._writer = LedgerWriter(files, self._remember)
        self._unprojected: dict[int, Entry] = {}
        self._overflowed = False  # some entries without rows are in the files only
        self._behind = asyncio.Event()
        self._caught_up = asyncio.Event()
        self._caught_up.set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, directory: Path, database: Database, clock: Clock, *, disk: Disk | None = None
    ) -> AsyncIterator["Ledger"]:
        """Find the end of the chain, repair it if a crash tore it, and replay rows that are missing.

        A repair, or entries that the database knows and the files do not, is logged and becomes an
        entry itself; a broken chain does not keep the ledger from going on (`verify` names it).

        Raises:
            OSError: the files cannot be read or written at all.
        """
        files = LedgerFiles(directory, disk=disk)
        ledger = cls(directory, database, clock, files)
        failure: BaseException | None = None
        try:
            cut = await asyncio.to_thread(files.open)
            lost = await ledger._catch_up()
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(ledger._writer.run(), name="ledger writer")
                projector = tasks.create_task(ledger._project_for_ever(), name="ledger projector")
                try:
                    await ledger._report(cut, lost)
                    yield ledger
                except BaseException as error:  # noqa: BLE001 - raised again below
                    failure = error  # the caller's own: it leaves as it came, not inside a group
                ledger._writer.stop()
                await writer
                await ledger._wait_caught_up(_STOP_S)
                projector.cancel()
            if failure is not None:
                raise failure
        finally:
            await ledger._writer.close()

    async def append(
        self,
        *,
        principal: str,
        action: str,
        subject: str = "",
        detail: Mapping[str, JsonValue] | None = None,
        connection: AsyncConnection | None = None,
    ) -> Entry:
        """Record what is about to happen; durable when this returns.

        With `connection` (an open `Database.write()`) the entry's row joins that transaction; make it
        the last step before the commit, so that nothing is written after it was recorded. A commit
        that fails then leaves an entry of an act that had no effect, never an act without entry
        (docs/decisions/0009).

        Raises:
            LedgerUnavailable: it cannot be made durable; do not do what it would have recorded.
            ValueError: the detail is no JSON or too long.
        """
        draft = Draft(self._clock.utc_ns(), principal, action, subject, detail or {})
        entry = await self._writer.append(draft)
        if connection is not None:
            await project(connection, [entry])
        return entry

    async def query(
        self,
        *,
        principal: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since_utc_ns: int | None = None,
        until_utc_ns: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> LedgerPage:
        """Entries newest first; all filters given must match, `action="device."` takes a whole noun.

        Raises:
            ValueError: `cursor` is none that a page gave.
        """
        await self._wait_caught_up(_QUERY_WAIT_S)
        wanted = LedgerFilter(principal, action, subject, since_utc_ns, until_utc_ns)
        async with self._database.read() as connection:
            return await page(connection, wanted, cursor, limit)

    async def newest(self, action: str, before_n: int, limit: int, *, after_n: int = 0) -> list[Entry]:
        """Entries between these numbers, both excluded, newest first; `action` as in a query."""
        await self._wait_caught_up(_QUERY_WAIT_S)
        async with self._database.read() as connection:
            return await newest(connection, LedgerFilter(action=action), before_n, limit, after_n)

    async def verify(self) -> LedgerReport:
        """Prove every entry up to now, and that no row of the database says otherwise."""
        await self._wait_caught_up(_QUERY_WAIT_S)
        walk = ChainWalk(self._directory, self._files.head_n)
        entries, unprojected = iter(walk), 0
        while batch := await asyncio.to_thread(lambda: list(islice(entries, _BATCH))):
            async with self._database.read() as connection:
                known = await digests(connection, batch[0].n, batch[-1].n)
            for entry in batch:
                if entry.n not in known:
                    unprojected += 1
                elif known[entry.n] != entry.digest:
                    broken = BrokenEntry(entry.n, "", 0, "the database knows it with another digest")
                    return LedgerReport(entry.n - 1, broken, unprojected)
        return LedgerReport(walk.entries, walk.broken, unprojected)

    async def copy_to(self, folder: Path) -> int:
        """Copy the files up to the newest durable entry into a new folder; the number of that entry."""
        last_n = self._files.head_n
        await asyncio.to_thread(copy_files, self._directory, folder, last_n)
        return last_n

    def statistics(self) -> LedgerStatistics:
        return LedgerStatistics(
            self._files.head_n, len(self._unprojected), self._writer.failures, self._writer.last_failure
        )

    async def _report(self, cut: CutTail | None, lost: tuple[int, int] | None) -> None:
        """What was found at start becomes entries: nothing is repaired silently."""
        if cut is not None:
            found: dict[str, JsonValue] = {
                "file": cut.file,
                "offset": cut.offset,
                "bytes": cut.size_bytes,
                "kept_in": cut.kept_in,
            }
            log.warning("ledger_repaired", **found)
            await self.append(principal=_PRINCIPAL, action="ledger.repair", detail=found)
        if lost is not None:
            missing: dict[str, JsonValue] = {"first_missing": lost[0], "last_missing": lost[1]}
            log.error("ledger_entries_missing", **missing)
            await self.append(principal=_PRINCIPAL, action="ledger.missing", detail=missing)

    async def _catch_up(self) -> tuple[int, int] | None:
        """Replay rows that are missing. Returns the entries that only the database knows, if any."""
        async with self._database.read() as connection:
            count, highest = await extent(connection)
        head = self._files.head_n
        if count < head or highest < head:
            await self._replay(highest + 1 if count == highest else 1)
        if highest <= head:
            return None
        self._files.skip_to(highest)
        return head + 1, highest

    async def _replay(self, from_n: int) -> None:
        lines = read_lines(self._directory, from_n)
        while batch := await asyncio.to_thread(lambda: list(islice(lines, _BATCH))):
            entries = []
            for line in batch:
                try:
                    entries.append(parse_line(line.data)[0])
                except BrokenLineError:
                    continue  # `verify` names it; the rows of the others are wanted all the same
            async with self._database.write() as connection:
                await project(connection, entries)

    def _remember(self, entry: Entry) -> None:
        """Have the projector see to the entry's row.

        Also when the row joined a transaction: if that is rolled back, the entry stands all the
        same and needs its row. The projector's turn comes after that transaction, whatever its end.
        """
        if len(self._unprojected) < _UNPROJECTED_MAX:
            self._unprojected[entry.n] = entry
        else:
            self._overflowed = True
        self._caught_up.clear()
        self._behind.set()

    async def _project_for_ever(self) -> None:
        while True:
            await self._behind.wait()
            self._behind.clear()
            try:
                await self._project_remembered()
            except SQLAlchemyError as error:
                log.error("ledger_projection_failed", reason=str(error), entries=len(self._unprojected))
                self._behind.set()
                await asyncio.sleep(_RETRY_S)

    async def _project_remembered(self) -> None:
        async with self._database.write() as connection:
            batch = list(self._unprojected.values())
            await project(connection, batch)
        for entry in batch:
            del self._unprojected[entry.n]
        if self._overflowed:
            self._overflowed = False
            await self._catch_up()
        if not self._unprojected:
            self._caught_up.set()

    async def _wait_caught_up(self, deadline_s: float) -> None:
        try:
            async with asyncio.timeout(deadline_s):
                await self._caught_up.wait()
        except TimeoutError:
            log.warning("ledger_projection_behind", entries=len(self._unprojected))

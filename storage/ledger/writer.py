"""Group commit: all entries that arrive while the disk syncs are written and synced together.

One thread does the writing. What should not be here: the database.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from storage.ledger.entry import Draft, Entry, seal
from storage.ledger.files import LedgerFiles

# Entries written with one sync. More would not be faster, and one failed write fails them all.
BATCH_MAX = 256

# Entries that may wait. Two hundred viewers leaving at once are two hundred; beyond this the disk
# stands still, and to wait longer would only hide it.
PENDING_MAX = 4096

# How long an entry may wait for the disk (acceptance.md F26 delays a sync by 5 s).
APPEND_DEADLINE_S = 20.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("storage.ledger")


class LedgerUnavailable(Exception):
    """The entry could not be made durable. What it would have recorded must not happen (I10)."""


class LedgerWriter:
    """Puts drafts into the chain in the order they come."""

    def __init__(self, files: LedgerFiles, on_durable: Callable[[Entry], None]) -> None:
        """`on_durable` hears of every entry that is on disk, also when nobody waits for it any more."""
        self._files = files
        self._on_durable = on_durable
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._pending: deque[tuple[Draft, asyncio.Future[Entry]]] = deque()
        self._work = asyncio.Event()
        self._stopping = False
        self.failures = 0
        self.last_failure: str | None = None

    async def append(self, draft: Draft) -> Entry:
        """Wait until the draft is an entry on disk.

        Raises:
            LedgerUnavailable: it is not, and the reason.
        """
        if self._stopping:
            raise LedgerUnavailable("the ledger is closed")
        if len(self._pending) >= PENDING_MAX:
            raise LedgerUnavailable("the ledger's disk does not keep up")
        done: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._pending.append((draft, done))
        self._work.set()
        try:
            async with asyncio.timeout(APPEND_DEADLINE_S):
                return await done
        except TimeoutError:
            raise LedgerUnavailable(f"the ledger's disk did not answer within {APPEND_DEADLINE_S:.0f} s") from None

    async def run(self) -> None:
        """Write until stopped and nothing is pending."""
        while self._pending or not self._stopping:
            if not self._pending:
                self._work.clear()
                await self._work.wait()
                continue
            batch = [self._pending.popleft() for _ in range(min(len(self._pending), BATCH_MAX))]
            await self._commit([(draft, done) for draft, done in batch if not done.done()])

    def stop(self) -> None:
        self._stopping = True
        self._work.set()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._files.close)
        self._thread.shutdown()

    async def _commit(self, batch: list[tuple[Draft, asyncio.Future[Entry]]]) -> None:
        if not batch:
            return
        n, digest = self._files.head_n, self._files.head_digest
        entries, lines = list[Entry](), list[bytes]()
        for draft, _ in batch:
            entry, line = seal(draft, n + 1, digest)
            n, digest = entry.n, entry.digest
            entries.append(entry)
            lines.append(line)
        failure: LedgerUnavailable | None = None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._files.append, lines, entries[-1])
        except OSError as error:
            failure = LedgerUnavailable(f"the ledger cannot be written: {error.strerror or error}")
            self.failures += 1
            self.last_failure = str(failure)
            log.error("ledger_unavailable", reason=str(failure), entries=len(batch))
        for (_, done), entry in zip(batch, entries, strict=True):
            if failure is None:
                self._on_durable(entry)
            if done.done():
                continue  # whoever asked has gone; the entry is in the ledger all the same
            if failure is None:
                done.set_result(entry)
            else:
                done.set_exception(failure)

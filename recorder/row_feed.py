"""Rows follow the bytes: sealed segments wait here for the database, and the archive never does.

A segment stays linked in the store's `open` folder until its row is written, so one that was
dropped here because too many waited, or because the server died, is found again.

Not here: statements (index), threads that write (scribe).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from recorder.index import Index
from storage import SealedSegment, SegmentStore, SegmentUnreadableError, read_sealed

WAITING_MAX = 20_000  # 200 channels for 8 h 20 min; 40 MB
BATCH = 100  # a transaction of some 20 ms
RETRY_FIRST_S = 0.5
RETRY_LAST_S = 10.0  # back ends are in use again within 15 s after a fault (I6)

log = structlog.get_logger()


class RowFeed:
    """`put` is for any thread, the rest for the loop in which it was made."""

    def __init__(self, index: Index, store: SegmentStore, in_flight: Callable[[], set[str]]) -> None:
        self.failures = 0
        self._index = index
        self._store = store
        self._in_flight = in_flight
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[SealedSegment] = deque()
        self._dropped = False
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting(self) -> list[SealedSegment]:
        """Durable, but without rows yet."""
        return list(self._waiting)

    def put(self, segment: SealedSegment) -> None:
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(segment)
        else:
            self._dropped = True
        self._loop.call_soon_threadsafe(self._wake)

    async def run(self) -> None:
        """Write rows for as long as the server runs."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self._write_all()
            while self._dropped:
                self._dropped = False
                await self._find_dropped()
                await self._write_all()
            if not self._arrived.is_set():
                self._idle.set()

    async def drained(self) -> None:
        """Until everything put so far has its rows."""
        await self._idle.wait()

    def _wake(self) -> None:
        self._idle.clear()
        self._arrived.set()

    async def _write_all(self) -> None:
        retry_s = RETRY_FIRST_S
        while self._waiting:
            batch = [self._waiting[n] for n in range(min(BATCH, len(self._waiting)))]
            try:
                await self._index.add(batch)
            except SQLAlchemyError as error:
                self.failures += 1
                words = str(error.__cause__ or error)
                log.warning("rows wait for the database", waiting=len(self._waiting), error=words)
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, RETRY_LAST_S)
                continue
            retry_s = RETRY_FIRST_S
            await asyncio.to_thread(self._settle, batch)
            for _ in batch:
                self._waiting.popleft()

    def _settle(self, batch: list[SealedSegment]) -> None:
        for segment in batch:
            self._store.settle(segment.header.segment)

    async def _find_dropped(self) -> None:
        found = await asyncio.to_thread(self._sealed_without_row)
        self._waiting.extend(found)
        self._dropped = self._dropped or len(found) == WAITING_MAX  # there may be more than had room

    def _sealed_without_row(self) -> list[SealedSegment]:
        known = self._in_flight() | {segment.header.segment for segment in list(self._waiting)}
        found: list[SealedSegment] = []
        for path in self._store.unsettled():
            if path.stem not in known and len(found) < WAITING_MAX and (segment := _read(path)) is not None:
                found.append(segment)
        return found


def _read(path: Path) -> SealedSegment | None:
    try:
        return read_sealed(path)
    except (SegmentUnreadableError, OSError):
        return None  # for the recovery at the next start, and for `store check` before

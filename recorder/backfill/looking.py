"""What was received is looked at, one file after the other: opened by a worker, placed, compared, written down.

Not here: how a place is found (matching), which process opens a file (workers).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from recorder.backfill.backfill import Backfill, BackfillState
from recorder.backfill.backfills import Backfills
from recorder.backfill.matching import Matching
from storage.ledger import LedgerUnavailable
from workers import FileNotRead, FilePictures, read_file

RETRY_S = 10.0  # as rows are tried again

NO_PICTURES = "no_pictures"
FILE_MISSING = "file_missing"

ReadFile = Callable[[int], Awaitable[FilePictures]]

log = structlog.get_logger()


class Looking:
    def __init__(self, backfills: Backfills, matching: Matching, media: Path, read: ReadFile = read_file) -> None:
        self._backfills = backfills
        self._matching = matching
        self._media = media
        self._read = read

    async def run(self) -> None:
        """For as long as the server runs."""
        while True:
            self._backfills.received.clear()
            try:
                while (waiting := await self._backfills.oldest_received()) is not None:
                    await self._look_at(waiting)
            except (SQLAlchemyError, LedgerUnavailable, OSError) as error:
                log.warning("an original waits to be looked at", error=str(error))
                await asyncio.sleep(RETRY_S)
                continue
            await self._backfills.received.wait()

    async def _look_at(self, waiting: Backfill) -> None:
        after = await self._found_out(waiting)
        await self._backfills.matched(waiting, after)
        log.info("an original was looked at", backfill=waiting.id, device=waiting.device, state=after.state.value)

    async def _found_out(self, waiting: Backfill) -> Backfill:
        try:
            descriptor = await asyncio.to_thread(os.open, self._media / waiting.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return replace(waiting, state=BackfillState.UNREADABLE, words=FILE_MISSING)
        try:
            file = await self._read(descriptor)
        except FileNotRead as error:
            if error.died:
                log.error("three workers died on an original", backfill=waiting.id, last_words=str(error))
            return replace(waiting, state=BackfillState.UNREADABLE, words=str(error))
        finally:
            os.close(descriptor)
        if not len(file):
            return replace(waiting, state=BackfillState.UNREADABLE, words=NO_PICTURES)
        match = await self._matching.match(waiting, file)
        state = BackfillState.UNPLACED if match.placement is None else BackfillState.PLACED
        return replace(waiting, state=state, words=match.why_not, story=match.story, placement=match.placement)

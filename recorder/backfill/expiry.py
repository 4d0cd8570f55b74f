"""When originals go: not before footage of their age does by default, and never while anything keeps what they close.

An original goes when it is older than that, no live segment of its interval is left, and no clip or hold points at one
of the numbers there: those of segments, and those of the gaps that it closes. Row first, then the file; a start does
the rest.

Age is told as the ring tells it, by a clock that has to earn belief after it was ahead (retention.trusted_time).
"""

import asyncio
from collections.abc import Iterable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from recorder.backfill.backfill import Backfill
from recorder.backfill.backfills import Backfills
from recorder.backfill.errors import BackfillChanged
from recorder.backfill.matching import Recordings
from recorder.backfill.uploads import Uploads
from recorder.kept import Pins
from recorder.retention import Believed, TrustedTime
from storage import Clock, OriginalStore
from storage.ledger import LedgerUnavailable

TURN_S = 3_600.0  # ages are counted in days
BATCH = 100

log = structlog.get_logger()


class Expiry:
    def __init__(
        self,
        backfills: Backfills,
        uploads: Uploads,
        recordings: Recordings,
        store: OriginalStore,
        pins: Pins,
        clock: Clock,
        max_age_ns: int,
        believed: Believed | None = None,
    ) -> None:
        self._backfills = backfills
        self._uploads = uploads
        self._recordings = recordings
        self._store = store
        self._pins = pins
        self._time = TrustedTime(clock, believed)
        self._max_age_ns = max_age_ns

    async def run(self) -> None:
        """For as long as the server runs."""
        while True:
            try:
                await self._uploads.drop_expired()
                await self.turn()
            except (SQLAlchemyError, LedgerUnavailable, OSError) as error:
                log.warning("originals wait to go", error=str(error))
            await asyncio.sleep(TURN_S)

    async def turn(self) -> int:
        """How many went.

        Raises:
            SQLAlchemyError, LedgerUnavailable, OSError: the next turn goes on.
        """
        now_ns, after, gone = self._time.utc_ns(), "", 0
        while batch := await self._backfills.too_old(now_ns - self._max_age_ns, after, BATCH):
            for one in batch:
                after = one.id
                gone += await self._expire(one, now_ns)
        return gone

    async def _expire(self, one: Backfill, now_ns: int) -> bool:
        async with self._pins.deciding:
            if await self._is_needed(one, now_ns):
                return False
            try:
                await self._backfills.expire(one)
            except BackfillChanged:
                return False
        await asyncio.to_thread(self._store.remove, one.path)
        log.info("an original went", backfill=one.id, device=one.device)
        return True

    async def _is_needed(self, one: Backfill, now_ns: int) -> bool:
        placement = one.placement
        if placement is None:
            return False
        numbers = [(each.stream, each.first_sequence, each.last_sequence) for each in placement.references]
        start, end = placement.start_utc_ns, placement.end_utc_ns
        footage = await self._recordings(one.device, one.channel, start, end)
        if any(not segment.missing for segment in footage.segments):
            return True
        # The gap between two streams has number 0 of the later one: what keeps footage on its far side keeps it, too.
        numbers += [(gap.stream, gap.sequence, gap.sequence + max(1, gap.count)) for gap in footage.gaps]
        return self._held(numbers, now_ns)

    def _held(self, numbers: Iterable[tuple[str, int, int]], now_ns: int) -> bool:
        return any(self._pins.held(stream, first, last, now_ns) for stream, first, last in numbers)

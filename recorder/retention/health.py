"""How the archive does, reckoned once an hour: room, what comes in, what is kept by whom, and when room will be short.

What it costs is a pass over a week of the index and over all that is kept: too much for every
look at a page. Not here: the state of the disk now (disk_watch), signed heads (notary), scrubbing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import AlarmKind
from recorder.desk import Tell
from recorder.disk_watch import DiskSpace, disk_space
from recorder.index import Index
from recorder.kept import KeepingKind, Pins
from recorder.kept.tables import kept
from recorder.retention.forecast import Flow, Forecast, forecast
from recorder.retention.keeper import Keeper
from recorder.retention.kept_rows import kept_rows
from recorder.tables import segments
from storage import BORN_UTC_NS, DAY_NS, Clock
from storage.database import Database

PERIOD_S = 3_600.0
FIRST_AFTER_S = 30.0  # a start has other things to do
RETRY_S = 60.0
WEEK_DAYS = 7
WARN_DAYS = 14  # two weeks are what it takes to get a disk
TOLD_AGAIN_NS = DAY_NS
WHYS = ("hold", "case", "clip")

log = structlog.get_logger("recorder.retention")


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """What clips or holds of a unit keep, by `why`: case, clip or hold. Bytes that two keep count once, for the first
    of hold, case, clip.
    """

    unit: str
    why: str
    segments: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Health:
    utc_ns: int
    space: DiskSpace
    segments_missing: int
    kept: tuple[KeptBytes, ...]
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Room:
    """As the ring's limits: what the archive may take before footage goes for room."""

    media: Path
    max_bytes: int | None
    keep_free: float


class HealthWatch:
    """`latest` is None until it was reckoned once."""

    def __init__(
        self,
        database: Database,
        index: Index,
        keeper: Keeper,
        pins: Pins,
        clock: Clock,
        room: Room,
        tell: Tell,
        space: Callable[[Path], DiskSpace] = disk_space,
    ) -> None:
        self.latest: Health | None = None
        self._database = database
        self._index = index
        self._keeper = keeper
        self._pins = pins
        self._clock = clock
        self._room = room
        self._tell = tell
        self._space = space
        self._told_mono_ns: int | None = None

    async def run(self) -> None:
        """Reckon for as long as the server runs."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.reckon()
                await asyncio.sleep(PERIOD_S)
            except (SQLAlchemyError, OSError) as error:
                log.warning("how the archive does could not be reckoned", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def reckon(self) -> Health:
        """Raises SQLAlchemyError, OSError."""
        now_ns = self._keeper.time.believed.utc_ns
        space = await asyncio.to_thread(self._space, self._room.media)
        stored = await self._index.stored_bytes()
        room = self._room
        free = space.free_bytes - round(room.keep_free * space.total_bytes)
        capacity = stored + free if room.max_bytes is None else min(room.max_bytes, stored + free)
        self.latest = Health(
            utc_ns=now_ns,
            space=space,
            segments_missing=await self._index.count_missing(),
            kept=await self._kept(now_ns),
            forecast=forecast(await self._flows(now_ns), stored, capacity),
        )
        self._warn(self.latest.forecast)
        return self.latest

    async def _flows(self, now_ns: int) -> list[Flow]:
        columns = segments.c
        flows = []
        for device, channel in await self._index.channels():
            here = (columns.device == device, columns.channel == channel)
            oldest = select(func.min(columns.start_utc_ns)).where(*here, columns.start_utc_ns >= BORN_UTC_NS)
            since_ns = now_ns - WEEK_DAYS * DAY_NS
            recent = select(func.coalesce(func.sum(columns.size_bytes), 0)).where(
                *here, columns.start_utc_ns >= since_ns, columns.start_utc_ns < now_ns
            )
            async with self._database.read() as connection:
                first_ns = await connection.scalar(oldest)
                size_bytes = await connection.scalar(recent) or 0
            if first_ns is None or not size_bytes:
                continue
            there_days = max((now_ns - first_ns) / DAY_NS, 1 / 24)  # what began just now has no day yet
            age_ns = self._keeper.policies.untagged_ns(self._keeper.places.unit_at(device, now_ns), now_ns)
            flows.append(Flow(size_bytes / min(WEEK_DAYS, there_days), age_ns / DAY_NS - there_days))
        return flows

    async def _kept(self, now_ns: int) -> tuple[KeptBytes, ...]:
        async with self._database.read() as connection:
            kinds = {row.id: row.kind for row in await connection.execute(select(kept.c.id, kept.c.kind))}
        counts: Counter[tuple[str, str]] = Counter()
        sizes: Counter[tuple[str, str]] = Counter()
        async for row in kept_rows(self._database, self._pins.spans()):
            keepers = self._pins.holding(row.stream, row.first_sequence, row.last_sequence, now_ns)
            if not keepers:
                continue
            whys = [
                (0 if kinds.get(one.keeping) == KeepingKind.HOLD else 1 if one.case else 2, one.unit) for one in keepers
            ]
            rank, unit = min(whys)
            counts[unit, WHYS[rank]] += 1
            sizes[unit, WHYS[rank]] += row.size_bytes + row.journal_bytes + row.cut_bytes
        return tuple(KeptBytes(unit, why, counts[unit, why], sizes[unit, why]) for unit, why in sorted(counts))

    def _warn(self, reckoned: Forecast) -> None:
        """Days ahead, once a day: there is still time to get a disk, or to decide for a shorter period."""
        mono_ns = self._clock.mono_ns()
        if reckoned.days_left is None or reckoned.days_left > WARN_DAYS:
            self._told_mono_ns = None
            return
        if self._told_mono_ns is not None and mono_ns - self._told_mono_ns < TOLD_AGAIN_NS:
            return
        self._told_mono_ns = mono_ns
        words = (
            f"at {reckoned.bytes_a_day / 1e9:.1f} GB a day there is room for {reckoned.days_left:.0f} days more; "
            f"footage then goes before its time"
        )
        self._tell(AlarmKind.SPACE_AHEAD, "", "", words)

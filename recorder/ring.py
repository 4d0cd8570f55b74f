"""The continuous ring: the oldest footage makes room for new, by age, by size and by free space.

Deleting is: rows become garbage rows → files are unlinked → their folder is synced → garbage rows
go. Killed in between, the next turn unlinks what is garbage. Only files whose rows were there are ever
deleted; with an empty database nothing is.

Age is by the wall clock, but not by a clock that has just stepped ahead: a wrong one must not empty
the archive (`_SteadyTime`).

By free space nothing goes that is younger than `min_age_ns`: something else may be filling the disk, and
would have all footage deleted in its place. Then recording stops at its level instead, and both are told.
What was recorded while the clock stood before this program was written has no age: a person decides.
And nothing goes by the word of a damaged database.

What a clip or a hold keeps does not go, by no limit (R4): the next oldest goes in its place.

Not here: who keeps what (kept). Levels at which recording stops (disk_watch).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import AlarmKind
from recorder.desk import Tell
from recorder.disk_watch import DiskSpace, disk_space
from recorder.index import Index, StoredSegment
from recorder.kept import Pins
from storage import BORN_UTC_NS, DAY_NS, Clock, SegmentStore, first_ulid

TURN_S = 10.0  # 200 streams of 4 Mbit/s write a gigabyte in that time
BATCH = 100  # files deleted a transaction: the writer of the database is held for some 20 ms

STEP_NS = 3_600_000_000_000  # ahead by more, against monotonic time, is a step; slewing never comes near
STEP_BELIEVED_AFTER_NS = 24 * STEP_NS  # time for a person to see the warning and set the clock right

KEPT_SEEN_NS = 3_600_000_000_000  # what is kept becomes free by time, too: so long after it a turn may notice

TELL_AGAIN_NS = 240_000_000_000  # walls forget an alarm after five minutes
_UNDATED = first_ulid(BORN_UTC_NS)  # ids before this were made by a clock that nobody had set

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RingLimits:
    """`max_bytes` None: as much as the disk holds above `keep_free` (a part of the whole)."""

    max_age_ns: int
    max_bytes: int | None = None
    keep_free: float = 0.0
    min_age_ns: int = 0  # for the sake of free space nothing younger is deleted


class Ring:
    """Deletes the oldest segments until all limits hold."""

    def __init__(
        self,
        index: Index,
        store: SegmentStore,
        clock: Clock,
        limits: RingLimits,
        pins: Pins,
        tell: Tell,
        space: Callable[[Path], DiskSpace] = disk_space,
    ) -> None:
        self.deleted = 0
        self._index = index
        self._store = store
        self._clock = clock
        self._limits = limits
        self._pins = pins
        self._tell = tell
        self._told_mono_ns: int | None = None
        self._space = space
        self._time = _SteadyTime(clock)
        self._kept_until = _UNDATED  # all up to this id was kept when it was last gone through
        self._kept_seen = (-1, 0)  # that was: changes of the pins, monotonic time

    async def run(self) -> None:
        """Turn for as long as the server runs."""
        while True:
            try:
                await self.turn()
            except (SQLAlchemyError, OSError) as error:
                log.warning("the ring waits", error=str(error))
            await asyncio.sleep(TURN_S)

    async def turn(self) -> None:
        """Unlink what is garbage, then delete until the limits hold.

        Raises:
            SQLAlchemyError, OSError: the next turn goes on where this one stopped.
        """
        if self._index.damaged:
            return
        await self._unlink_garbage()
        while True:
            async with self._pins.deciding:
                victims = await self._victims()
                if not victims:
                    return
                await self._index.discard(victims, self._clock.utc_ns())
            await self._unlink_garbage()
            self.deleted += len(victims)
            log.info("oldest footage deleted", segments=len(victims), first=victims[0].path, last=victims[-1].path)

    async def _victims(self) -> list[StoredSegment]:
        """The oldest segments without which the limits would hold, a batch at most."""
        limits, now_ns = self._limits, self._time.utc_ns()
        excess = lacking = 0
        if limits.max_bytes is not None:
            excess = await self._index.stored_bytes() - limits.max_bytes
        if limits.keep_free:
            space = await asyncio.to_thread(self._space, self._store.media)
            lacking = round(limits.keep_free * space.total_bytes) - space.free_bytes
        victims: list[StoredSegment] = []
        async with aclosing(self._free()) as free:
            async for segment in free:
                age_ns = now_ns - segment.end_utc_ns
                if age_ns <= limits.max_age_ns and excess <= 0:
                    if lacking <= 0:
                        break
                    if age_ns < limits.min_age_ns:
                        self._tell_of_room("no footage is deleted that is younger than", limits.min_age_ns)
                        break
                    self._tell_of_room("footage is deleted before its time, which is after", limits.max_age_ns)
                victims.append(segment)
                if len(victims) == BATCH:
                    break
                excess -= segment.stored_bytes
                lacking -= segment.stored_bytes
        return victims

    async def _free(self) -> AsyncGenerator[StoredSegment]:
        """What nothing keeps, oldest first. Kept footage at the old end is not gone through again each time."""
        changes, mono_ns = self._kept_seen
        if changes != self._pins.changes or self._clock.mono_ns() - mono_ns > KEPT_SEEN_NS:
            self._kept_until, self._kept_seen = _UNDATED, (self._pins.changes, self._clock.mono_ns())
        now_ns, after, all_kept = self._time.utc_ns(), self._kept_until, True
        while batch := await self._index.oldest(BATCH, after):
            for segment in batch:
                after = segment.id
                if not self._pins.held(segment.stream, segment.first_sequence, segment.last_sequence, now_ns):
                    all_kept = False
                    yield segment
                elif all_kept:
                    self._kept_until = after

    def _tell_of_room(self, words: str, age_ns: int) -> None:
        """Once, and again every so often while it lasts."""
        mono_ns = self._clock.mono_ns()
        if self._told_mono_ns is not None and mono_ns - self._told_mono_ns < TELL_AGAIN_NS:
            return
        self._told_mono_ns = mono_ns
        days = f"{age_ns / DAY_NS:.4g} days"
        self._tell(AlarmKind.RING_SHORT, "", "", f"the recording disk is short of room: {words} {days}")

    async def _unlink_garbage(self) -> None:
        paths = await self._index.garbage()
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            await asyncio.to_thread(self._unlink, batch)
            await self._index.forget_garbage(batch)

    def _unlink(self, paths: list[str]) -> None:
        for path in paths:
            self._store.remove(self._store.media / path)


class _SteadyTime:
    """Wall time that follows a step ahead only after a day. A step back is followed at once: it keeps more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ns = clock.utc_ns() - clock.mono_ns()
        self._stepped_mono_ns: int | None = None

    def utc_ns(self) -> int:
        mono_ns = self._clock.mono_ns()
        offset_ns = self._clock.utc_ns() - mono_ns
        ahead_ns = offset_ns - self._offset_ns
        if ahead_ns > STEP_NS and self._stepped_mono_ns is None:
            self._stepped_mono_ns = mono_ns
            words = "the clock has stepped ahead: for a day no footage is deleted as too old by it"
            log.warning(words, ahead_s=ahead_ns // 1_000_000_000)
        since_mono_ns = self._stepped_mono_ns
        if ahead_ns <= STEP_NS or since_mono_ns is None or mono_ns - since_mono_ns >= STEP_BELIEVED_AFTER_NS:
            self._offset_ns = offset_ns
            self._stepped_mono_ns = None
        return mono_ns + self._offset_ns

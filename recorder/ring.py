"""The continuous ring: the oldest footage makes room for new, by its policy's age, by size and by free space.

Deleting is: rows become garbage rows → files are unlinked → their folder is synced → garbage rows
go. Killed in between, the next turn unlinks what is garbage. Only files whose rows were there are ever
deleted; with an empty database nothing is. What went is written down with the rows, and becomes an entry of the
ledger (retention.deletions).

Age is by the policy of the unit in which the device was when it recorded (retention.book, retention.places), and by a
clock that has to earn belief after it was ahead: a wrong one must not empty the archive (retention.trusted_time).

By free space nothing goes that is younger than `min_age_ns`: something else may be filling the disk, and
would have all footage deleted in its place. Then recording stops at its level instead, and both are told.
What was recorded while the clock stood before this program was written has no age: a person decides.
And nothing goes by the word of a damaged database.

What a clip or a hold keeps does not go, by no limit (R4), and neither does what the file of a case keeps: the next
oldest goes in its place.

Not here: who keeps what (kept), how long (retention), which is the oldest of a channel (strands). Levels at which
recording stops (disk_watch).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heappop, heappush
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import AlarmKind
from recorder.desk import Tell
from recorder.disk_watch import DiskSpace, disk_space
from recorder.index import Index
from recorder.kept import Pins
from recorder.retention.deletions import Deletion, Rule, record_deletions
from recorder.retention.keeper import Keeper
from recorder.stored import StoredSegment
from recorder.strands import LOOK_AGAIN_NS, Strand, Strands
from storage import DAY_NS, Clock, SegmentStore
from storage.ledger import LedgerUnavailable

TURN_S = 10.0  # 200 streams of 4 Mbit/s write a gigabyte in that time
BATCH = 100  # files deleted a transaction: the writer of the database is held for some 20 ms

TELL_AGAIN_NS = 240_000_000_000  # walls forget an alarm after five minutes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RingLimits:
    """`max_bytes` None: as much as the disk holds above `keep_free` (a part of the whole). `max_age_ns` is the
    house's: a policy says otherwise for its unit.
    """

    max_age_ns: int
    max_bytes: int | None = None
    keep_free: float = 0.0
    min_age_ns: int = 0  # for the sake of free space nothing younger is deleted


class Ring:
    """Deletes the oldest segments until all limits hold. Without a `keeper` only the limits say how long."""

    def __init__(
        self,
        index: Index,
        store: SegmentStore,
        clock: Clock,
        limits: RingLimits,
        pins: Pins,
        tell: Tell,
        space: Callable[[Path], DiskSpace] = disk_space,
        keeper: Keeper | None = None,
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
        self._keeper = keeper or Keeper(clock, limits.max_age_ns)
        self._strands = Strands(index, clock, self._keeper.places, lambda: pins.changes)
        self._case_keeps: dict[tuple[str, str], bool] = {}  # asked in this turn

    async def run(self, before_turn: Callable[[], Awaitable[None]] | None = None) -> None:
        """Turn for as long as the server runs."""
        while True:
            try:
                if before_turn is not None:
                    await before_turn()
                await self._keeper.before_turn()
                await self.turn()
            except (SQLAlchemyError, OSError) as error:
                log.warning("the ring waits", error=str(error))
            try:
                await self._keeper.after_turn()
            except (SQLAlchemyError, LedgerUnavailable) as error:
                log.warning("deletions wait for their entry in the ledger", error=str(error))
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
                try:
                    gone = await self._victims()
                    if not gone:
                        return
                    await self._discard(gone)
                except BaseException:
                    self._strands.forget()  # what was taken out of them did not go
                    raise
            await self._unlink_garbage()
            self.deleted += len(gone)
            first, last = gone[0].segment.path, gone[-1].segment.path
            log.info("oldest footage deleted", segments=len(gone), first=first, last=last)

    async def _discard(self, gone: list[Deletion]) -> None:
        now_ns = self._clock.utc_ns()
        record = partial(record_deletions, gone=gone, utc_ns=now_ns)
        await self._index.discard([one.segment for one in gone], now_ns, record)

    async def _victims(self) -> list[Deletion]:
        """What goes next, a batch at most: what is too old, and then the oldest without which size and room hold."""
        now_ns = self._keeper.time.utc_ns()
        self._case_keeps = {}
        gone = await self._too_old(now_ns)
        if len(gone) >= BATCH:
            return gone
        excess, lacking = await self._pressure()
        freed = sum(one.segment.stored_bytes for one in gone)
        if excess > freed or lacking > freed:
            gone += await self._to_make_room(now_ns, excess - freed, lacking - freed, BATCH - len(gone))
        return gone

    async def _pressure(self) -> tuple[int, int]:
        """How many bytes too many there are, and how many are lacking on the disk; below 1: none."""
        excess = lacking = 0
        limits = self._limits
        if limits.max_bytes is not None:
            excess = await self._index.stored_bytes() - limits.max_bytes
        if limits.keep_free:
            space = await asyncio.to_thread(self._space, self._store.media)
            lacking = round(limits.keep_free * space.total_bytes) - space.free_bytes
        return excess, lacking

    async def _too_old(self, now_ns: int) -> list[Deletion]:
        gone: list[Deletion] = []
        for strand in await self._strands.all():
            age_ns = self._keeper.policies.untagged_ns(strand.unit, now_ns)
            while oldest := await self._oldest(strand, now_ns, patient=age_ns > LOOK_AGAIN_NS):
                if now_ns - oldest.end_utc_ns <= age_ns:
                    break
                gone.append(self._taken(strand, Rule.AGE, now_ns))
                if len(gone) == BATCH:
                    return gone
        return gone

    async def _to_make_room(self, now_ns: int, excess: int, lacking: int, most: int) -> list[Deletion]:
        """The oldest of all strands, one after the other."""
        gone: list[Deletion] = []
        strands = await self._strands.all()
        heads = await self._heads(strands, now_ns)
        if not heads:
            strands = await self._strands.all(now=True)
            heads = await self._heads(strands, now_ns)
        while heads and len(gone) < most and (excess > 0 or lacking > 0):
            *_, at = heappop(heads)
            strand = strands[at]
            oldest = strand.found[0]
            age_ns = now_ns - oldest.end_utc_ns
            rule = Rule.SIZE
            if excess <= 0:
                rule = Rule.SPACE
                if age_ns < self._limits.min_age_ns:
                    self._tell_of_room("no footage is deleted that is younger than", self._limits.min_age_ns)
                    break
                own_ns = self._keeper.policies.untagged_ns(strand.unit, now_ns)
                self._tell_of_room("footage is deleted before its time, which is after", own_ns)
            gone.append(self._taken(strand, rule, now_ns))
            excess -= oldest.stored_bytes
            lacking -= oldest.stored_bytes
            following = await self._oldest(strand, now_ns, patient=False)
            if following is not None:
                heappush(heads, (following.start_utc_ns, following.id, at))
        return gone

    async def _heads(self, strands: Sequence[Strand], now_ns: int) -> list[tuple[int, str, int]]:
        """A heap of start, id and place of the strand."""
        heads: list[tuple[int, str, int]] = []
        for at, strand in enumerate(strands):
            if (oldest := await self._oldest(strand, now_ns, patient=False)) is not None:
                heads.append((oldest.start_utc_ns, oldest.id, at))
        heapify(heads)
        return heads

    async def _oldest(self, strand: Strand, now_ns: int, *, patient: bool) -> StoredSegment | None:
        return await self._strands.oldest(strand, partial(self._is_free, now_ns), patient=patient)

    def _taken(self, strand: Strand, rule: Rule, now_ns: int) -> Deletion:
        """The oldest of a strand, out of it."""
        segment = strand.found.popleft()
        before = self._pins.released(segment.stream, segment.first_sequence, segment.last_sequence, now_ns)
        return Deletion(segment, strand.unit, rule, before[-1].keeping if before else "")

    async def _is_free(self, now_ns: int, segment: StoredSegment) -> bool:
        numbers = segment.stream, segment.first_sequence, segment.last_sequence
        if self._pins.held(*numbers, now_ns):
            return False
        for one in self._pins.released(*numbers, now_ns):
            asked = one.case, one.unit
            if asked not in self._case_keeps:
                self._case_keeps[asked] = await self._keeper.case_files.keeps(one.case, one.unit, now_ns)
            if self._case_keeps[asked]:
                return False
        return True

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

"""The archive of a running server: recovers, records every stream that begins, and ends in order.

    gateway.stream ──calls──▶ Intake ──thread──▶ Scribe ──▶ files ──▶ RowFeed ──▶ index

Not here: what is written (run, storage), when something is deleted (ring).
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import Alarm, AlarmKind, StreamInfo, StreamReader
from recorder.desk import SegmentRules
from recorder.disk_watch import DiskLevels, DiskWatch
from recorder.footage import Footage, FoundSegment, GapFact, LiveSegment, SegmentFact
from recorder.index import Index
from recorder.intake import IntakeLimits
from recorder.kept import Pins
from recorder.notary import Notary
from recorder.retention import Keeper
from recorder.ring import Ring, RingLimits
from recorder.row_feed import RowFeed
from recorder.scribe import ArchiveStatistics, Scribe
from recorder.stocktaking import learn_newest, take_stock
from recorder.unsigned import UnsignedKept
from storage import (
    DAY_NS,
    Clock,
    FdatasyncEach,
    GroupSync,
    SealedSegment,
    SegmentStore,
    SyncfsOnce,
    UlidFactory,
    recover,
)
from storage.bus import Bus

# A killed process loses what one turn has not written yet: less than half the second that is
# allowed. Shorter turns cost more calls: 200 streams write 400 times a turn.
TURN_S = 0.4
STOCKTAKING_RETRY_S = 10.0  # as rows are tried again
DRAIN_S = 8.0  # of the ten seconds a stop may take (F06)

MakeKeeper = Callable[[int], Keeper]  # of the placed time that footage reached before this start

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ArchiveRules:
    """What an operator may set of the archive."""

    segments: SegmentRules = field(default_factory=SegmentRules)
    intake: IntakeLimits = field(default_factory=IntakeLimits)
    levels: DiskLevels = field(default_factory=DiskLevels)
    ring: RingLimits = field(default_factory=lambda: RingLimits(max_age_ns=183 * DAY_NS, keep_free=0.15))
    syncfs: bool = True  # else fdatasync on each file


class Archiver:
    """Made by `open`. Give `reader` to the hub as a reader factory."""

    def __init__(self, store: SegmentStore, index: Index, bus: Bus, clock: Clock) -> None:
        self.index = index
        self._store = store
        self._bus = bus
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._feed = RowFeed(index, store, self._ids_in_flight)
        self._scribe: Scribe | None = None
        self._ring: Ring | None = None
        self.newest_utc_ns = 0  # placed time that footage reached before this start

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        store: SegmentStore,
        index: Index,
        bus: Bus,
        clock: Clock,
        new_id: UlidFactory,
        pins: Pins,
        rules: ArchiveRules | None = None,
        turn_s: float = TURN_S,
        notary: Notary | None = None,
        keeper: MakeKeeper | None = None,
    ) -> AsyncIterator["Archiver"]:
        """Seal what a crash left, then record inside this block. The store must be locked.

        On leaving, streams still running are ended as stopped by the server, everything is made
        durable, and rows have DRAIN_S to follow.

        Raises:
            OSError, SQLAlchemyError: disk or database refuse at the start.
        """
        rules = rules or ArchiveRules()
        archiver = cls(store, index, bus, clock)
        await learn_newest(store, index)
        await archiver._recover(notary)
        history = await index.last_streams()
        archiver.newest_utc_ns = max((ended.ended_utc_ns for ended in history.values()), default=0)
        archiver._scribe = scribe = Scribe(
            store=store,
            clock=clock,
            new_id=new_id,
            sync=_group_sync(store, rules),
            disk=DiskWatch(store.media, rules.levels),
            rules=rules.segments,
            limits=rules.intake,
            history=history,
            keep=archiver._feed.put if notary is None else _both(archiver._feed.put, notary.sealed),
            tell=archiver.tell,
        )
        if notary is not None:
            notary.follow(scribe.durable_heads)
        goes_by = None if keeper is None else keeper(archiver.newest_utc_ns)
        archiver._ring = ring = Ring(index, store, clock, rules.ring, pins, archiver.tell, keeper=goes_by)
        unsigned = None if notary is None else UnsignedKept(index, store, pins, notary, clock)
        with ThreadPoolExecutor(1, thread_name_prefix="archive") as executor:
            async with asyncio.TaskGroup() as group:
                feed = group.create_task(archiver._feed.run(), name="archive: rows")
                deleting = group.create_task(archiver._make_room(ring, unsigned), name="archive: ring")
                writing = group.create_task(archiver._write(executor, scribe, turn_s), name="archive: writing")
                try:
                    yield archiver
                finally:
                    deleting.cancel()
                    archiver._stopping.set()
                    await asyncio.wait([writing])
                    await archiver._drain()
                    feed.cancel()

    def reader(self, stream: StreamInfo) -> StreamReader:
        """What reads a new stream for the archive."""
        return self._writing().open_run(stream)

    def statistics(self) -> ArchiveStatistics:
        return self._writing().statistics()

    @property
    def rows_waiting(self) -> int:
        """Sealed segments without rows yet: more than a few mean that the database refuses."""
        return len(self._feed.waiting)

    @property
    def deleted(self) -> int:
        """Segments that the ring deleted since the start."""
        return 0 if self._ring is None else self._ring.deleted

    async def recordings(self, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> Footage:
        """Segments and gaps of a channel that touch the interval, up to what was written this very moment.

        Footage that is not yet in the index is taken from memory; a gap that still lasts ends now.
        """
        scribe = self._writing()
        newest = self._newest()
        known = await self.index.recordings(device_id, channel, start_utc_ns, end_utc_ns)
        segments = {segment.id: segment for segment in known.segments}
        gaps = {(gap.stream, gap.sequence): gap for gap in known.gaps}
        for newer in newest:
            header = newer.header
            if (header.device, header.channel) != (device_id, channel) or header.segment in segments:
                continue
            segments[header.segment] = _fact(newer)
            for gap in newer.gaps:
                gaps[header.stream, gap.sequence] = GapFact.of(header.stream, gap)
        missing = scribe.missing(device_id, channel)
        if missing is not None and (now := self._clock.utc_ns()) > missing.start_utc_ns:
            gaps[missing.stream, -1] = GapFact.lasting(missing, now)

        def touches(fact: SegmentFact | GapFact) -> bool:
            return fact.start_utc_ns < end_utc_ns and fact.end_utc_ns > start_utc_ns

        return Footage(
            tuple(sorted(filter(touches, segments.values()), key=lambda fact: (fact.start_utc_ns, fact.id))),
            tuple(sorted(filter(touches, gaps.values()), key=lambda fact: (fact.start_utc_ns, fact.sequence))),
        )

    async def segment(self, segment_id: str) -> FoundSegment | None:
        """The segment with this id, also one that is being written."""
        newest = self._newest()
        known = await self.index.segment(segment_id)
        if known is not None:
            return known
        found = (newer for newer in newest if newer.header.segment == segment_id)
        newer = next(found, None)
        return None if newer is None else FoundSegment(newer.header.device, newer.header.channel, _fact(newer))

    async def next_segment(
        self, device_id: str, channel: str, start_utc_ns: int, after: str = ""
    ) -> SegmentFact | None:
        """As `Index.next_segment`, up to what was written this very moment."""
        newest = self._newest()
        known = await self.index.next_segment(device_id, channel, start_utc_ns, after)
        facts = [] if known is None else [known]
        facts += [
            _fact(newer) for newer in newest if (newer.header.device, newer.header.channel) == (device_id, channel)
        ]

        def place(fact: SegmentFact) -> tuple[int, str]:
            return fact.start_utc_ns, fact.id

        behind = [fact for fact in facts if fact.start_utc_ns >= start_utc_ns and place(fact) > (start_utc_ns, after)]
        return min(behind, key=place, default=None)

    def reached(self, device_id: str, channel: str) -> int | None:
        """Placed time up to which a channel is being written; None while nothing of it is."""
        ends = (
            unsealed.end_utc_ns
            for unsealed in self._writing().in_flight()
            if (unsealed.header.device, unsealed.header.channel) == (device_id, channel)
        )
        return max(ends, default=None)

    def _newest(self) -> list[SealedSegment | LiveSegment]:
        """What may not be in the index yet. Ask before the index: what is sealed meanwhile is found here or there."""
        unsealed = self._writing().in_flight()
        return [*self._feed.waiting, *unsealed]

    async def _recover(self, notary: Notary | None) -> None:
        recovery = await asyncio.to_thread(recover, self._store)
        for path, words in recovery.quarantined:
            log.error("a file that nothing vouches for is in quarantine", path=str(path), why=words)
        if notary is not None:
            for segment in recovery.sealed:
                notary.sealed(segment)
        await self.index.add(recovery.sealed)
        for segment in recovery.sealed:
            await asyncio.to_thread(self._store.settle, segment.header.segment)
        if recovery.sealed:
            log.warning("the last run did not end in order; its segments are sealed", segments=len(recovery.sealed))

    async def _make_room(self, ring: Ring, unsigned: UnsignedKept | None) -> None:
        """The ring, once the database is known to be no older than the files."""
        while True:
            try:
                stock = await take_stock(self._store, self.index, self._clock.utc_ns())
                break
            except (SQLAlchemyError, OSError) as error:
                log.warning("stocktaking waits, and so does the ring", error=str(error))
                await asyncio.sleep(STOCKTAKING_RETRY_S)
        if stock.adopted:
            log.warning("the database was older than the files; it knows them now", segments=stock.adopted)
        if stock.found_again:
            log.info("recordings that were missing are there again", segments=stock.found_again)
        if stock.missing:
            words = f"{stock.missing} recordings have rows and no file: `mingjing store check` names them"
            self.tell(AlarmKind.FOOTAGE_MISSING, "", "", words)
        await ring.run(None if unsigned is None else unsigned.see_to)

    async def _write(self, executor: ThreadPoolExecutor, scribe: Scribe, turn_s: float) -> None:
        await self._loop.run_in_executor(executor, self._work, scribe, turn_s)

    def _work(self, scribe: Scribe, turn_s: float) -> None:
        """The archive's thread. Whatever it raises is a fault of ours, and ends the server."""
        turn_ns = round(turn_s * 1e9)
        due = self._clock.mono_ns()
        while not self._stopping.wait(max(0, due - self._clock.mono_ns()) / 1e9):
            due = self._clock.mono_ns() + turn_ns
            scribe.turn()
        scribe.finish()

    async def _drain(self) -> None:
        """Let rows follow for a while; a damaged database will not take them, and the restart mends it."""
        try:
            async with asyncio.timeout(0 if self.index.damaged else DRAIN_S):
                await self._feed.drained()
        except TimeoutError:
            log.warning("rows are left for the next start", waiting=self.rows_waiting)

    def tell(self, kind: AlarmKind, device_id: str, channel: str, words: str) -> None:
        """Raise an alarm; from any thread."""
        alarm = Alarm(kind, device_id, channel, self._clock.utc_ns(), words)
        self._loop.call_soon_threadsafe(self._bus.publish, alarm)
        log.warning("archive alarm", kind=kind.value, device=device_id, channel=channel, words=words)

    def _ids_in_flight(self) -> set[str]:
        return {segment.header.segment for segment in self._writing().in_flight()}

    def _writing(self) -> Scribe:
        assert self._scribe is not None, "the archive is not open"
        return self._scribe


def _fact(segment: SealedSegment | LiveSegment) -> SegmentFact:
    return segment.fact() if isinstance(segment, LiveSegment) else SegmentFact.of(segment)


def _both(
    one: Callable[[SealedSegment], None], other: Callable[[SealedSegment], None]
) -> Callable[[SealedSegment], None]:
    def tell(segment: SealedSegment) -> None:
        one(segment)
        other(segment)

    return tell


def _group_sync(store: SegmentStore, rules: ArchiveRules) -> GroupSync:
    return SyncfsOnce(store.disk, store.media) if rules.syncfs else FdatasyncEach(store.disk)

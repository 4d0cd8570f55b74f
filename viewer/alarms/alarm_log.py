"""Follows the bus, keeps each alarm as one line, and writes the lines behind.

Alarms must reach the walls while the database is away: they are told first and written within the
second, or when it is back. Not here: statements (tables).
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.stream import Alarm, AlarmKind, ChannelChanged, ChannelState
from storage import Clock, UlidFactory
from storage.bus import Bus
from storage.database import Database
from storage.ledger import Ledger
from viewer.access import Action
from viewer.alarms import tables
from viewer.alarms.kept import AlarmKept, AlarmTally, KeptAlarm, Place
from viewer.alarms.tables import AlarmFilter, AlarmPage

QUEUE_MAX = 4_000  # events: a restart of 200 devices with two channels is some 1,600 within a few seconds
RECENT_MAX = 500  # lines in memory, for walls that open
KNOWN_MAX = 10_000  # places whose newest line is known: 200 devices have at most 2,000
UNWRITTEN_MAX = 10_000  # lines that wait for the database; some 5 MB
KEPT_MAX = 100_000  # rows: 200 devices that flap all day make 19,200 a day, a quiet house some hundred; 30 MB
TRIM_EVERY = 1_000  # rows written
JOINED_WITHIN_NS = 15 * 60 * 1_000_000_000  # the same trouble again within so long is the same trouble
WRITE_PAUSE_S = 1.0  # a power cut at a site is one transaction, not two hundred
RETRY_S = 5.0

# Their end shows itself when the channel sends again.
ENDED_BY_PICTURES = (AlarmKind.DEVICE_OFFLINE, AlarmKind.DEVICE_STALLED)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class AlarmLog:
    """Made by `open`; `run` is one task of the app."""

    def __init__(self, database: Database, ledger: Ledger, bus: Bus, clock: Clock, new_id: UlidFactory) -> None:
        self._database = database
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._new_id = new_id
        self._events = bus.subscribe(Alarm, ChannelChanged, limit=QUEUE_MAX)
        self._recent: OrderedDict[str, KeptAlarm] = OrderedDict()
        self._newest: OrderedDict[Place, KeptAlarm] = OrderedDict()  # the line that the same trouble would join
        self._unwritten: OrderedDict[str, KeptAlarm] = OrderedDict()
        self._dirty = asyncio.Event()
        self._raised: Counter[AlarmKind] = Counter()
        self._written_since_trim = TRIM_EVERY
        self._lost = 0

    @classmethod
    async def open(
        cls, *, database: Database, ledger: Ledger, bus: Bus, clock: Clock, new_id: UlidFactory
    ) -> "AlarmLog":
        """With what was kept before the restart. From now on none is missed: the start itself may raise some."""
        kept = cls(database, ledger, bus, clock, new_id)
        async with database.read() as connection:
            standing = await tables.standing(connection, ENDED_BY_PICTURES, KNOWN_MAX)
            recent = await tables.newest(connection, RECENT_MAX)
        kept._newest.update((line.place, line) for line in (*standing, *recent))
        kept._recent.update((line.id, line) for line in recent)
        kept._events.__enter__()  # `run` enters it again, which changes nothing, and leaves it
        return kept

    def recent(self) -> Sequence[KeptAlarm]:
        """The newest lines, oldest first."""
        return list(self._recent.values())

    def tally(self) -> AlarmTally:
        standing = sum(line.acknowledged_utc_ns is None for line in self._recent.values())
        return AlarmTally(dict(self._raised), standing, len(self._unwritten), self._lost)

    async def page(self, wanted: AlarmFilter, *, cursor: str | None = None, limit: int = 50) -> AlarmPage:
        """Lines newest first, the newest of all included.

        Raises:
            NotACursor: `cursor` is none that a page gave.
        """
        if self._unwritten:
            await self._write()
        async with self._database.read() as connection:
            return await tables.page(connection, wanted, cursor, limit)

    async def find(self, alarm_id: str) -> KeptAlarm | None:
        if (line := self._recent.get(alarm_id)) is not None:
            return line
        async with self._database.read() as connection:
            return await tables.find(connection, alarm_id)

    async def acknowledge(self, alarm_id: str, *, user: str, principal: str) -> KeptAlarm | None:
        """Somebody has seen to it. None: somebody else was faster, or it is gone.

        Raises:
            LedgerUnavailable: it cannot be recorded, so it was not done.
        """
        utc_ns = self._clock.utc_ns()
        line = await self.find(alarm_id)
        if line is None:
            return None
        facts = {"kind": line.kind.value, "device": line.device_id, "channel": line.channel, "times": line.times}
        async with self._database.write() as connection:
            if alarm_id in self._unwritten:
                await tables.write(connection, [self._unwritten[alarm_id]])
            if not await tables.acknowledge(connection, alarm_id, utc_ns, user):
                return None
            await self._ledger.append(
                principal=principal,
                action=Action.ALARM_ACKNOWLEDGE.value,
                subject=alarm_id,
                detail=facts,
                connection=connection,
            )
        now = self._recent.get(alarm_id) or self._newest.get(line.place)  # it may have come again meanwhile
        if now is None or now.id != alarm_id:
            now = line
        acknowledged = replace(now, acknowledged_utc_ns=utc_ns, acknowledged_by=user)
        self._put(acknowledged)
        return acknowledged

    async def run(self) -> None:
        """Until cancelled; writes a last time then."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_bus(), name="alarm log: bus")
            tasks.create_task(self._write_behind(), name="alarm log: rows")

    async def _follow_bus(self) -> None:
        missed = 0
        with self._events as events:
            async for event in events:
                if events.missed != missed:
                    self._lose(events.missed - missed)
                    missed = events.missed
                if isinstance(event, Alarm):
                    self._take(event)
                elif isinstance(event, ChannelChanged) and event.state is ChannelState.LIVE:
                    self._end(event)

    def _take(self, alarm: Alarm) -> None:
        self._raised[alarm.kind] += 1
        before = self._newest.get((alarm.kind, alarm.device_id, alarm.channel))
        joins = (
            before is not None
            and before.acknowledged_utc_ns is None
            and alarm.utc_ns - before.last_utc_ns < JOINED_WITHIN_NS
        )
        if joins and before is not None:
            line = replace(
                before, last_utc_ns=alarm.utc_ns, times=before.times + 1, over_utc_ns=None, words=alarm.words
            )
        else:
            line = KeptAlarm(
                self._new_id(), alarm.kind, alarm.device_id, alarm.channel, alarm.words, alarm.utc_ns, alarm.utc_ns
            )
        self._remember(line)

    def _end(self, change: ChannelChanged) -> None:
        for kind in ENDED_BY_PICTURES:
            line = self._newest.get((kind, change.device_id, change.channel))
            if line is not None and line.over_utc_ns is None:
                self._remember(replace(line, over_utc_ns=max(change.since_utc_ns, line.last_utc_ns)))

    def _remember(self, line: KeptAlarm) -> None:
        """In memory and on the bus at once, in the database soon."""
        self._unwritten[line.id] = line
        if len(self._unwritten) > UNWRITTEN_MAX:
            self._unwritten.popitem(last=False)
            self._lose(1)
        self._dirty.set()
        self._put(line)

    def _put(self, line: KeptAlarm) -> None:
        known = self._newest.get(line.place)
        if known is None or known.id <= line.id:
            self._newest[line.place] = line
            self._newest.move_to_end(line.place)
        if len(self._newest) > KNOWN_MAX:
            self._newest.popitem(last=False)
        if line.id in self._recent or not self._recent or line.id > next(iter(self._recent)):
            self._recent[line.id] = line
        if len(self._recent) > RECENT_MAX:
            self._recent.popitem(last=False)
        self._bus.publish(AlarmKept(line))

    def _lose(self, count: int) -> None:
        self._lost += count
        log.error("alarms lost: more came than can be kept", lost=self._lost)

    async def _write_behind(self) -> None:
        try:
            while True:
                await self._dirty.wait()
                self._dirty.clear()
                if not await self._try_to_write():
                    self._dirty.set()
                    await asyncio.sleep(RETRY_S)
                await asyncio.sleep(WRITE_PAUSE_S)
        finally:
            await self._try_to_write()

    async def _try_to_write(self) -> bool:
        try:
            await self._write()
        except SQLAlchemyError as error:
            log.warning("alarms wait for the database", lines=len(self._unwritten), error=str(error))
            return False
        return True

    async def _write(self) -> None:
        batch = list(self._unwritten.values())
        if not batch:
            return
        async with self._database.write() as connection:
            await tables.write(connection, batch)
            self._written_since_trim += len(batch)
            if self._written_since_trim >= TRIM_EVERY:
                await tables.trim(connection, KEPT_MAX)
                self._written_since_trim = 0
        for line in batch:
            if self._unwritten.get(line.id) is line:  # else it has changed since
                del self._unwritten[line.id]

"""The server's clock is set while it records, was never set, or falls back in autumn (F51, F53, F54).

One level below the server: a hub and an archive on a real disk, and a clock that the test sets. No privilege of this
machine lets a test set the clock of one process alone, and the real one is not ours to set.
"""

import itertools
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.stream import Alarm, Hub, VideoOffer
from media import AccessUnit, Codec, GapCause
from recorder import Archiver, Index, Pins, check
from storage import SegmentStore, SteadyClock, UlidFactory
from storage.bus import MemoryBus
from storage.database import Database
from tests.house.bounds import within
from tests.storage.footage import PPS, SPS
from tests.storage.manual_clock import START_UTC_NS, ManualClock
from tests.storage.ready_database import ready_database

EVER = (0, 1 << 62)
SECOND_NS = 1_000_000_000
PICTURE_S = 0.04
HOUR_S = 3_600


class Place:
    """A node whose clock the test sets: one device calls, sends and hangs up."""

    def __init__(self, clock, hub, archiver, index, store, alarms):
        self.clock, self.hub, self.archiver, self.index, self.store = clock, hub, archiver, index, store
        self.alarms = alarms
        self._rtp = itertools.count(0, 3_600)

    def begin(self):
        return self.hub.publish("dev1", "main", [VideoOffer(Codec.H264, 90_000, (SPS, PPS))], lambda cause: None)

    def send(self, publication, seconds):
        for n in range(round(seconds / PICTURE_S)):
            self.clock.advance(PICTURE_S)
            key = n % 25 == 0
            unit = (b"\x65" if key else b"\x41") + bytes(500)
            now = self.clock.mono_ns(), self.clock.utc_ns()
            publication.push(0, AccessUnit((unit,), next(self._rtp), *now, key=key))
        self.hub.tick()

    def end(self, publication):
        self.hub.end(publication, GapCause.OFFLINE)

    async def footage(self):
        return await self.index.recordings("dev1", "main", *EVER)


@asynccontextmanager
async def a_place(root, clock):
    """As the roof wires it (mingjing.lifecycle)."""
    url = f"sqlite+aiosqlite:///{root / 'mingjing.sqlite3'}"
    ready_database(url)
    database = await Database.open(url)
    bus = MemoryBus()
    steady = SteadyClock(clock)
    new_id = UlidFactory(steady)
    store, index = SegmentStore(root, clock), Index(database)
    hub = Hub(node_id="node1", clock=steady, new_id=new_id, bus=bus)
    with store.lock():
        async with Archiver.open(
            store=store, index=index, bus=bus, clock=steady, new_id=new_id, pins=Pins(), turn_s=0.01
        ) as archiver:
            steady.not_before(archiver.newest_utc_ns)
            hub.add_reader_factory(archiver.reader)
            with bus.subscribe(Alarm) as alarms:
                yield Place(clock, hub, archiver, index, store, alarms)
                hub.end_all(GapCause.SERVER_STOPPED)
        report = await check(store, index)
    await database.close()
    assert report.faults == []


async def everything(root):
    """Segments and gaps that the index holds after the end."""
    database = await Database.open(f"sqlite+aiosqlite:///{root / 'mingjing.sqlite3'}")
    found = await Index(database).recordings("dev1", "main", *EVER)
    await database.close()
    return found


def accounted_s(found):
    """Footage and gaps from first to last, without what was never there; no two of them overlap (I12)."""
    parts = [(one.start_utc_ns, one.end_utc_ns) for one in (*found.segments, *found.gaps)]
    total_ns = reached_ns = 0
    for start, end in sorted(parts):
        assert start >= reached_ns, "placed twice"
        total_ns, reached_ns = total_ns + end - start, end
    return total_ns / SECOND_NS


@pytest.mark.fault("F51", "I7", "I12")
@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
async def test_f51_a_clock_that_is_set_within_a_stream_moves_nothing(tmp_path, step_s):
    clock = ManualClock()
    async with a_place(tmp_path, clock) as place:
        publication = place.begin()
        place.send(publication, 4)
        clock.step_wall(step_s)
        place.send(publication, 4)
        place.end(publication)
    found = await everything(tmp_path)
    assert found.gaps == ()
    within("I7: neither footage nor gap", abs(8 - accounted_s(found)), 0.2, "s")


@pytest.mark.fault("F51", "I7", "I12")
async def test_f51_streams_on_both_sides_of_a_clock_that_was_set_back_do_not_overlap(tmp_path):
    clock = ManualClock()
    async with a_place(tmp_path, clock) as place:
        for n in range(3):
            publication = place.begin()
            place.send(publication, 4)
            place.end(publication)
            clock.advance(10)
            if n == 0:
                clock.step_wall(-HOUR_S)
    found = await everything(tmp_path)
    assert [gap.cause for gap in found.gaps] == [GapCause.OFFLINE] * 2
    within("I7: neither footage nor gap", abs(3 * 4 + 2 * 10 - accounted_s(found)), 0.2, "s")


@pytest.mark.fault("F51", "I12")
async def test_f51_after_a_step_ahead_the_next_stream_is_placed_by_the_clock_as_it_is_now(tmp_path):
    clock = ManualClock()
    async with a_place(tmp_path, clock) as place:
        first = place.begin()
        place.send(first, 2)
        place.end(first)
        clock.step_wall(HOUR_S)
        second = place.begin()
        place.send(second, 2)
        place.end(second)
    found = await everything(tmp_path)
    assert found.segments[1].start_utc_ns == START_UTC_NS + round((HOUR_S + 2 + PICTURE_S) * SECOND_NS)
    assert [gap.cause for gap in found.gaps] == [GapCause.OFFLINE]


@pytest.mark.fault("F51", "I12")
async def test_f51_a_restart_with_a_clock_that_was_set_back_goes_on_after_what_there_is(tmp_path):
    clock, streams = ManualClock(), []
    for _ in range(2):
        async with a_place(tmp_path, clock) as place:
            publication = place.begin()
            streams.append(publication.info.stream_id)
            place.send(publication, 2)
            place.end(publication)
        clock.step_wall(-HOUR_S)
    found = await everything(tmp_path)
    assert [segment.stream for segment in found.segments] == streams
    assert found.segments[1].start_utc_ns >= found.segments[0].end_utc_ns
    assert [segment.id for segment in found.segments] == sorted(segment.id for segment in found.segments)


@pytest.mark.fault("F53", "I5", "I12")
async def test_f53_booted_in_1970_it_records_and_what_there_was_stays(tmp_path):
    clock = ManualClock()
    async with a_place(tmp_path, clock) as place:
        publication = place.begin()
        place.send(publication, 2)
        place.end(publication)
    lost = ManualClock(utc_ns=60 * SECOND_NS, mono_ns=5 * SECOND_NS)
    async with a_place(tmp_path, lost) as place:
        publication = place.begin()
        place.send(publication, 2)
        place.end(publication)
        lost.step_wall(START_UTC_NS / SECOND_NS + 2 * HOUR_S)  # somebody sets it
        publication = place.begin()
        place.send(publication, 2)
        place.end(publication)
    found = await everything(tmp_path)
    before, blind, after = found.segments
    assert before.end_utc_ns <= blind.start_utc_ns < after.start_utc_ns
    assert after.start_utc_ns > START_UTC_NS + 2 * HOUR_S * SECOND_NS
    accounted_s(found)


@pytest.mark.fault("F54", "I1", "I7", "I12")
async def test_f54_the_hour_that_comes_twice_in_autumn_overwrites_nothing(tmp_path, monkeypatch):
    """Local time is nowhere in a name or a key: a machine in Berlin records through the hour from 2 to 3, twice."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    import time

    time.tzset()
    try:
        berlin = ZoneInfo("Europe/Berlin")
        change = datetime(2027, 10, 31, 3, 0, tzinfo=berlin) - timedelta(hours=1, minutes=30)
        clock = ManualClock(utc_ns=round(change.timestamp()) * SECOND_NS)
        async with a_place(tmp_path, clock) as place:
            for _ in range(4):
                publication = place.begin()
                place.send(publication, 2)
                place.end(publication)
                clock.advance(30 * 60)
    finally:
        monkeypatch.undo()
        time.tzset()
    found = await everything(tmp_path)
    assert len({segment.path for segment in found.segments}) == 4
    within("I7: neither footage nor gap", abs(4 * 2 + 3 * 30 * 60 - accounted_s(found)), 0.2, "s")

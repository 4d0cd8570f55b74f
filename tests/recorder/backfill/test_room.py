"""What is known of originals over restarts, old databases and years: replay, stock, check and expiry."""

from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from media import GapCause, Reference
from recorder import (
    Backfill,
    BackfillState,
    Footage,
    GapFact,
    Keeping,
    KeepingKind,
    MatchQuality,
    NewUpload,
    Passage,
    Pins,
    SegmentFact,
    UploadLimits,
    check_originals,
    open_backfill,
)
from recorder.backfill import DifferenceKind, FileStory, Placement, Span
from recorder.backfill.backfill import ClosedGap, Difference, Knot
from recorder.backfill.tables import backfills, backfills_replayed
from storage import DAY_NS, SegmentStore, UlidFactory
from storage.database import Database
from storage.ledger import Ledger
from tests.storage.manual_clock import START_UTC_NS, ManualClock
from tests.storage.ready_database import ready_database

S = 1_000_000_000
STREAM, NEXT = "1" * 26, "2" * 26
DATA = b"\0\0\0\x18ftypisom" + bytes(500)


class Room:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.pins = Pins()
        self.footage = Footage((), ())
        self.store = SegmentStore(folder, self.clock)
        self.store.media.mkdir()
        self.url = f"sqlite+aiosqlite:///{folder / 'mingjing.sqlite3'}"
        ready_database(self.url)

    async def recordings(self, *asked: object) -> Footage:
        return self.footage

    @asynccontextmanager
    async def open(self):
        database = await Database.open(self.url)
        try:
            async with Ledger.open(self.folder / "ledger", database, self.clock) as ledger:
                room = await open_backfill(
                    database=database,
                    ledger=ledger,
                    clock=self.clock,
                    new_id=UlidFactory(self.clock),
                    store=self.store,
                    recordings=self.recordings,
                    pins=self.pins,
                    limits=UploadLimits(keep_free=0.0),
                    max_age_ns=183 * DAY_NS,
                )
                self.database, self.ledger, self.backfills, self.expiry = database, ledger, room.backfills, room.expiry
                self.uploads = room.uploads
                yield self
        finally:
            await database.close()

    async def sent(self) -> Backfill:
        upload = await self.uploads.begin(NewUpload("dev1", "main", "north", "1.mp4", len(DATA), "device:dev1"))
        async with self.uploads.turn(upload) as turn:
            await turn.append([DATA])
            await turn.sync()
            return await self.uploads.finish(turn)

    async def placed(self) -> Backfill:
        """Over the last ten seconds before the test began, of which five are a gap."""
        sent = await self.sent()
        start = START_UTC_NS - 10 * S
        placement = Placement(
            quality=MatchQuality.EXACT,
            knots=(Knot(0, start), Knot(10 * S, start + 10 * S)),
            coverage=(Span(start, start + 10 * S),),
            clock_offset_ns=-95 * S,
            drift_ppm=12.5,
            agreeing=125,
            gaps=(ClosedGap(STREAM, 126, start + 5 * S, start + 10 * S, 125, True),),
            counts={"agreeing": 120, "in_gaps": 125, "altered": 5},
            differences=(Difference(DifferenceKind.ALTERED, start, start + S, 5),),
            references=(Reference(STREAM, 1, 126),),
        )
        story = FileStory("h264", 322, 182, 0, 250, "aac", (Span(0, 10 * S),))
        after = replace(sent, state=BackfillState.PLACED, story=story, placement=placement)
        await self.backfills.matched(sent, after)
        found = await self.backfills.find(sent.id)
        assert found is not None
        return found

    def file(self, one: Backfill) -> Path:
        return self.store.media / one.path


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


async def test_all_that_is_known_of_one_comes_back_from_its_row(room):
    async with room.open():
        placed = await room.placed()
        assert Backfill.from_detail(placed.id, placed.detail()) == placed
    async with room.open():
        assert await room.backfills.find(placed.id) == placed


@pytest.mark.fault("F14", "I3")
async def test_f14_rows_that_an_older_database_lacks_come_back_from_the_ledger(room):
    async with room.open():
        placed = await room.placed()
        await room.backfills.reject(placed, note="不是", principal="user:li.wei")
        async with room.database.write() as connection:
            await connection.execute(delete(backfills))
            await connection.execute(delete(backfills_replayed))
    async with room.open():
        found = await room.backfills.find(placed.id)
        assert (found.state, found.words, found.placement) == (BackfillState.REJECTED, "不是", placed.placement)


async def test_a_file_that_neither_rows_nor_ledger_know_has_its_row_from_what_stands_beside_it(room):
    async with room.open():
        sent = await room.sent()
        async with room.database.write() as connection:
            await connection.execute(delete(backfills))
    async with room.open():  # the ledger is past that entry: it was replayed by the last start
        assert await room.backfills.find(sent.id) is not None
        async with room.database.write() as connection:
            await connection.execute(delete(backfills))
    async with room.open():
        found = await room.backfills.find(sent.id)
        assert (found.sha256, found.sent_by, found.state) == (sent.sha256, sent.sent_by, BackfillState.RECEIVED)
        newest = await room.ledger.newest("backfill.", room.ledger.statistics().entries + 1, 1)
        assert newest[0].action == "backfill.adopt"


async def test_what_was_whole_when_the_server_died_is_kept_by_the_next_start(room):
    async with room.open():
        upload = await room.uploads.begin(NewUpload("dev1", "main", "north", "1.mp4", len(DATA), "device:dev1"))
        async with room.uploads.turn(upload) as turn:
            await turn.append([DATA])
            await turn.sync()
    async with room.open():
        found = await room.backfills.find(upload.id)
        assert room.file(found).read_bytes() == DATA
        assert room.uploads.find(upload.id) is None


async def test_the_check_names_what_is_altered_missing_or_unknown(room):
    async with room.open():
        one, store = await room.sent(), room.store.originals
        report = await check_originals(room.database, store, deep=True)
        assert (report.originals, report.size_bytes, report.faults) == (1, len(DATA), [])
        assert not list(room.store.segments())
        assert not list(room.store.strays())  # `rebuild` sets nothing of it aside
        data = bytearray(DATA)
        data[300] ^= 1
        room.file(one).write_bytes(data)
        [fault] = (await check_originals(room.database, store, deep=True)).faults
        assert "altered bytes" in fault.words
        assert not (await check_originals(room.database, store, deep=False)).faults
        room.file(one).rename(room.file(one).with_name(f"{NEXT}.mp4"))
        words = {fault.words for fault in (await check_originals(room.database, store, deep=False)).faults}
        assert words == {"its row has no file", "it has no row: the next start gives it one"}


def clip_of(*references: Reference) -> Keeping:
    passage = Passage("dev1", "main", "north", 0, 1, references)
    return Keeping("K" * 26, KeepingKind.CLIP, passage, "", "", "", "user:x", 0, 1)


def live_segment() -> SegmentFact:
    start = START_UTC_NS - 10 * S
    return SegmentFact("0" * 26, STREAM, "x.mp4", start, start + 5 * S, 1, 126, 9, bytes(32), sealed=True)


async def test_an_original_goes_when_it_is_old_and_nothing_of_its_interval_is_kept(room):
    async with room.open():
        placed = await room.placed()
        assert await room.expiry.turn() == 0
        for _ in range(184):
            room.clock.advance(24 * 3600)
            room.expiry._time.utc_ns()
        assert await room.expiry.turn() == 1
        assert not room.file(placed).exists()
        found = await room.backfills.find(placed.id)
        assert found.state is BackfillState.EXPIRED
        assert await room.backfills.lying("dev1", "main", 0, 1 << 62) == []
    async with room.open():
        assert (await room.backfills.find(placed.id)).state is BackfillState.EXPIRED


@pytest.mark.parametrize(
    "kept",
    [
        Reference(STREAM, 126, 126),  # the gap itself, by its number
        Reference(STREAM, 1, 50),  # live pictures that it lies beside
        Reference(NEXT, 1, 9),  # what comes behind the gap between two streams
    ],
)
async def test_no_original_goes_while_a_clip_points_at_what_it_closes(room, kept):
    async with room.open():
        placed = await room.placed()
        start = START_UTC_NS - 5 * S
        room.footage = Footage((), (GapFact(NEXT, 0, 1, 0, GapCause.OFFLINE, start, start + 60 * S),))
        room.pins.put(clip_of(kept))
        for _ in range(400):
            room.clock.advance(24 * 3600)
            room.expiry._time.utc_ns()
        assert await room.expiry.turn() == 0
        assert room.file(placed).exists()
        room.pins.drop("K" * 26, [kept])
        assert await room.expiry.turn() == 1


async def test_no_original_goes_before_the_live_footage_around_it(room):
    async with room.open():
        placed = await room.placed()
        room.footage = Footage((live_segment(),), ())
        for _ in range(400):
            room.clock.advance(24 * 3600)
            room.expiry._time.utc_ns()
        assert await room.expiry.turn() == 0
        assert room.file(placed).exists()


async def test_a_clock_that_steps_ahead_takes_nothing(room):
    async with room.open():
        placed = await room.placed()
        room.clock.step_wall(400 * 24 * 3600)
        assert await room.expiry.turn() == 0
        assert room.file(placed).exists()

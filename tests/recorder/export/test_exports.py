"""Exports as jobs: pinned while they wait, one at a time, found again after a start, gone after a week."""

import asyncio
import errno
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.registry import Conflict, Invalid
from media import Reference
from recorder import Footage, Keeping, KeepingKind, Passage, Pins, Removal
from recorder.disk_watch import DiskSpace
from recorder.export import (
    Cancelled,
    ExportFailed,
    Exports,
    ExportState,
    Order,
    Shelf,
    WrittenBundle,
    pin_exports,
    replay_exports,
)
from recorder.export.limits import ALONE_CLIPS_MAX, ITEMS_MAX
from storage import UlidFactory
from storage.database import Database
from storage.ledger import Ledger
from tests.storage.manual_clock import ManualClock
from tests.storage.ready_database import ready_database

STREAM = "0" * 26
DAY_S = 24 * 3_600
PLENTY = DiskSpace(1 << 50, 1 << 49)


class Workshop:
    """Makes bundles of five bytes, or does what a test wants instead."""

    def __init__(self):
        self.made, self.failure, self.waits = [], None, None

    async def __call__(self, export, running):
        self.made.append(export.id)
        if self.waits is not None:
            await self.waits.wait()
        running.tell("writing", 5, 5)
        if self.failure is not None:
            raise self.failure
        running.path.write_bytes(b"bytes")
        return WrittenBundle("ab" * 32, 5)


class Office:
    def __init__(self, exports, pins, workshop, clock, database, ledger):
        self.exports, self.pins, self.workshop = exports, pins, workshop
        self.clock, self.database, self.ledger = clock, database, ledger

    def clip(self, n=1):
        now_ns = self.clock.utc_ns()
        passage = Passage("dev1", "main", "unit1", now_ns - 60_000_000_000, now_ns, (Reference(STREAM, n, n + 9),))
        return Keeping(f"{n:026}", KeepingKind.CLIP, passage, "", "", "", "user:a", now_ns, 1)

    async def order(self, *clips, by="user:a", **more):
        order = Order(clips=clips or (self.clip(),), reason="court", **more)
        return (await self.exports.create(order, by))[0]

    async def over(self, export):
        async with asyncio.timeout(20):
            while True:
                found = await self.exports.find(export.id)
                if found.state is not ExportState.WAITING:
                    return found
                await asyncio.sleep(0.005)

    async def begun(self, export):
        async with asyncio.timeout(20):
            while True:
                if self.exports.running(export.id) is not None:
                    return
                await asyncio.sleep(0.005)

    async def acts(self, export):
        page = await self.ledger.query(subject=export.id, limit=100)
        return [entry.action for entry in reversed(page.items)]

    def held(self, n=1):
        return self.pins.held(STREAM, n, n, self.clock.utc_ns())


@asynccontextmanager
async def office_in(folder, *, working=True, space=PLENTY):
    clock, pins, workshop = ManualClock(), Pins(), Workshop()
    url = f"sqlite+aiosqlite:///{folder / 'mingjing.sqlite3'}"
    if not (folder / "mingjing.sqlite3").exists():
        ready_database(url)
    database = await Database.open(url)
    async with Ledger.open(folder / "ledger", database, clock) as ledger:
        known = await replay_exports(database, ledger)
        pin_exports(pins, known)

        async def recordings(*_):
            return Footage((), ())

        async def find(*_):
            return (Reference(STREAM, 1, 9),)

        exports = Exports(
            database=database,
            ledger=ledger,
            clock=clock,
            new_id=UlidFactory(clock),
            pins=pins,
            shelf=Shelf(folder / "exports", 0.1, lambda _: space),
            recordings=recordings,
            find=find,
            make=workshop,
            rest_ns=7 * DAY_S * 1_000_000_000,
        )
        exports.shelf.open()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(exports.run(known)) if working else None
            yield Office(exports, pins, workshop, clock, database, ledger)
            if running is not None:
                running.cancel()
    await database.close()


@pytest.fixture
async def office(tmp_path):
    async with office_in(tmp_path) as opened:
        yield opened


async def test_footage_is_pinned_while_a_package_waits_and_free_once_it_is_made(office):
    office.workshop.waits = asyncio.Event()
    export = await office.order()
    assert office.held()
    office.workshop.waits.set()
    assert (await office.over(export)).state is ExportState.READY
    assert not office.held()
    assert await office.acts(export) == ["export.create", "export.ready"]


async def test_one_is_made_at_a_time_in_the_order_in_which_they_came(office):
    office.workshop.waits = asyncio.Event()
    first, second = await office.order(), await office.order()
    await office.begun(first)
    assert office.workshop.made == [first.id]
    assert [office.exports.state_of(one).value for one in (first, second)] == ["running", "waiting"]
    office.workshop.waits.set()
    await office.over(second)
    assert office.workshop.made == [first.id, second.id]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ExportFailed("The copy with words cannot be made: x.", "Do."), "The copy with words cannot be made: x."),
        (OSError(errno.EIO, "Input/output error"), "Footage of it cannot be read: Input/output error."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (ValueError("a part of another size"), "The server made a mistake with it."),
    ],
)
async def test_what_cannot_be_made_says_why_and_what_to_do_and_keeps_nothing(office, failure, words):
    office.workshop.failure = failure
    failed = await office.over(await office.order())
    assert (failed.state, failed.failure, bool(failed.fix)) == (ExportState.FAILED, words, True)
    assert not office.held()
    assert list(office.exports.shelf.folder.iterdir()) == []
    office.workshop.failure = None
    assert (await office.over(await office.order())).state is ExportState.READY


async def test_what_is_cancelled_while_it_is_made_is_not_there_in_the_end(office):
    office.workshop.waits = asyncio.Event()
    export = await office.order()
    await office.begun(export)
    await office.exports.cancel(export, "user:b")
    with pytest.raises(Cancelled):
        office.exports.running(export.id).tell("writing")
    office.workshop.waits.set()
    other = await office.over(await office.order())
    assert (await office.exports.find(export.id)).state is ExportState.CANCELLED
    assert [path.stem for path in office.exports.shelf.folder.iterdir()] == [other.id]
    with pytest.raises(Conflict):
        await office.exports.cancel(await office.exports.find(export.id), "user:b")


async def test_a_start_begins_anew_what_waited_pins_it_and_removes_half_bundles(tmp_path):
    async with office_in(tmp_path, working=False) as office:
        export = await office.order()
        folder = office.exports.shelf.folder
        (folder / f"{export.id}.zip.part").write_bytes(b"half")
        (folder / "making-abc").mkdir()
        (folder / "notes.txt").write_text("of a person")
    async with office_in(tmp_path, working=False) as office:
        assert office.held()
    async with office_in(tmp_path) as office:
        assert (await office.over(export)).state is ExportState.READY
        assert sorted(path.name for path in folder.iterdir()) == [f"{export.id}.zip", "notes.txt"]


async def test_an_order_that_the_database_lost_comes_back_from_the_ledger(tmp_path):
    async with office_in(tmp_path) as office:
        export = await office.order()
        ready = await office.over(export)
        alone = await office.order(*[office.clip(n) for n in range(1, ALONE_CLIPS_MAX + 2)])
        agreed = await office.exports.agree(alone, "user:b")
        ended = await office.over(agreed)
        await office.exports.cancel(ended, "user:c")
    for file in tmp_path.glob("mingjing.sqlite3*"):
        file.unlink()
    async with office_in(tmp_path) as office:
        assert await office.exports.find(export.id) == ready
        found = await office.exports.find(alone.id)
        assert (found.state, found.agreed_by, found.ended_by) == (ExportState.CANCELLED, "user:b", "user:c")
        assert len(found.items) == ALONE_CLIPS_MAX + 1


async def test_an_act_whose_commit_failed_gives_way_to_the_one_that_took_its_place(tmp_path):
    async with office_in(tmp_path, working=False) as office:
        export = await office.order()
        never = replace(export, state=ExportState.CANCELLED, ended_by="user:b", version=2)
        detail = never.changes_from(export)
        await office.ledger.append(principal="user:b", action="export.cancel", subject=export.id, detail=detail)
    async with office_in(tmp_path, working=False) as office:  # a start that learns of it believes it
        assert (await office.exports.find(export.id)).state is ExportState.CANCELLED
    for file in tmp_path.glob("mingjing.sqlite3*"):
        file.unlink()
    async with office_in(tmp_path, working=False) as office:
        other = replace(export, state=ExportState.READY, sha256="ab" * 32, size_bytes=5, version=2)
        await office.ledger.append(
            principal="system", action="export.ready", subject=export.id, detail=other.changes_from(export)
        )
    for file in tmp_path.glob("mingjing.sqlite3*"):
        file.unlink()
    async with office_in(tmp_path, working=False) as office:
        found = await office.exports.find(export.id)
        assert (found.state, found.ended_by) == (ExportState.READY, "")


async def test_without_room_nothing_is_ordered_and_it_is_said_how_much_is_needed(tmp_path):
    async with office_in(tmp_path, space=DiskSpace(100_000_000, 10_500_000)) as office:
        with pytest.raises(Conflict, match=r"2 MB are needed, 1 MB are there"):
            await office.order()
        assert not office.held()


async def test_more_than_a_package_can_hold_is_refused(office):
    with pytest.raises(Invalid):
        await office.order(*[office.clip(n) for n in range(1, ITEMS_MAX + 2)])
    wide = replace(office.clip(), passage=replace(office.clip().passage, references=(Reference(STREAM, 1, 2),) * 301))
    with pytest.raises(Invalid, match="301 pieces"):
        await office.order(wide)


async def test_the_largest_order_fits_into_a_line_of_the_ledger(office):
    clips = [office.clip(n) for n in range(1, ITEMS_MAX + 1)]
    clips = [replace(one, passage=replace(one.passage, references=one.passage.references * 3)) for one in clips]
    export = await office.order(*clips, case="0" * 26, case_no="案" * 64)
    assert export.waits_for_agreement


async def test_a_clip_whose_footage_is_free_is_not_handed_out(office):
    free = replace(office.clip(), removal=Removal("user:a", 0, "why", "user:b", 1))
    with pytest.raises(Conflict, match="free"):
        await office.order(free)

"""Clips and holds keep their footage: against the ring, a database from before, clocks that jump and full disks."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete

from gateway.registry import Conflict, Invalid
from media import Reference
from recorder import Index, KeepingKind, Kept, KeptFilter, Pins, Ring, RingLimits, find_references, replay
from recorder.disk_watch import DiskSpace
from recorder.kept.keeping import REMORSE_NS
from recorder.kept.tables import kept as kept_table
from recorder.kept.tables import kept_replayed
from recorder.retention import Keeper, TrustedTime, first_belief
from storage import EndFlag, SealedSegment, SegmentHeader, UlidFactory
from storage.database import Database
from storage.ledger import Ledger, LedgerUnavailable
from tests.storage.footage import GOP, MORNING_NS, PICTURE_NS, StoppedClock
from tests.storage.ready_database import ready_database

MINUTE_NS = 60_000_000_000
DAY_NS = 24 * 60 * MINUTE_NS
CLIP, HOLD = KeepingKind.CLIP, KeepingKind.HOLD
EVERYTHING_GOES = RingLimits(max_age_ns=-1)


class Shelf:
    """Rows of segments, five minutes each, whose files nobody has, and what stands on them."""

    def __init__(self, database, ledger, clock):
        self.database, self.ledger, self.clock = database, ledger, clock
        self.index, self.new_id = Index(database), UlidFactory(clock)
        self.segments = []
        self.media = Path("/nowhere")
        self.space = DiskSpace(1_000_000, 500_000)
        self.open()

    def open(self, known=()):
        self.pins = Pins(known)
        self.kept = Kept(self.database, self.ledger, self.clock, self.new_id, self.pins, self.find)

    async def record(self, count, device="dev1"):
        stream = self.new_id()
        for number in range(count):
            first, start = 1 + 100 * number, self.clock.utc
            header = SegmentHeader(device, "main", stream, self.new_id(), "node1", 1, start, first)
            self.clock.pass_s(300)
            sealed = SealedSegment(
                header=header,
                size_bytes=1_000,
                journal_bytes=100,
                digest=bytes(32),
                last_sequence=first + 99,
                start_utc_ns=start,
                end_utc_ns=self.clock.utc,
                fragments=100,
                gaps=(),
                end=EndFlag.NONE,
                end_cause=None,
                cut_bytes=0,
            )
            self.segments.append(sealed)
        await self.index.add(self.segments[-count:])
        return self.segments[-count:]

    async def find(self, device, channel, start_utc_ns, end_utc_ns):
        """By whole segments: there are no journals here."""
        footage = await self.index.recordings(device, channel, start_utc_ns, end_utc_ns)
        return tuple(Reference(one.stream, one.first_sequence, one.last_sequence) for one in footage.segments)

    async def keep(self, kind, segment, until=None, **more):
        more = {"note": "why", "principal": "user:one", **more}
        end = (until or segment).end_utc_ns
        place = {"device": segment.header.device, "channel": "main", "unit": "u"}
        return await self.kept.keep(kind, **place, start_utc_ns=segment.start_utc_ns, end_utc_ns=end, **more)

    def ring(self, limits, believed=None):
        keeper = Keeper(self.clock, limits.max_age_ns, time=TrustedTime(self.clock, believed))
        tell = lambda *_: None  # noqa: E731
        return Ring(self.index, self, self.clock, limits, self.pins, tell, lambda _: self.space, keeper)

    def remove(self, path):
        pass

    async def left(self):
        return [row.id for row in await self.index.oldest(1_000)]


@asynccontextmanager
async def shelf_in(folder, clock=None):
    url = f"sqlite+aiosqlite:///{folder / 'mingjing.sqlite3'}"
    ready_database(url)
    clock = clock or StoppedClock()
    database = await Database.open(url)
    try:
        async with Ledger.open(folder / "ledger", database, clock) as ledger:
            yield Shelf(database, ledger, clock)
    finally:
        await database.close()


@pytest.fixture
async def shelf(tmp_path):
    async with shelf_in(tmp_path) as opened:
        yield opened


def ids(segments):
    return [segment.header.segment for segment in segments]


async def test_the_ring_passes_over_what_is_kept_and_takes_the_next_oldest(shelf):
    segments = await shelf.record(12)
    await shelf.keep(CLIP, segments[1], case="case-1")
    await shelf.keep(HOLD, segments[3], until=segments[4])
    ring = shelf.ring(RingLimits(max_age_ns=1 << 62, max_bytes=5 * 1_100))
    await ring.turn()
    assert await shelf.left() == ids([segments[n] for n in (1, 3, 4, 10, 11)])
    await shelf.ring(EVERYTHING_GOES).turn()
    assert await shelf.left() == ids([segments[n] for n in (1, 3, 4)])


async def test_what_is_kept_goes_by_two_peoples_word_and_seven_days_later(shelf):
    segments = await shelf.record(3)
    clip = await shelf.keep(CLIP, segments[0])
    ring = shelf.ring(EVERYTHING_GOES)
    asked = await shelf.kept.ask_removal(clip, reason="wrong case", principal="user:one")
    await ring.turn()
    with pytest.raises(Conflict, match="cannot agree"):
        await shelf.kept.agree_removal(asked, principal="user:one")
    agreed = await shelf.kept.agree_removal(asked, principal="user:two")
    shelf.clock.pass_s(REMORSE_NS / 1e9 - 3_700)
    await ring.turn()
    assert await shelf.left() == ids(segments[:1])
    shelf.clock.pass_s(3_700)
    await ring.turn()
    assert await shelf.left() == []
    with pytest.raises(Conflict, match="may be gone"):
        await shelf.kept.withdraw_removal(agreed, principal="user:one")


async def test_a_machine_that_boots_with_its_clock_ahead_frees_nothing_of_what_is_in_its_seven_days(shelf):
    segments = await shelf.record(1)
    clip = await shelf.keep(CLIP, segments[0])
    asked = await shelf.kept.ask_removal(clip, reason="wrong case", principal="user:one")
    await shelf.kept.agree_removal(asked, principal="user:two")
    believed = first_belief(segments[0].end_utc_ns, shelf.clock.utc)
    shelf.clock.utc += 400 * DAY_NS  # a flat battery, and no network yet
    ring = shelf.ring(EVERYTHING_GOES, believed)
    await ring.turn()
    shelf.clock.pass_s(23 * 3_600)
    await ring.turn()
    assert await shelf.left() == ids(segments)


async def test_while_nobody_has_set_the_clock_no_seven_days_begin(shelf):
    """They would be over as soon as somebody does."""
    segments = await shelf.record(1)
    asked = await shelf.kept.ask_removal(await shelf.keep(CLIP, segments[0]), reason="over", principal="user:one")
    shelf.clock.utc = 60 * 10**9
    with pytest.raises(Conflict, match="clock"):
        await shelf.kept.agree_removal(asked, principal="user:two")


async def test_within_the_seven_days_it_can_be_kept_after_all(shelf):
    segments = await shelf.record(1)
    clip = await shelf.keep(CLIP, segments[0])
    asked = await shelf.kept.ask_removal(clip, reason="wrong case", principal="user:one")
    agreed = await shelf.kept.agree_removal(asked, principal="user:two")
    shelf.clock.pass_s(6 * 24 * 3_600)
    await shelf.kept.withdraw_removal(agreed, principal="user:three")
    shelf.clock.pass_s(60 * 24 * 3_600)
    await shelf.ring(EVERYTHING_GOES).turn()
    assert await shelf.left() == ids(segments)


async def test_who_changes_an_older_one_than_there_is_changes_nothing(shelf):
    segments = await shelf.record(1)
    clip = await shelf.keep(CLIP, segments[0])
    await shelf.kept.edit(clip, case="case-2", stage="", note="", principal="user:one")
    with pytest.raises(Conflict, match="meanwhile"):
        await shelf.kept.ask_removal(clip, reason="old", principal="user:two")


@pytest.mark.parametrize("case", ["backwards", "long", "empty", "not over yet", "no reason"])
async def test_what_cannot_be_kept_is_refused_in_words(shelf, case):
    segments = await shelf.record(1)
    start, end = segments[0].start_utc_ns, segments[0].end_utc_ns
    wrong = {"backwards": (end, start), "long": (start, start + 2 * DAY_NS), "not over yet": (start, end + MINUTE_NS)}
    start, end = wrong.get(case, (start, end))
    device = "dev2" if case == "empty" else "dev1"
    note = " " if case == "no reason" else "why"
    with pytest.raises(Invalid) as refused:
        await shelf.kept.keep(
            HOLD, device=device, channel="main", unit="u", start_utc_ns=start, end_utc_ns=end, note=note, principal="p"
        )
    assert refused.value.field
    assert refused.value.fix
    await shelf.ring(EVERYTHING_GOES).turn()
    assert await shelf.left() == []  # and pins nothing


async def test_without_the_ledger_nothing_is_kept_and_nothing_stays_pinned(shelf, monkeypatch):
    segments = await shelf.record(1)

    async def refuse(**_):
        raise LedgerUnavailable("disk full")

    monkeypatch.setattr(shelf.ledger, "append", refuse)
    with pytest.raises(LedgerUnavailable):
        await shelf.keep(CLIP, segments[0])
    assert not shelf.pins.held(segments[0].header.stream, 1, 100, 0)
    assert (await shelf.kept.page(KeptFilter(CLIP))).total == 0


async def test_rows_that_are_older_than_the_ledger_are_made_again_from_it(shelf):
    """F14: a database from before; and one that is empty."""
    segments = await shelf.record(4)
    early = await shelf.keep(CLIP, segments[0], case="case-1")
    await replay(shelf.database, shelf.ledger, shelf.clock.utc)
    before = await _rows(shelf)
    edited = await shelf.kept.edit(early, case="case-2", stage="evidence", note="", principal="user:one")
    late = await shelf.keep(HOLD, segments[2])
    asked = await shelf.kept.ask_removal(late, reason="decided", principal="user:one")
    for rows in (before, [], None):
        if rows is not None:
            async with shelf.database.write() as connection:
                await connection.execute(delete(kept_table))
                await connection.execute(delete(kept_replayed))
                if rows:
                    await connection.execute(kept_table.insert(), rows)
        again = await replay(shelf.database, shelf.ledger, shelf.clock.utc)
        assert sorted(again, key=lambda one: one.id) == [edited, asked]
        pins = Pins(again)
        assert pins.held(segments[2].header.stream, 201, 201, 0)
        assert not pins.held(segments[2].header.stream, 301, 400, 0)


async def test_a_removal_whose_commit_failed_leaves_its_seven_days_from_the_start_that_learns_of_it(shelf, monkeypatch):
    segments = await shelf.record(1)
    clip = await shelf.keep(CLIP, segments[0])
    asked = await shelf.kept.ask_removal(clip, reason="wrong case", principal="user:one")
    append = shelf.ledger.append

    async def written_but_not_committed(**more):
        await append(**{name: value for name, value in more.items() if name != "connection"})
        raise LedgerUnavailable("too late")

    with monkeypatch.context() as failing:
        failing.setattr(shelf.ledger, "append", written_but_not_committed)
        with pytest.raises(LedgerUnavailable):
            await shelf.kept.agree_removal(asked, principal="user:two")
    shelf.clock.pass_s(REMORSE_NS / 1e9 + 3_600)
    (known,) = await replay(shelf.database, shelf.ledger, shelf.clock.utc)
    assert known.free_utc_ns == shelf.clock.utc + REMORSE_NS
    shelf.open([known])
    await shelf.ring(EVERYTHING_GOES).turn()
    assert await shelf.left() == ids(segments)
    again = await shelf.kept.find(CLIP, clip.id)
    assert (await shelf.kept.withdraw_removal(again, principal="user:one")).removal is None


async def test_while_a_withdrawal_waits_for_the_ledger_the_ring_does_not_come_between(shelf, monkeypatch):
    segments = await shelf.record(1)
    asked = await shelf.kept.ask_removal(await shelf.keep(CLIP, segments[0]), reason="over", principal="user:one")
    agreed = await shelf.kept.agree_removal(asked, principal="user:two")
    shelf.clock.pass_s(REMORSE_NS / 1e9 - 1)
    append = shelf.ledger.append

    async def slow(**more):
        shelf.clock.pass_s(10)
        await shelf.ring(EVERYTHING_GOES).turn()
        return await append(**more)

    monkeypatch.setattr(shelf.ledger, "append", slow)
    # The writer of the database is held meanwhile, so the ring waits in earnest only where it finds something free.
    async with asyncio.timeout(20):
        await shelf.kept.withdraw_removal(agreed, principal="user:one")
    assert await shelf.left() == ids(segments)


async def test_a_withdrawal_that_the_ledger_refuses_leaves_the_removal_as_it_was(shelf, monkeypatch):
    segments = await shelf.record(1)
    asked = await shelf.kept.ask_removal(await shelf.keep(CLIP, segments[0]), reason="over", principal="user:one")
    agreed = await shelf.kept.agree_removal(asked, principal="user:two")

    async def refuse(**_):
        raise LedgerUnavailable("disk full")

    with monkeypatch.context() as failing:
        failing.setattr(shelf.ledger, "append", refuse)
        with pytest.raises(LedgerUnavailable):
            await shelf.kept.withdraw_removal(agreed, principal="user:one")
    shelf.clock.pass_s(REMORSE_NS / 1e9)
    await shelf.ring(EVERYTHING_GOES).turn()
    assert await shelf.left() == []


async def _rows(shelf):
    async with shelf.database.read() as connection:
        return [dict(row._mapping) for row in (await connection.execute(kept_table.select())).all()]


async def test_lists_are_newest_first_in_pages_and_by_case_device_and_time(shelf):
    segments = await shelf.record(6)
    made = [await shelf.keep(CLIP, segment, case=f"case-{number % 2}") for number, segment in enumerate(segments)]
    first = await shelf.kept.page(KeptFilter(CLIP), limit=4)
    second = await shelf.kept.page(KeptFilter(CLIP), limit=4, cursor=first.next_cursor)
    assert [*first.items, *second.items] == made[::-1]
    assert (first.total, second.next_cursor) == (6, None)
    assert (await shelf.kept.page(KeptFilter(CLIP, case="case-1"))).items == tuple(made[1::2][::-1])
    middle = KeptFilter(CLIP, from_utc_ns=segments[1].end_utc_ns, to_utc_ns=segments[3].start_utc_ns)
    assert (await shelf.kept.page(middle)).items == (made[2],)
    assert (await shelf.kept.page(KeptFilter(HOLD))).total == 0
    assert await shelf.kept.find(HOLD, made[0].id) is None


async def test_the_clips_of_a_case_are_counted_by_its_stages_while_they_stand(shelf):
    segments = await shelf.record(5)
    for segment, stage in zip(segments, ("decision", "decision", "service", ""), strict=False):
        last = await shelf.keep(CLIP, segment, case="case-1", stage=stage)
    await shelf.keep(HOLD, segments[4], case="case-1", stage="filing")
    counted = {"case-1": {"decision": 2, "service": 1, "": 1}}
    assert await shelf.kept.clips_by_stage(["case-1", "case-2"]) == counted
    asked = await shelf.kept.ask_removal(last, reason="wrong case", principal="user:one")
    await shelf.kept.agree_removal(asked, principal="user:two")
    shelf.clock.pass_s(REMORSE_NS / 1e9)
    assert await shelf.kept.clips_by_stage(["case-1"]) == {"case-1": {"decision": 2, "service": 1}}


async def test_an_interval_is_found_from_its_key_picture_to_its_last_unit(stage, index):
    device = stage.device()
    device.push(3 * GOP)
    device.end()
    stage.turn()
    await index.add(stage.sealed)
    find = partial(find_references, index.recordings, stage.store.media)
    start = device.placed(GOP + 11)
    assert await find("dev1", "main", start, start + 10 * PICTURE_NS) == (
        Reference(device.stream.stream_id, GOP + 1, GOP + 20),
    )
    assert await find("dev1", "main", MORNING_NS - DAY_NS, MORNING_NS - MINUTE_NS) == ()
    assert await find("dev1", "main", 0, 1 << 62) == (Reference(device.stream.stream_id, 1, 3 * GOP),)

"""Policies by unit, the ring that obeys them, what is certified of a deletion, and what is planned before it."""

from contextlib import asynccontextmanager

import pytest
from sqlalchemy import delete, select

from gateway.registry import Conflict, Invalid
from recorder import KeepingKind, Ring, RingLimits
from recorder.disk_watch import DiskSpace
from recorder.kept.keeping import REMORSE_NS
from recorder.retention import (
    FOOTAGE,
    FOR_EVER,
    HOUSE,
    KEPT,
    CaseFile,
    CaseFiles,
    Certificates,
    Keeper,
    Outlook,
    Places,
    Policies,
    WrittenDown,
    fold,
    load_retention,
)
from recorder.retention.tables import retention_deletions, retention_places, retention_policies, retention_replayed
from storage.ledger import LedgerUnavailable
from tests.recorder.test_kept import DAY_NS, ids, shelf_in

CLIP, HOLD = KeepingKind.CLIP, KeepingKind.HOLD
HOUSE_DAYS = 183
TREE = {"city": ("city",), "north": ("north", "city"), "south": ("south", "city")}


class Desk:
    """A shelf with policies, places and cases, and a ring that goes by them."""

    def __init__(self, shelf):
        self.shelf, self.units, self.ended = shelf, {"dev1": "north", "dev2": "south"}, {}

    async def open(self, **limits):
        shelf, house = self.shelf, HOUSE_DAYS * DAY_NS
        self.book, self.places = await load_retention(
            shelf.database, shelf.ledger, house, lambda unit: TREE.get(unit, ()), shelf.clock.utc
        )
        self.policies = Policies(shelf.database, shelf.ledger, shelf.clock, self.book)
        self.case_files = CaseFiles(self.book, self.case)
        self.certificates = Certificates(shelf.database, shelf.ledger, shelf.clock)
        beside = WrittenDown(
            shelf.database, Places(shelf.database, shelf.ledger, self.places), self.certificates, lambda: self.units
        )
        self.keeper = Keeper(shelf.clock, house, self.book, self.places, self.case_files, beside=beside)
        self.outlook = Outlook(shelf.database, shelf.index, shelf.pins, self.places, self.case_files)
        self.ring = Ring(
            shelf.index,
            shelf,
            shelf.clock,
            RingLimits(max_age_ns=house, **limits),
            shelf.pins,
            lambda *told: self.told.append(told[0]),
            lambda _: self.space(),
            self.keeper,
        )
        self.told = []
        await self.turn()
        return self

    def space(self):
        """Each segment that went makes room."""
        total, free = self.shelf.space.total_bytes, self.shelf.space.free_bytes
        return DiskSpace(total, free + 1_100 * self.ring.deleted)

    async def case(self, case):
        return CaseFile("north", self.ended[case]) if case in self.ended else None

    async def turn(self):
        await self.keeper.before_turn()
        await self.ring.turn()
        await self.keeper.after_turn()

    async def decide(self, unit, days=None, tagged=None):
        before = self.policies.find(unit)
        version = 0 if before is None else before.version
        return await self.policies.decide(
            unit, untagged_days=days, tagged=tagged, note="why", version=version, principal="user:one"
        )

    async def pass_days(self, days):
        """The ring looks at the clock meanwhile, as it does."""
        for _ in range(4):
            self.shelf.clock.pass_s(days * 86_400 / 4)
            await self.turn()

    async def entries(self, action):
        return list((await self.shelf.ledger.query(action=action)).items)

    async def plan(self, days, book=None):
        now_ns = self.shelf.clock.utc
        return await self.outlook.plan(book or self.book, now_ns, (now_ns // DAY_NS + days) * DAY_NS)


@asynccontextmanager
async def desk_in(folder, **limits):
    async with shelf_in(folder) as shelf:
        yield await Desk(shelf).open(**limits)


@pytest.fixture
async def desk(tmp_path):
    async with desk_in(tmp_path) as opened:
        yield opened


# Policies


async def test_a_unit_without_a_word_of_its_own_does_as_the_unit_above_it_and_at_the_top_as_the_house(desk):
    def days(unit):
        return desk.book.untagged_ns(unit, desk.shelf.clock.utc + 8 * DAY_NS) / DAY_NS

    assert days("north") == HOUSE_DAYS
    await desk.decide(HOUSE, days=200)
    await desk.decide("city", days=300)
    await desk.decide("north", days=400)
    assert (days("north"), days("south"), days("elsewhere")) == (400, 300, 200)
    assert [desk.book.deciding_unit(unit) for unit in ("north", "south", "elsewhere")] == ["north", "city", HOUSE]


async def test_what_is_shorter_counts_seven_days_later_and_what_is_longer_at_once(desk):
    now = desk.shelf.clock.utc
    await desk.decide("north", days=400)
    assert desk.book.untagged_ns("north", now) == 400 * DAY_NS
    await desk.decide("north", days=30)
    assert desk.book.untagged_ns("north", now + REMORSE_NS - 1) == 400 * DAY_NS
    assert desk.book.untagged_ns("north", now + REMORSE_NS) == 30 * DAY_NS
    await desk.decide("north")  # none of its own any more: as the house
    assert desk.book.untagged_ns("north", now) == 400 * DAY_NS
    assert desk.book.untagged_ns("north", now + REMORSE_NS) == HOUSE_DAYS * DAY_NS


@pytest.mark.parametrize("wrong", [{"days": 29}, {"days": 36_501}, {"tagged": 0}, {"tagged": 101}])
async def test_below_the_laws_least_and_what_cannot_be_is_refused(desk, wrong):
    with pytest.raises(Invalid) as refused:
        await desk.decide("north", **wrong)
    assert refused.value.field in ("untagged_days", "tagged")


async def test_who_changes_an_older_policy_than_there_is_changes_nothing(desk):
    await desk.decide("north", days=100)
    with pytest.raises(Conflict, match="meanwhile"):
        await desk.policies.decide("north", untagged_days=90, tagged=None, note="why", version=0, principal="user:two")
    assert [entry.detail["untagged_days"] for entry in await desk.policies.history("north")] == [100]


async def test_a_policy_that_the_ledger_refuses_is_none(desk, monkeypatch):
    async def refuse(**_):
        raise LedgerUnavailable("disk full")

    monkeypatch.setattr(desk.shelf.ledger, "append", refuse)
    with pytest.raises(LedgerUnavailable):
        await desk.decide("north", days=400)
    assert desk.policies.find("north") is None


async def test_policies_and_places_come_back_from_the_ledger(desk):
    """F14: a database that lacks them."""
    await desk.decide("north", days=400, tagged=FOR_EVER)
    last = await desk.decide("north", days=300, tagged=5)
    desk.units["dev1"] = "south"
    await desk.pass_days(1)
    stays = desk.places.stays("dev1")
    async with desk.shelf.database.write() as connection:
        for table in (retention_policies, retention_places, retention_replayed):
            await connection.execute(delete(table))
    await desk.open()
    again = desk.policies.find("north")
    assert (again.untagged_days, again.tagged, again.version) == (300, 5, last.version)
    assert again.earlier.until_utc_ns == desk.shelf.clock.utc + REMORSE_NS  # nobody knows whether its author was told
    assert desk.places.stays("dev1") == stays
    assert [unit for _, _, unit in stays] == ["north", "south"]


# The ring


async def test_footage_grows_as_old_as_the_policy_of_its_unit_lets_it(desk):
    await desk.decide("north", days=400)
    await desk.decide("south", days=30)
    north, south = await desk.shelf.record(3, "dev1"), await desk.shelf.record(3, "dev2")
    await desk.pass_days(29)
    assert await desk.shelf.left() == ids([*north, *south])
    await desk.pass_days(3)
    assert await desk.shelf.left() == ids(north)
    await desk.pass_days(365)
    assert await desk.shelf.left() == ids(north)
    await desk.pass_days(5)
    assert await desk.shelf.left() == []


async def test_footage_belongs_to_the_unit_in_which_its_device_was_when_it_recorded(desk):
    await desk.decide("north", days=400)
    await desk.decide("south", days=30)
    before = await desk.shelf.record(2, "dev1")
    desk.units["dev1"] = "south"
    await desk.turn()
    after = await desk.shelf.record(2, "dev1")
    await desk.pass_days(40)
    assert await desk.shelf.left() == ids(before)
    assert after


async def test_a_full_disk_takes_the_oldest_of_all_units_and_nothing_below_the_floor(tmp_path):
    async with desk_in(tmp_path, keep_free=0.5, min_age_ns=30 * DAY_NS) as desk:
        north, south = await desk.shelf.record(2, "dev1"), await desk.shelf.record(2, "dev2")
        await desk.decide("south", days=400)
        desk.shelf.space = DiskSpace(1_000_000, 500_000 - 3 * 1_100)
        await desk.pass_days(20)
        assert len(await desk.shelf.left()) == 4
        assert "ring_short" in desk.told
        await desk.shelf.record(1, "dev1")
        desk.shelf.clock.pass_s(11 * 86_400)
        await desk.turn()
        assert (await desk.shelf.left())[0] == ids(south)[1]
        assert set(ids(north)).isdisjoint(await desk.shelf.left())


async def test_what_two_people_let_go_stays_while_the_file_of_its_case_is_kept(desk):
    (segment,) = await desk.shelf.record(1, "dev1")
    await desk.decide(HOUSE, tagged=2)
    clip = await desk.shelf.keep(CLIP, segment, case="case-1")
    desk.ended["case-1"] = None  # it goes on
    asked = await desk.shelf.kept.ask_removal(clip, reason="over", principal="user:one")
    await desk.shelf.kept.agree_removal(asked, principal="user:two")
    await desk.pass_days(1_000)
    assert await desk.shelf.left() == ids([segment])
    desk.ended["case-1"] = desk.shelf.clock.utc
    await desk.pass_days(729)
    assert await desk.shelf.left() == ids([segment])
    await desk.pass_days(2)
    assert await desk.shelf.left() == []


async def test_a_new_policy_and_a_release_are_noticed_by_a_ring_that_has_gone_by(desk):
    segments = await desk.shelf.record(3, "dev1")
    clip = await desk.shelf.keep(CLIP, segments[0])
    await desk.pass_days(200)
    assert await desk.shelf.left() == ids(segments[:1])
    asked = await desk.shelf.kept.ask_removal(clip, reason="over", principal="user:one")
    await desk.shelf.kept.agree_removal(asked, principal="user:two")
    await desk.pass_days(8)
    assert await desk.shelf.left() == []


# Certificates


async def test_what_went_is_certified_within_the_hour_by_channel_and_rule(desk):
    segments = [*await desk.shelf.record(3, "dev1"), *await desk.shelf.record(2, "dev2")]
    desk.shelf.clock.pass_s(HOUSE_DAYS * 86_400 + 3_600)
    await desk.turn()
    await desk.turn()
    assert await desk.entries(FOOTAGE) == [] or (await desk.entries(FOOTAGE))[0].detail["segments"] == 5
    desk.shelf.clock.pass_s(3_700)
    await desk.turn()
    (entry,) = await desk.entries(FOOTAGE)
    by_device = {told["device"]: told for told in entry.detail["footage"]}
    assert {device: told["segments"] for device, told in by_device.items()} == {"dev1": 3, "dev2": 2}
    assert (by_device["dev1"]["rule"], by_device["dev1"]["unit"]) == ("age", "north")
    assert by_device["dev1"]["folded"] == fold((one.header.segment, one.digest) for one in segments[:3])
    assert by_device["dev1"]["seconds"] == 900
    assert entry.principal == "system"
    async with desk.shelf.database.read() as connection:
        assert (await connection.execute(select(retention_deletions))).all() == []


async def test_what_was_kept_once_is_certified_at_once_and_segment_by_segment(desk):
    segments = await desk.shelf.record(2, "dev1")
    hold = await desk.shelf.keep(HOLD, segments[0])
    asked = await desk.shelf.kept.ask_removal(hold, reason="over", principal="user:one")
    await desk.shelf.kept.agree_removal(asked, principal="user:two")
    await desk.pass_days(HOUSE_DAYS + 1)
    (entry,) = await desk.entries(KEPT)
    assert entry.subject == hold.id
    assert entry.detail["each"] == [[segments[0].header.segment, segments[0].digest.hex()]]


async def test_deletions_that_the_ledger_does_not_take_wait_for_it_and_survive_a_restart(desk, monkeypatch):
    await desk.shelf.record(2, "dev1")
    append = desk.shelf.ledger.append

    async def refuse(**_):
        raise LedgerUnavailable("disk full")

    with monkeypatch.context() as failing:
        failing.setattr(desk.shelf.ledger, "append", refuse)
        desk.shelf.clock.pass_s(HOUSE_DAYS * 86_400 + 3_600)
        await desk.ring.turn()
        assert await desk.shelf.left() == []  # a full disk makes room all the same
        with pytest.raises(LedgerUnavailable):
            await desk.certificates.certify(now=True)
    assert append == desk.shelf.ledger.append
    await desk.open()
    await desk.certificates.certify(now=True)
    assert [entry.detail["segments"] for entry in await desk.entries(FOOTAGE)] == [2]


# The plan


async def test_the_plan_says_what_goes_on_which_day_by_whose_policy_and_the_ring_does_so(desk):
    await desk.decide("south", days=40)
    await desk.shelf.record(3, "dev1")
    await desk.shelf.record(2, "dev2")
    await desk.pass_days(35)
    assert await desk.plan(3) == []
    (planned,) = await desk.plan(7)
    assert (planned.device, planned.unit, planned.rule, planned.segments) == ("dev2", "south", "south", 2)
    assert (planned.size_bytes, planned.seconds) == (2_000, 600)
    before = set(await desk.shelf.left())
    await desk.pass_days(planned.day - desk.shelf.clock.utc // DAY_NS - 1)
    assert set(await desk.shelf.left()) == before
    await desk.pass_days(2)
    assert len(before - set(await desk.shelf.left())) == 2


async def test_nothing_kept_is_in_the_plan_until_two_people_let_it_go(desk):
    segments = await desk.shelf.record(3, "dev1")
    clip = await desk.shelf.keep(CLIP, segments[1])
    await desk.pass_days(HOUSE_DAYS - 3)
    assert sum(one.segments for one in await desk.plan(7)) == 2
    asked = await desk.shelf.kept.ask_removal(clip, reason="over", principal="user:one")
    await desk.shelf.kept.agree_removal(asked, principal="user:two")
    assert sum(one.segments for one in await desk.plan(7)) == 2
    later = await desk.plan(9)
    assert sum(one.segments for one in later) == 3
    assert [one.freed for one in later if one.freed] == [(clip.id,)]


async def test_before_a_policy_is_saved_it_is_known_what_it_will_free_and_when(desk):
    await desk.shelf.record(4, "dev1")
    await desk.shelf.record(4, "dev2")
    await desk.pass_days(60)
    draft = desk.policies.drafted("north", 30, None, "why", "user:one")
    now_ns = desk.shelf.clock.utc
    freed, spared = await desk.outlook.difference(
        desk.book, desk.book.with_draft(draft), now_ns, now_ns + REMORSE_NS + 1
    )
    assert (freed, spared) == ((4, 1_200, 4_000), (0, 0, 0))
    assert desk.policies.find("north") is None
    assert len(await desk.shelf.left()) == 8

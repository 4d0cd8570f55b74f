"""Nothing tagged, held or promised is ever deleted, whatever the policy, the clock and the disk: the real ring, a real
database and ledger, and a model that knows what really happened.

The model's time is the truth. The wall clock is ahead of it or behind it by what a step set it, and may be wrong when
the machine boots. What the model allows:
- footage of a clip or hold that stands goes never;
- of one that two people let go, no sooner than its seven days by the clock, and never before the machine ran for a
  day since they agreed, for so long a wrong clock is doubted;
- nor while the file of its case is kept;
- all other footage by the age of its unit's policy, or above the floor for room, by the time that the ring trusts.

FAULTS_FULL=1 runs the long form.
"""

import asyncio
import os
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from recorder import KeepingKind, Pins, Ring, RingLimits, replay
from recorder.disk_watch import DiskSpace
from recorder.retention import (
    FOR_EVER,
    CaseFile,
    CaseFiles,
    Certificates,
    Keeper,
    Places,
    Policies,
    TrustedTime,
    WrittenDown,
    case_until,
    load_retention,
    read_belief,
)
from storage import BORN_UTC_NS
from tests.recorder.test_kept import shelf_in

DAY_NS = 86_400_000_000_000
HOUR_NS = DAY_NS // 24
UNITS, CASES = ("north", "south"), ("", "case-1", "case-2")
FULL = "FAULTS_FULL" in os.environ

hours = st.integers(0, 48) | st.integers(1, 250).map(lambda days: 24 * days)


class Archive(RuleBasedStateMachine):
    """Rules are what people, clocks and disks do; after each the ring takes a turn and the model looks at what went."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.closing = self.on_loop(self._make_event())
        opened = self.on_loop(self._make_event())
        self.host = asyncio.run_coroutine_threadsafe(self._host(opened), self.loop)
        self.on_loop(opened.wait())
        self.standing, self.agreed_ran_ns = {}, {}
        self.unit, self.unit_of, self.end_of = "north", {}, {}
        self.ended = {"case-1": None, "case-2": None}
        self.ran_ns, self.clock_was_set = 0, False

    async def _make_event(self):
        return asyncio.Event()

    def on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    async def _host(self, opened):
        """Holds database and ledger open: who opens them must close them."""
        async with shelf_in(Path(self.folder.name)) as self.shelf:
            opened.set()
            await self.closing.wait()

    def teardown(self):
        self.loop.call_soon_threadsafe(self.closing.set)
        self.host.result(60)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        self.folder.cleanup()

    @initialize(
        age=st.sampled_from((0, 0, 1, 40, 300)),
        size=st.none() | st.integers(0, 20_000),
        keep_free=st.sampled_from((0.0, 0.15, 0.9)),
        floor=st.integers(0, 30),
    )
    def begin(self, age, size, keep_free, floor):
        self.limits = RingLimits(age * DAY_NS, size, keep_free, min(floor, age) * DAY_NS)
        self.on_loop(self._start())
        self.on_loop(self._record(6))

    @rule(count=st.integers(1, 3))
    def record(self, count):
        self.on_loop(self._record(count))

    @rule(
        first=st.integers(0, 7), more=st.integers(0, 3), kind=st.sampled_from(KeepingKind), case=st.sampled_from(CASES)
    )
    def keep(self, first, more, kind, case):
        self.on_loop(self._keep(first, more, kind, case))

    @precondition(lambda self: self.standing and self.shelf.clock.utc >= BORN_UTC_NS)
    @rule(which=st.integers(0, 30))
    def let_go(self, which):
        self.on_loop(self._let_go(which))

    @precondition(lambda self: self.agreed_ran_ns)
    @rule(which=st.integers(0, 30))
    def keep_after_all(self, which):
        self.on_loop(self._keep_after_all(which))

    @precondition(lambda self: self.shelf.clock.utc >= BORN_UTC_NS)
    @rule(unit=st.sampled_from((*UNITS, "_house")), days=st.none() | st.integers(30, 400),
          tagged=st.sampled_from((None, 1, 5, FOR_EVER)))  # fmt: skip
    def decide(self, unit, days, tagged):
        self.on_loop(self._decide(unit, days, tagged))

    @rule(case=st.sampled_from(CASES[1:]), closes=st.booleans())
    def close_or_reopen(self, case, closes):
        self.ended[case] = self.shelf.clock.utc if closes else None

    @rule(unit=st.sampled_from(UNITS))
    def move(self, unit):
        self.unit = unit

    @rule(hours=hours)
    def time_passes(self, hours):
        for _ in range(min(hours, 3)):  # the ring looks at the clock meanwhile
            self.shelf.clock.pass_s(3_600 * hours / min(hours, 3))
            self.ran_ns += round(3_600e9 * hours / min(hours, 3))
            self.on_loop(self._turn())

    @rule(days=st.integers(-400, 400) | st.sampled_from((-20_000, 20_000)))
    def clock_is_set(self, days):
        self.shelf.clock.utc = max(60 * 10**9, self.shelf.clock.utc + days * DAY_NS)
        self.clock_was_set = True

    @rule(free=st.integers(0, 1_000_000))
    def disk_fills(self, free):
        self.shelf.space = DiskSpace(1_000_000, free)

    @rule(off_hours=st.integers(0, 100), ahead_days=st.sampled_from((0, 0, 400)) | st.integers(-30, 4_000))
    def boot(self, off_hours, ahead_days):
        """Off for a while, and back with a clock that may be wrong; monotonic time begins anew."""
        clock = self.shelf.clock
        clock.utc = max(60 * 10**9, clock.utc + off_hours * HOUR_NS + ahead_days * DAY_NS)
        clock.mono = 1_000_000_000
        self.clock_was_set |= ahead_days != 0
        self.on_loop(self._start())

    @invariant()
    def nothing_went_that_had_to_stay(self):
        if hasattr(self, "ring"):
            self.on_loop(self._turn())

    async def _start(self):
        shelf = self.shelf
        known = await replay(shelf.database, shelf.ledger, shelf.clock.utc)
        assert {one.id for one in known} == self.standing.keys()
        shelf.open(known)
        assert isinstance(shelf.pins, Pins)
        house = self.limits.max_age_ns
        book, places = await load_retention(shelf.database, shelf.ledger, house, lambda unit: (unit,), shelf.clock.utc)
        self.policies = Policies(shelf.database, shelf.ledger, shelf.clock, book)
        believed = await read_belief(shelf.database)
        self.keeper = Keeper(
            shelf.clock,
            house,
            book,
            places,
            CaseFiles(book, self._case),
            TrustedTime(shelf.clock, believed),
            WrittenDown(
                shelf.database,
                Places(shelf.database, shelf.ledger, places),
                Certificates(shelf.database, shelf.ledger, shelf.clock),
                lambda: {"dev1": self.unit},
            ),
        )
        tell = lambda *_: None  # noqa: E731
        self.ring = Ring(
            shelf.index, shelf, shelf.clock, self.limits, shelf.pins, tell, lambda _: shelf.space, self.keeper
        )
        await self._turn()

    async def _case(self, case):
        return CaseFile("north", self.ended[case]) if case in self.ended else None

    async def _record(self, count):
        await self._turn()  # it learns where the device is
        for one in await self.shelf.record(count):
            self.unit_of[one.header.segment] = self.unit
            self.end_of[one.header.segment] = one.end_utc_ns
        self.ran_ns += 300 * 10**9 * count

    async def _keep(self, first, more, kind, case):
        there = set(await self.shelf.left())
        chosen = [one for one in self.shelf.segments[first : first + more + 1] if one.header.segment in there]
        if not chosen or any(one.header.stream != chosen[0].header.stream for one in chosen):
            return
        if not all(one.start_utc_ns < one.end_utc_ns <= self.shelf.clock.utc for one in chosen):
            return
        made = await self.shelf.keep(kind, chosen[0], until=chosen[-1], case=case)
        pinned = {
            row.id
            for row in await self.shelf.index.oldest(1_000)
            for one in made.passage.references
            if row.stream == one.stream
            and row.first_sequence <= one.last_sequence
            and row.last_sequence >= one.first_sequence
        }
        assert {one.header.segment for one in chosen} <= pinned
        self.standing[made.id] = made, pinned

    async def _let_go(self, which):
        keeping, what = list(self.standing.values())[which % len(self.standing)]
        if keeping.removal is not None:
            return
        asked = await self.shelf.kept.ask_removal(keeping, reason="over", principal="user:one")
        self.standing[keeping.id] = await self.shelf.kept.agree_removal(asked, principal="user:two"), what
        self.agreed_ran_ns[keeping.id] = self.ran_ns

    async def _keep_after_all(self, which):
        keeping, what = self.standing[list(self.agreed_ran_ns)[which % len(self.agreed_ran_ns)]]
        if keeping.stands(self.shelf.clock.utc) and what <= set(await self.shelf.left()):
            self.standing[keeping.id] = await self.shelf.kept.withdraw_removal(keeping, principal="user:one"), what
            del self.agreed_ran_ns[keeping.id]

    async def _decide(self, unit, days, tagged):
        before = self.policies.find(unit)
        version = 0 if before is None else before.version
        what = {"untagged_days": days, "tagged": tagged, "note": "why", "version": version}
        await self.policies.decide(unit, **what, principal="user:one")

    async def _turn(self):
        before = set(await self.shelf.left())
        await self.keeper.before_turn()
        await self.ring.turn()
        gone = before - set(await self.shelf.left())
        now_ns, book = self.keeper.time.utc_ns(), self.keeper.policies
        for keeping, what in self.standing.values():
            if not gone & what:
                continue
            assert not keeping.stands(now_ns), keeping
            assert self.ran_ns - self.agreed_ran_ns[keeping.id] >= DAY_NS, keeping
            if keeping.case:
                until = case_until(await self._case(keeping.case), book.tagged("north", now_ns))
                assert until is not None, keeping
                assert until <= now_ns, keeping
        for segment in gone:
            age_ns = now_ns - self.end_of[segment]
            if self.limits.max_bytes is None:
                floor_ns = self.limits.min_age_ns if self.limits.keep_free else 1 << 62
                # Where the clock went back nobody can say in which unit footage of that time was.
                units = UNITS if self.clock_was_set else (self.unit_of[segment],)
                assert age_ns >= min(floor_ns, *(book.untagged_ns(unit, now_ns) for unit in units))
        await self.keeper.after_turn()


Archive.TestCase.settings = settings(
    max_examples=150 if FULL else 12,
    stateful_step_count=40 if FULL else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestNothingKeptIsEverDeleted = Archive.TestCase


def test_the_story_sees_a_machine_that_boots_with_its_clock_ahead():
    """Red where a start believes its clock."""
    archive = Archive()
    try:
        archive.begin(age=0, size=None, keep_free=0.0, floor=0)
        archive.keep(first=0, more=0, kind=KeepingKind.CLIP, case="")
        archive.let_go(which=0)
        archive.boot(off_hours=1, ahead_days=400)
        archive.nothing_went_that_had_to_stay()
        archive.time_passes(hours=20)
        assert len(archive.standing) == 1
    finally:
        archive.teardown()

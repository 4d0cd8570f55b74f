"""Recordings are hashed again, round by round: what is not whole is found, named and told, and nothing is touched."""

import os
import random
from contextlib import asynccontextmanager

import pytest

from gateway.stream import AlarmKind
from media import GapCause, Reference
from recorder import Index, Keeping, KeepingKind, Passage, Pins, Scrubber, ScrubRules, ScrubState
from recorder.scrub_book import ScrubBook
from recorder.scrub_look import Damage, Pace, look_at
from storage.database import Database
from storage.ledger import Ledger
from tests.recorder.stage import Stage
from tests.storage.ready_database import ready_database

DAY_NS = 86_400_000_000_000


class Cellar:
    """Sealed recordings, and a scrubber of which a test takes the steps."""

    def __init__(self, stage, database, ledger):
        self.stage, self.ledger, self.index = stage, ledger, Index(database)
        self.book, self.pins, self.busy = ScrubBook(database), Pins(), False
        self.sealed, self.told = [], []
        self.open()

    def open(self, **rules):
        self.scrubber = Scrubber(
            store=self.stage.store,
            index=self.index,
            book=self.book,
            ledger=self.ledger,
            clock=self.stage.clock,
            pins=self.pins,
            rules=ScrubRules(**{"bytes_a_second": 1 << 40, "round_ns": DAY_NS, **rules}),
            tell=lambda *alarm: self.told.append(alarm),
            busy=lambda: self.busy,
        )

    async def record(self, count=1, pictures=30):
        before = len(self.sealed)
        for _ in range(count):
            self.stage.device(f"dev{len(self.sealed)}").push(pictures).end(GapCause.OFFLINE)
            self.stage.turn()
            self.stage.turn()
            self.sealed += self.stage.sealed
            await self.index.add(self.stage.sealed)
            self.stage.sealed.clear()
        return self.sealed[before:]

    async def go_round(self):
        while await self.scrubber.step() < 1:
            pass
        return {bad.segment: bad for bad in (await self.scrubber.bad())[0]}

    def path(self, segment):
        return self.stage.store.media / segment.header.path

    def flip(self, segment, at):
        with self.path(segment).open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))


@asynccontextmanager
async def cellar_in(root):
    url = f"sqlite+aiosqlite:///{root}/mingjing.sqlite3"
    ready_database(url)
    database = await Database.open(url)
    stage = Stage(root)
    try:
        async with Ledger.open(root / "ledger", database, stage.clock) as ledger:
            yield Cellar(stage, database, ledger)
    finally:
        stage.close()
        await database.close()


@pytest.fixture
async def cellar(tmp_path):
    async with cellar_in(tmp_path) as opened:
        yield opened


def a_clip(segment):
    reference = Reference(segment.header.stream, segment.header.first_sequence, segment.last_sequence)
    passage = Passage(segment.header.device, "main", "u", segment.start_utc_ns, segment.end_utc_ns, (reference,))
    return Keeping("clip", KeepingKind.CLIP, passage, "", "", "", "user:a", 1, 1)


async def test_a_round_reads_all_of_it_finds_nothing_in_what_is_whole_and_rests_until_the_next_is_due(cellar):
    await cellar.record(3)
    assert await cellar.go_round() == {}
    state = await cellar.scrubber.statistics()
    assert (state.state, state.round.number, state.round.segments, state.bad_total) == (ScrubState.RESTING, 1, 3, 0)
    assert state.round.read_bytes == sum(segment.size_bytes for segment in cellar.sealed)
    assert state.next_utc_ns == state.round.begun_utc_ns + DAY_NS
    cellar.stage.clock.pass_s(86_401)
    await cellar.go_round()
    assert (await cellar.scrubber.statistics()).round.number == 2
    assert cellar.told == []


@pytest.mark.fault("F27")
async def test_f27_a_hundred_flipped_bits_are_found_a_hundred_times_with_the_second_they_are_in(cellar):
    segments = await cellar.record(100, pictures=10)
    dice = random.Random(27)
    for segment in segments:
        cellar.flip(segment, dice.randrange(cellar.path(segment).stat().st_size))
    found = await cellar.go_round()
    assert found.keys() == {segment.header.segment for segment in segments}
    for segment in segments:
        bad = found[segment.header.segment]
        assert bad.finding.kind is Damage.ALTERED
        assert segment.start_utc_ns <= bad.finding.first_bad_utc_ns <= segment.end_utc_ns
    assert [alarm[0] for alarm in cellar.told] == [AlarmKind.FOOTAGE_DAMAGED]  # one, and a list of all
    assert (await cellar.ledger.query(action="footage.damage")).total == 100


async def test_the_first_bad_second_is_that_of_the_first_picture_that_differs(cellar):
    [segment] = await cellar.record(1, pictures=100)
    cellar.flip(segment, cellar.path(segment).stat().st_size - 1)
    finding = (await cellar.go_round())[segment.header.segment].finding
    assert (finding.words, finding.places) == ("altered or missing bytes", 1)
    assert finding.first_bad_utc_ns > segment.start_utc_ns + 3_000_000_000


async def test_a_journal_that_was_changed_cut_or_lost_is_found_and_so_is_a_row_that_tells_otherwise(cellar):
    changed, cut, lost, other = await cellar.record(4)
    journal = cellar.path(changed).with_suffix(".journal")
    data = bytearray(journal.read_bytes())
    data[1_000] ^= 1
    journal.write_bytes(data)
    journal = cellar.path(cut).with_suffix(".journal")
    journal.write_bytes(journal.read_bytes()[:-160])
    cellar.path(lost).with_suffix(".journal").unlink()
    cellar.path(other).write_bytes(cellar.path(changed).read_bytes())
    found = await cellar.go_round()
    assert len(found) == 4
    assert found[lost.header.segment].finding.words == "its journal is not there"


@pytest.mark.fault("F15", "F16")
async def test_f15_a_file_that_is_not_there_is_flagged_and_told_and_found_again_when_it_is_back(cellar):
    gone, _ = await cellar.record(2)
    moved = cellar.path(gone).rename(cellar.stage.root / "elsewhere")
    found = await cellar.go_round()
    assert found[gone.header.segment].finding.kind is Damage.MISSING
    assert await cellar.index.count_missing() == 1
    [(kind, device, _, words)] = cellar.told
    assert (kind, device) == (AlarmKind.FOOTAGE_MISSING, gone.header.device)
    assert gone.header.segment in words
    moved.rename(cellar.path(gone))
    cellar.stage.clock.pass_s(86_401)
    assert await cellar.go_round() == {}
    assert await cellar.index.count_missing() == 0


async def test_a_disk_that_is_gone_as_a_whole_flags_nothing(cellar):
    await cellar.record(2)
    for folder in (cellar.stage.root, cellar.stage.store.media):
        (folder / "store-id").write_text("A")
    cellar.stage.store.media.rename(cellar.stage.root / "unmounted")
    cellar.stage.store.media.mkdir()
    with pytest.raises(OSError, match="not the folder"):
        await cellar.go_round()
    assert await cellar.index.count_missing() == 0
    (cellar.stage.root / "media").rmdir()
    (cellar.stage.root / "unmounted").rename(cellar.stage.root / "media")
    assert await cellar.go_round() == {}


@pytest.mark.fault("F22")
async def test_f22_a_place_that_the_disk_does_not_give_back_is_told_as_unreadable_and_the_rest_is_read(
    cellar, monkeypatch
):
    bad, good = await cellar.record(2)
    at = cellar.path(bad).stat().st_size // 2
    read, bad_inode = os.pread, cellar.path(bad).stat().st_ino

    def pread(descriptor, length, offset):
        if os.fstat(descriptor).st_ino == bad_inode and offset <= at < offset + length:
            raise OSError(5, "Input/output error")
        return read(descriptor, length, offset)

    monkeypatch.setattr("recorder.scrub_look.os.pread", pread)
    found = await cellar.go_round()
    assert found.keys() == {bad.header.segment}
    finding = found[bad.header.segment].finding
    assert (finding.kind, finding.words, finding.places) == (Damage.UNREADABLE, "Input/output error", 1)
    assert bad.start_utc_ns < finding.first_bad_utc_ns < bad.end_utc_ns
    assert good.header.segment not in found


async def test_what_is_kept_is_looked_at_first(cellar):
    segments = await cellar.record(4)
    for segment in segments:
        cellar.flip(segment, 5_000)
    cellar.pins.put(a_clip(segments[3]))
    while (await cellar.scrubber.bad())[1] == 0:
        await cellar.scrubber.step()
    [bad], _ = await cellar.scrubber.bad()
    assert bad.segment == segments[3].header.segment
    assert len(await cellar.go_round()) == 4
    assert (await cellar.scrubber.statistics()).round.segments == 4  # none of them twice


async def test_after_a_restart_it_goes_on_where_it_was(cellar):
    await cellar.record(4)
    while (cellar.scrubber.round_now is None) or cellar.scrubber.round_now.segments < 2:
        await cellar.scrubber.step()
    await cellar.scrubber.finish()
    read = cellar.scrubber.read_bytes
    cellar.open()
    await cellar.go_round()
    state = await cellar.scrubber.statistics()
    assert (state.round.number, state.round.segments) == (1, 4)
    assert cellar.scrubber.read_bytes < read * 1.5  # not all of them again


async def test_what_the_ring_deleted_meanwhile_is_no_finding_and_a_finding_goes_with_its_recording(cellar):
    first, second = await cellar.record(2)
    cellar.flip(second, 3_000)
    assert len(await cellar.go_round()) == 1
    rows = await cellar.index.oldest(10)
    await cellar.index.discard(rows, 0)
    assert (await cellar.scrubber.bad()) == ([], 0)
    cellar.stage.store.remove(cellar.path(first))
    await cellar.scrubber._found(rows[0], look_at(cellar.stage.store.media, rows[0], Pace(1e12)))
    assert (await cellar.scrubber.bad())[1] == 0


async def test_it_reads_no_faster_than_it_may_and_slower_while_recording_needs_the_disk(cellar):
    [segment] = await cellar.record(1, pictures=200)
    [row] = await cellar.index.oldest(1)
    size = segment.size_bytes + segment.journal_bytes
    for slowed in (False, True):
        waited = []
        pace = Pace(size / 2)
        pace.slowed = slowed
        pace._stopping.wait = lambda s, waited=waited: waited.append(s) or False
        assert look_at(cellar.stage.store.media, row, pace) is None
        assert pace.read_bytes >= segment.size_bytes - 5_000
        assert pace._due - pace._began > (15.0 if slowed else 1.8)
    cellar.busy = True
    await cellar.go_round()
    assert (await cellar.scrubber.statistics()).slowed


async def test_nothing_in_the_store_is_touched(cellar):
    await cellar.record(3)
    cellar.flip(cellar.sealed[1], 4_000)

    def as_it_is():
        media = cellar.stage.store.media
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in media.rglob("*.*") if path.is_file()}

    before = as_it_is()
    assert len(await cellar.go_round()) == 1
    assert as_it_is() == before

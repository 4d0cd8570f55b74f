"""What becomes a leaf, when a head is signed, and that nothing is lost when either fails or the process is killed."""

import asyncio
import errno
import os
from contextlib import asynccontextmanager

import pytest

from gateway.stream import AlarmKind
from media import GapCause, Reference
from recorder import Index, Keeping, KeepingKind, Notary, Passage, Pins, Ring, RingLimits
from recorder.unsigned import UnsignedKept
from storage import read_journal
from storage.database import Database
from storage.heads import (
    EntryLeaf,
    Heads,
    SecondCopy,
    StreamLeaf,
    includes,
    leaf_hash,
    parse_head,
    parse_leaf,
    prove_leaf,
)
from storage.journal import RECORD_SIZE, parse
from storage.ledger import Ledger
from tests.recorder.stage import Stage
from tests.storage.faulty_disk import RefusingDisk
from tests.storage.ready_database import ready_database


class Office:
    """A notary beside a stage's scribe."""

    def __init__(self, stage, notary, ledger, index):
        self.stage, self.notary, self.ledger, self.index = stage, notary, ledger, index
        self.told = []
        notary.follow(stage.scribe.durable_heads)

    async def round(self):
        return await self.notary.round()

    async def try_round(self):
        return await self.notary.try_round(lambda kind, words: self.told.append((kind, words)))

    async def enter(self, *subjects):
        for subject in subjects:
            await self.ledger.append(principal="cli:0", action="device.register", subject=subject)

    def seal(self):
        """What the scribe has sealed since goes to the notary, as the archiver hands it over."""
        sealed, self.stage.sealed[:] = list(self.stage.sealed), []
        for segment in sealed:
            self.notary.sealed(segment)
        return sealed

    def leaves(self):
        files = sorted((self.stage.root / "heads" / "leaves").glob("*.jsonl"))
        return [parse_leaf(line) for path in files for line in path.read_bytes().splitlines()]

    def streams(self):
        return [leaf for leaf in self.leaves() if isinstance(leaf, StreamLeaf)]


@asynccontextmanager
async def office_in(root, *, stage=None, disk=None, copy=None):
    stage = stage or Stage(root)
    url = f"sqlite+aiosqlite:///{root}/mingjing.sqlite3"
    if not (root / "mingjing.sqlite3").exists():
        ready_database(url)
    database = await Database.open(url)
    try:
        async with Ledger.open(root / "ledger", database, stage.clock) as ledger:
            heads = Heads.open(root / "heads", root / "heads.key", node="node1", clock=stage.clock, disk=disk)
            second = None if copy is None else SecondCopy(heads.signed_folder, copy, "node1")
            index = Index(database)
            async with Notary.open(
                heads=heads,
                store=stage.store,
                index=index,
                ledger=ledger,
                ledger_dir=root / "ledger",
                clock=stage.clock,
                copy=second,
            ) as notary:
                yield Office(stage, notary, ledger, index)
            heads.close()
    finally:
        await database.close()


async def test_each_live_stream_is_a_leaf_as_far_as_it_is_durable_and_each_entry_is_one(tmp_path):
    async with office_in(tmp_path) as office:
        devices = [office.stage.device(f"dev{number}").push(5) for number in range(3)]
        office.stage.turn()
        for device in devices:
            device.push(4)
        office.stage.turn(sync=False)  # written, and not durable
        await office.enter("a", "b")
        head = await office.round()
        assert (head.size, head.ledger) == (5, 2)
        assert [leaf.n for leaf in office.leaves() if isinstance(leaf, EntryLeaf)] == [1, 2]
        assert [(leaf.sequence, leaf.ended) for leaf in office.streams()] == [(5, False)] * 3
        assert {leaf.stream for leaf in office.streams()} == {device.stream.stream_id for device in devices}
        assert (await office.notary.verify()).intact
        office.stage.finish()


async def test_a_stream_that_nothing_is_durable_of_is_no_leaf_and_nothing_new_is_no_head(tmp_path):
    async with office_in(tmp_path) as office:
        office.stage.device().push(3)
        office.stage.turn(sync=False)
        assert await office.round() is None
        assert office.leaves() == []
        office.stage.finish()


async def test_segments_that_ended_between_two_rounds_are_leaves_with_their_last_record(tmp_path):
    async with office_in(tmp_path) as office:
        office.stage.device().push(5).end(GapCause.OFFLINE)
        office.stage.turn()
        office.stage.turn()
        [sealed] = office.seal()
        await office.round()
        [leaf] = office.streams()
        assert (leaf.chain, leaf.ended, leaf.path) == (sealed.digest, True, sealed.header.path)
        assert (await office.notary.verify()).intact
        office.stage.finish()


async def test_leaves_stay_true_through_turns_the_end_and_a_failed_sync(tmp_path):
    stage = Stage(tmp_path, disk=(disk := RefusingDisk()))
    async with office_in(tmp_path, stage=stage) as office:
        device = stage.device()
        for _ in range(4):
            device.push(7)
            stage.turn()
            await office.round()
        disk.refuse = {"sync_file": OSError(errno.EIO, "Input/output error")}
        device.push(7)
        stage.turn()
        disk.refuse = {}
        stage.clock.pass_s(10)
        device.push_until_key().push(5)
        stage.turn()
        await office.round()
        stage.finish()
        office.seal()
        await office.round()
        report = await office.notary.verify()
        assert (report.first_broken, report.gone) == (None, 0)
        assert report.leaves >= 6


async def test_a_round_that_fails_is_told_once_and_the_next_one_signs_what_it_left(tmp_path):
    disk = RefusingDisk()
    async with office_in(tmp_path, disk=disk) as office:
        office.stage.device().push(5).end(GapCause.OFFLINE)
        office.stage.turn()
        office.stage.turn()
        office.seal()
        await office.enter("a")
        disk.refuse = {"append": OSError(errno.ENOSPC, "No space left on device")}
        assert not await office.try_round()
        assert not await office.try_round()
        assert office.told == [(AlarmKind.HEADS_UNSIGNED, "heads are not signed: No space left on device")]
        assert office.notary.statistics().last_failure == "No space left on device"
        disk.refuse = {}
        await office.enter("b")
        assert await office.try_round()
        assert [leaf.n for leaf in office.leaves() if isinstance(leaf, EntryLeaf)] == [1, 2]
        assert len(office.streams()) == 1
        assert office.notary.statistics().last_failure is None
        assert (await office.notary.verify()).intact
        office.stage.finish()


async def test_after_a_kill_the_next_start_finds_entries_and_segments_that_were_no_leaves(tmp_path):
    async with office_in(tmp_path) as office:
        stage = office.stage
        first = stage.device().push(5)
        stage.turn()
        await office.enter("a")
        await office.round()
        first.push(5).end(GapCause.OFFLINE)
        stage.device("dev2").push(5).end(GapCause.OFFLINE)
        stage.turn()
        stage.turn()
        await office.enter("b")
        await office.index.add(stage.sealed)  # their rows are written, and nobody told the notary: killed
        ended = {segment.header.segment for segment in stage.sealed}
        stage.finish()
        stage.close()
    async with office_in(tmp_path) as office:
        head = await office.round()
        assert head.ledger == 2
        assert {leaf.segment for leaf in office.streams() if leaf.ended} == ended
        size = head.size
        assert await office.round() is None
        assert (await office.notary.verify()).leaves == size
        office.stage.close()


def as_kept(device, sealed):
    """A clip of one segment."""
    header = sealed.header
    references = (Reference(header.stream, header.first_sequence, sealed.last_sequence),)
    passage = Passage(header.device, "main", "u", sealed.start_utc_ns, sealed.end_utc_ns, references)
    return Pins([Keeping("clip-1", KeepingKind.CLIP, passage, "", "", "", "user:one", 0, 1)])


async def delete_all_else(office, pins):
    stage = office.stage
    await Ring(office.index, stage.store, stage.clock, RingLimits(max_age_ns=-1), pins, stage.tell).turn()
    return [path.stem for path in stage.store.segments()]


def proof_of(office, sealed):
    """The way from a kept segment to a signed head, by what is on disk: its journal, a leaf, its place under a head."""
    for index, leaf in enumerate(office.leaves()):
        if isinstance(leaf, StreamLeaf) and leaf.path == sealed.header.path and leaf.ended:
            journal = read_journal(office.stage.store.media / leaf.path)
            assert len(journal) == leaf.records * RECORD_SIZE
            assert parse(journal[-RECORD_SIZE:]).chain == leaf.chain
            proven = prove_leaf(office.notary.heads.folder, index)
            head = proven.head
            return includes(leaf_hash(proven.line), index, head.size, head.root, proven.proof)
    return False


async def test_after_a_kill_before_any_stream_was_a_leaf_the_next_start_finds_them_all(tmp_path):
    async with office_in(tmp_path) as office:
        await office.enter("a")
        await office.round()  # a head over entries alone: nobody sent yet
        office.stage.device().push(5).end(GapCause.OFFLINE)
        office.stage.turn()
        office.stage.turn()
        await office.index.add(office.stage.sealed)
        [ended] = [segment.header.segment for segment in office.stage.sealed]
        office.stage.finish()
        office.stage.close()
    async with office_in(tmp_path) as office:
        await office.round()
        assert [leaf.segment for leaf in office.streams()] == [ended]
        assert await office.round() is None


async def test_a_kept_fragment_has_its_proof_after_everything_else_was_deleted_before_its_leaf_was_made(tmp_path):
    async with office_in(tmp_path) as office:
        stage = office.stage
        device = stage.device().push(5)
        stage.turn()
        await office.round()  # it is being written: a leaf of it, and not its last
        device.push(5).end(GapCause.OFFLINE)
        stage.turn()
        stage.turn()
        stage.device().push(5).end(GapCause.OFFLINE)
        stage.turn()
        stage.turn()
        kept = stage.sealed[0]
        await office.index.add(stage.sealed)
        assert await delete_all_else(office, as_kept(device, kept)) == [kept.header.segment]
        stage.finish()
        stage.close()  # killed before the next round
    async with office_in(tmp_path) as office:
        await office.round()
        assert proof_of(office, kept)
        assert (await office.notary.verify()).intact
        office.stage.close()


@pytest.mark.parametrize("seen_to", [True, False])
async def test_kept_footage_from_before_the_heads_gets_a_leaf_of_its_own(tmp_path, seen_to):
    """Else its proof were the streams behind it, and those go."""
    async with office_in(tmp_path) as office:
        stage = office.stage
        for _ in range(3):
            device = stage.device().push(5)
            device.end(GapCause.OFFLINE)
            stage.turn()
            stage.turn()
        older = list(stage.sealed)  # nobody told the notary: there was none
        await office.index.add(older)
        stage.device().push(5)
        stage.turn()
        await office.round()
        pins = as_kept(device, older[0])
        if seen_to:
            await UnsignedKept(office.index, stage.store, pins, office.notary, stage.clock).see_to()
        assert older[0].header.segment in await delete_all_else(office, pins)
        await office.round()
        assert proof_of(office, older[0]) is seen_to
        assert (await office.notary.verify()).intact
        stage.finish()


async def test_an_older_ledger_becomes_leaves_in_as_many_writes_as_it_takes(tmp_path, monkeypatch):
    monkeypatch.setattr("recorder.notary.ENTRIES_AT_ONCE", 3)
    async with office_in(tmp_path) as office:
        await office.enter(*"abcdefgh")
        assert (await office.round()).ledger == 8
        await office.enter("i")
        assert (await office.round()).ledger == 9
        assert [leaf.n for leaf in office.leaves()] == list(range(1, 10))
        office.stage.finish()


async def test_when_more_ends_than_can_wait_the_rest_is_found_in_the_index(tmp_path, monkeypatch):
    monkeypatch.setattr("recorder.notary.ENDED_MAX", 2)
    async with office_in(tmp_path) as office:
        stage = office.stage
        stage.device("dev0").push(5)
        stage.turn()
        await office.round()
        stage.finish()
        stage.close()
    async with office_in(tmp_path) as office:
        stage = office.stage
        await office.round()
        for number in range(5):
            stage.device(f"dev{number}").push(5).end(GapCause.OFFLINE)
        stage.turn()
        stage.turn()
        await office.index.add(stage.sealed)
        ended = {segment.header.segment for segment in office.seal()}
        for _ in range(5):
            await office.round()
        assert ended <= {leaf.segment for leaf in office.streams() if leaf.ended}
        stage.finish()


async def test_after_a_disk_of_heads_refused_for_long_what_ended_is_found_again_in_bounded_steps(tmp_path, monkeypatch):
    monkeypatch.setattr("recorder.notary.ENDED_MAX", 4)
    monkeypatch.setattr("recorder.notary.CATCH_UP_MAX", 3)
    disk = RefusingDisk()
    async with office_in(tmp_path, disk=disk) as office:
        stage = office.stage
        await office.enter("a")
        await office.round()
        disk.refuse = {"append": OSError(errno.ENOSPC, "No space left on device")}
        ended = set()
        for turn in range(4):
            for number in range(4):
                stage.device(f"dev{turn}-{number}").push(5).end(GapCause.OFFLINE)
            stage.turn()
            stage.turn()
            await office.index.add(stage.sealed)
            ended |= {segment.header.segment for segment in office.seal()}
            assert not await office.try_round()
            assert len(office.notary._ended) <= 4
        disk.refuse = {}
        at_once = []
        while len({leaf.segment for leaf in office.streams() if leaf.ended}) < 16:
            before = len(office.leaves())
            assert await office.try_round()
            at_once.append(len(office.leaves()) - before)
        assert max(at_once) <= 4
        assert {leaf.segment for leaf in office.streams()} == ended
        assert len(office.streams()) == 16
        assert await office.round() is None  # and that was all
        assert (await office.notary.verify()).intact
        stage.finish()


async def test_a_new_key_is_in_the_ledger_before_it_signs(tmp_path):
    async with office_in(tmp_path) as office:
        await office.enter("a")
        first = await office.round()
        head = await office.notary.rotate_key("cli:0")
        assert head.is_signed_by(first.key)
        [entry] = (await office.ledger.query(action="heads.rotate_key")).items
        assert (entry.principal, entry.detail) == ("cli:0", {"from": first.key, "lost": False})
        await office.round()
        assert (await office.notary.verify()).intact
        office.stage.finish()


async def test_a_torn_tail_becomes_an_entry_of_the_ledger(tmp_path):
    async with office_in(tmp_path) as office:
        await office.enter("a")
        await office.round()
        office.stage.finish()
        office.stage.close()
    [path] = (tmp_path / "heads" / "signed").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"at":"20')
    async with office_in(tmp_path) as office:
        [entry] = (await office.ledger.query(action="heads.repair")).items
        assert entry.detail["bytes"] == 9
        office.stage.close()


# The second copy


async def test_heads_are_copied_to_the_second_place_and_a_copy_that_lags_catches_up(tmp_path):
    (place := tmp_path / "place").mkdir()
    async with office_in(tmp_path, copy=place) as office:
        for subject in "abc":
            await office.enter(subject)
            await office.round()
        await office.notary.copy_once()
        [original] = (tmp_path / "heads" / "signed").glob("*.jsonl")
        copy = place / "node1" / original.name
        assert copy.read_bytes() == original.read_bytes()
        copy.write_bytes(copy.read_bytes()[:-700])  # a kill in the middle of a copy
        office.notary._copy._same.clear()
        await office.enter("d")
        await office.round()
        await office.notary.copy_once()
        assert copy.read_bytes() == original.read_bytes()
        assert [parse_head(line).number for line in copy.read_bytes().splitlines()] == [1, 2, 3, 4]
        assert office.notary.statistics().copied_heads == 4
        office.stage.finish()


async def test_a_place_that_is_not_mounted_is_not_made_and_stops_no_head(tmp_path):
    place = tmp_path / "place"
    async with office_in(tmp_path, copy=place) as office:
        await office.enter("a")
        assert await office.round() is not None
        with pytest.raises(OSError, match="is it mounted"):
            await office.notary.copy_once()
        assert not place.exists()
        for subject in "bcde":
            await office.enter(subject)
            assert await office.try_round()
        assert [kind for kind, _ in office.told] == [AlarmKind.HEADS_COPY]
        place.mkdir()
        await office.notary.copy_once()
        assert len(list((place / "node1").iterdir())) == 1
        office.stage.finish()


async def test_a_copy_that_contradicts_the_heads_here_is_left_as_it_is(tmp_path):
    (place := tmp_path / "place").mkdir()
    async with office_in(tmp_path, copy=place) as office:
        await office.enter("a")
        await office.round()
        await office.notary.copy_once()
        [copy] = (place / "node1").iterdir()
        other = copy.read_bytes().replace(b'"number":1', b'"number":2')
        copy.write_bytes(other)
        office.notary._copy._same.clear()
        await office.enter("b")
        await office.round()
        with pytest.raises(Exception, match="line 1, is not what"):
            await office.notary.copy_once()
        assert copy.read_bytes() == other
        assert (await office.notary.verify()).first_broken.head == 0
        office.stage.finish()


async def test_a_second_place_that_hangs_holds_up_no_proof(tmp_path, monkeypatch):
    monkeypatch.setattr("recorder.notary.COPY_ANSWERS_WITHIN_S", 0.05)
    (folder := tmp_path / "place" / "node1").mkdir(parents=True)
    os.mkfifo(folder / "000000000001.jsonl")
    async with office_in(tmp_path, copy=tmp_path / "place") as office:
        await office.enter("a")
        await office.round()
        report = await office.notary.verify()
        assert (report.intact, report.copy_unread) == (True, f"{folder} does not answer")
        office.stage.finish()


async def test_a_second_place_that_is_full_or_fails_is_told_and_gets_the_rest_later(tmp_path):
    (place := tmp_path / "place").mkdir()
    disk = RefusingDisk()
    async with office_in(tmp_path, copy=place) as office:
        office.notary._copy._disk = disk
        await office.enter("a")
        await office.round()
        for refused in ("append", "sync_file", "create"):
            disk.refuse = {refused: OSError(errno.ENOSPC, "No space left on device")}
            with pytest.raises(OSError, match="No space"):
                await office.notary.copy_once()
            (place / "node1" / "000000000001.jsonl").unlink(missing_ok=True)
        disk.refuse = {}
        await office.enter("b")
        await office.round()
        await office.notary.copy_once()
        [original] = (tmp_path / "heads" / "signed").glob("*.jsonl")
        assert (place / "node1" / original.name).read_bytes() == original.read_bytes()
        office.stage.finish()


async def test_a_running_notary_tells_of_a_copy_that_fails_and_of_nothing_else(tmp_path):
    async with office_in(tmp_path, copy=tmp_path / "nowhere") as office:
        await office.enter("a")
        told = asyncio.Event()

        def tell(kind, words):
            office.told.append(kind)
            told.set()

        async with asyncio.TaskGroup() as group:
            running = group.create_task(office.notary.run(tell))
            await told.wait()
            running.cancel()
        assert office.told == [AlarmKind.HEADS_COPY]
        assert "is it mounted" in office.notary.statistics().copy_failure
        assert office.notary.heads.heads == 1
        office.stage.finish()

"""A bundle out of a real store: intact to the verifier, the same for whoever makes it, whole or absent."""

import errno
import os
import signal
import sys
from dataclasses import replace
from zipfile import ZipFile

import pytest

from media import GapCause
from recorder.desk import SegmentRules
from recorder.export import BundleFacts, write_bundle
from recorder.export.bundle import NotWhole
from storage import RECORD_SIZE, SegmentUnreadableError
from storage.heads import HeadKeyMissing, NoProof, StreamLeaf, WantedLeaf, first_leaves, key_changes
from tests.recorder.export.archive_room import archive_room
from tests.recorder.stage import Stage
from tests.storage.faulty_disk import in_a_child
from tests.storage.footage import PICTURE_NS
from tests.storage.heads.test_proof import made_anew
from verifier import verify

WRITER = ("export/bundle.py", "zip_writer.py", "key_file.py", "pathlib.py")
FACTS = BundleFacts("2026-09-21T14:13:20.000Z", "user:exporter", "node1", "mingjing test", [{"number": 1}])


@pytest.fixture
async def room_of_short_segments(tmp_path):
    rules = SegmentRules(length_ns=3_900_000_000, length_max_ns=5_000_000_000)
    async with archive_room(tmp_path, stage=Stage(tmp_path, rules=rules)) as room:
        yield room


async def test_a_bundle_is_intact_and_says_what_is_in_it(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    path = await room.bundle(tmp_path / "one.zip", await room.passage())
    report = verify(path)
    assert report.faults == []
    assert [(item.device, item.fragments) for item in report.items] == [("dev1", 60)]
    assert report.missing == []
    assert ZipFile(path).testzip() is None


async def test_gaps_are_listed_with_their_causes(room, tmp_path):
    room.stage.device().push(20).gap(GapCause.PACKET_LOSS).push_until_key().push(10).end()
    room.turns()
    await room.settle()
    report = verify(await room.bundle(tmp_path / "one.zip", await room.passage()))
    assert report.faults == []
    assert [one.why for one in report.missing] == ["packet loss"]


async def test_two_exports_by_other_people_at_other_times_have_the_same_evidence(room, tmp_path):
    device = room.stage.device().push(80)
    room.turns()
    await room.settle()
    passage = await room.passage()
    one = await room.bundle(tmp_path / "one.zip", passage, by="user:one")
    device.push(80).end()
    room.turns()
    await room.settle()
    room.stage.clock.pass_s(3_600)
    await room.office.enter("something else")
    await room.office.round()
    other = await room.bundle(tmp_path / "other.zip", passage, by="user:other")
    assert verify(one).faults == verify(other).faults == []
    assert evidence_in(one) == evidence_in(other)


def evidence_in(path):
    with ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist() if name.startswith("evidence/")}


# What is not there, or not proven


async def test_footage_whose_file_is_gone_is_declared_with_its_seconds(room_of_short_segments, tmp_path):
    room = room_of_short_segments
    passage = await three_segments(room)
    [_, gone, _] = segments_of(room)
    gone.unlink()
    report = verify(await room.bundle(tmp_path / "one.zip", passage))
    assert report.faults == []
    [missing] = report.missing
    assert (missing.why, missing.to_ns - missing.from_ns) == ("missing", 100 * PICTURE_NS)
    assert report.items[0].fragments == passage.references[0].last_sequence - 100


async def test_a_damaged_picture_is_left_out_and_the_rest_stays_proven(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    passage = await room.passage()
    [path] = segments_of(room)
    data = bytearray(path.read_bytes())
    data[-2_500] ^= 1  # in the last picture but one
    path.write_bytes(data)
    evidence = await room.gather(passage)
    assert [lack.why for lack in evidence.lacks] == ["damaged"]
    [[(first, last)]] = evidence.left_out.values()
    assert first == last
    report = verify(await room.bundle(tmp_path / "one.zip", passage))
    assert report.faults == []
    assert [(one.why, one.to_ns - one.from_ns) for one in report.missing] == [("damaged", PICTURE_NS)]
    assert report.items[0].fragments == 59


@pytest.mark.fault("F22", "I3")
@pytest.mark.parametrize("place", [-2_500, 0], ids=["a picture", "the header"])
async def test_f22_a_place_that_the_disk_does_not_give_back_is_declared_and_the_rest_stays_proven(
    room_of_short_segments, tmp_path, monkeypatch, place
):
    room = room_of_short_segments
    passage = await three_segments(room)
    bad = segments_of(room)[1].stat()
    read, at = os.pread, place % bad.st_size

    def pread(descriptor, length, offset):
        if os.fstat(descriptor).st_ino == bad.st_ino and offset <= at < offset + length:
            raise OSError(errno.EIO, "Input/output error")
        return read(descriptor, length, offset)

    monkeypatch.setattr("recorder.export.bad_place.os.pread", pread)
    report = verify(await room.bundle(tmp_path / "one.zip", passage))
    assert report.faults == []
    [missing] = report.missing
    assert (missing.why, missing.to_ns - missing.from_ns) == ("damaged", (1 if place else 100) * PICTURE_NS)


async def test_a_damaged_journal_takes_its_rest_with_it_and_says_so(room_of_short_segments, tmp_path):
    room = room_of_short_segments
    passage = await three_segments(room)
    journal = segments_of(room)[1].with_suffix(".journal")
    data = bytearray(journal.read_bytes())
    data[RECORD_SIZE * 40] ^= 1
    journal.write_bytes(data)
    report = verify(await room.bundle(tmp_path / "one.zip", passage))
    assert report.faults == []
    assert {one.why for one in report.missing} == {"damaged", "unproven"}


async def test_footage_that_no_head_is_over_is_declared_as_unproven(room, tmp_path):
    room.stage.device().push(30).end()
    room.turns()
    await room.office.index.add(room.stage.sealed)
    passage = await room.passage()
    report = verify(await room.bundle(tmp_path / "one.zip", passage))
    assert report.faults == []
    assert [one.why for one in report.missing] == ["unproven"]


async def test_a_journal_that_is_not_the_one_that_was_signed_goes_out_with_its_leaf_and_is_named(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    passage = await room.passage()
    [path] = segments_of(room)
    journal = path.with_suffix(".journal")
    true = journal.read_bytes()
    for words in ("made anew", "speaks of"):
        if words == "made anew":
            made_anew(journal, 40)
        else:  # cut off: what is left is true in itself
            journal.write_bytes(true[: -8 * RECORD_SIZE])
        evidence = await room.gather(passage)
        assert "contradicted" in [lack.why for lack in evidence.lacks]
        assert "unproven" not in [lack.why for lack in evidence.lacks]
        faults = verify(await room.bundle(tmp_path / "one.zip", passage)).faults
        assert any(words in fault.words for fault in faults), faults


async def test_leaves_that_are_not_those_of_their_head_prove_nothing_silently(room):
    room.stage.device().push(30).end()
    room.stage.device("dev2").push(30).end()
    room.turns()
    await room.settle()
    passage = await room.passage("dev1")
    [leaves] = sorted((room.root / "heads" / "leaves").iterdir())
    lines = leaves.read_bytes().splitlines(keepends=True)
    [other] = [n for n, line in enumerate(lines) if b"/dev2/" in line]
    lines[other] = lines[other].replace(b"/dev2/", b"/dev3/")
    leaves.write_bytes(b"".join(lines))
    with pytest.raises(NoProof, match="not those that head"):
        await room.gather(passage)


async def test_nothing_points_at_a_stream_twice(room):
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    passage = await room.passage()
    with pytest.raises(NoProof, match="twice"):
        await room.gather(replace(passage, references=passage.references * 2))


async def test_a_head_is_asked_for_when_there_is_none_yet(room):
    room.stage.device().push(30)
    room.turns()
    evidence = await room.gather(await room.passage(), ask_for_head=room.office.round)
    assert evidence.lacks == ()
    assert room.office.notary.heads.heads == 1


# Where the proof comes from


async def test_the_first_leaf_that_goes_far_enough_is_found_among_many(room):
    device, indexes = room.stage.device(), []
    for _ in range(5):
        device.push(10)
        room.stage.turn()
        room.stage.clock.pass_s(3_600)
        for number in range(20):
            await room.office.enter(f"something else {number}")
        await room.office.round()
    leaves = room.office.leaves()
    segment = room.office.streams()[0].segment
    received = device.clock.utc
    for records in (3, 12, 25, 47):
        wanted = next(n for n, leaf in enumerate(leaves) if isinstance(leaf, StreamLeaf) and leaf.records >= records)
        found = first_leaves(room.root / "heads", [WantedLeaf(segment, records, 0)])
        assert found == {segment: wanted}
        indexes.append(wanted)
    assert len(set(indexes)) == 4
    # A clock that was set back: the search by time begins too late, and the scan finds it.
    late = first_leaves(room.root / "heads", [WantedLeaf(segment, 3, received + 10**18)])
    assert late == {segment: indexes[0]}
    assert first_leaves(room.root / "heads", [WantedLeaf(segment, 10_000, 0)]) == {}


# Keys


async def test_bundles_of_before_and_after_a_rotation_are_proven_by_either_key(room, tmp_path):
    first = room.office.notary.heads
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    passage, old_key = await room.passage(), first.signer.key
    old = await room.bundle(tmp_path / "old.zip", passage)
    await room.office.notary.rotate_key("cli:0")
    middle_key = first.signer.key
    await room.office.enter("something")
    await room.office.round()
    await room.office.notary.rotate_key("cli:0")
    new_key = first.signer.key
    room.stage.device("dev2").push(30).end()
    room.turns()
    await room.settle()
    new = await room.bundle(tmp_path / "new.zip", passage, await room.passage("dev2"))
    assert len({old_key, middle_key, new_key}) == 3
    history = [(one.head.key, one.vouched) for one in key_changes(room.root / "heads")]
    assert history == [(old_key, False), (middle_key, True), (new_key, True)]
    assert verify(old, {old_key}).faults == []
    assert verify(new, {new_key}).faults == []
    assert verify(new, {middle_key}).faults == []
    assert verify(new, {old_key}).faults == []  # each key's first head is signed by the one before
    assert verify(old, {new_key}).key_known is False  # it was made before there was one
    assert verify(old, {one.head.key for one in key_changes(room.root / "heads")}).faults == []


async def test_a_key_that_was_lost_vouches_for_none_after_it(room, tmp_path):
    heads = room.office.notary.heads
    await room.office.enter("something")
    await room.office.round()
    old_key = heads.signer.key
    (room.root / "heads.key").unlink()
    heads._keys.open(old_key)  # as a start finds it
    with pytest.raises(HeadKeyMissing, match="missing"):
        _ = heads.signer
    await room.office.notary.rotate_key("cli:0", lost=True)
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    path = await room.bundle(tmp_path / "one.zip", await room.passage())
    assert verify(path, {heads.signer.key}).faults == []
    assert verify(path, {old_key}).faults != []


# Whole or absent


async def test_what_progress_raises_stops_it_and_nothing_stays(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    parts = (await room.gather(await room.passage())).parts
    told = []

    class Enough(Exception): ...

    def progress(done, total):
        told.append((done, total))
        if done > total // 2:
            raise Enough

    path, signer = tmp_path / "one.zip", room.office.notary.heads.signer
    with pytest.raises(Enough):
        write_bundle(path, parts, FACTS, signer, progress=progress)
    assert told
    assert list(tmp_path.glob("*.zip*")) == []
    write_bundle(path, parts, FACTS, signer)
    assert verify(path).faults == []


async def test_a_part_that_changes_while_it_is_written_leaves_nothing(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    parts = (await room.gather(await room.passage())).parts
    [path] = segments_of(room)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(SegmentUnreadableError, match="changed while it was exported"):
        write_bundle(tmp_path / "one.zip", parts, FACTS, room.office.notary.heads.signer)
    assert list(tmp_path.glob("*.zip*")) == []


async def test_killed_at_any_moment_the_bundle_is_whole_or_absent(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    parts = (await room.gather(await room.passage())).parts
    path, signer = tmp_path / "one.zip", room.office.notary.heads.signer

    def write(kill_at=None):
        """Counts calls of the writer's own code, and kills the process at one of them."""
        calls = 0

        def trace(frame, event, _):
            nonlocal calls
            calls += frame.f_code.co_filename.endswith(WRITER)
            if calls == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(trace)
        try:
            write_bundle(path, parts, FACTS, signer)
        finally:
            sys.setprofile(None)
        return calls

    calls, whole = write(), 0
    path.unlink()
    for kill_at in (1, calls // 4, calls // 2, calls * 3 // 4, *range(calls - 8, calls + 2)):
        in_a_child(lambda tell, kill_at=kill_at: write(kill_at) and None)
        if path.exists():
            whole += 1
            assert verify(path).faults == []
            path.unlink()
        path.with_name("one.zip.part").unlink(missing_ok=True)
    assert 0 < whole < 14


async def three_segments(room):
    device = room.stage.device()
    for _ in range(6):
        device.push(50)
        room.stage.turn()
    device.end()
    room.turns()
    await room.settle()
    assert len(segments_of(room)) == 3
    return await room.passage()


def segments_of(room):
    return sorted(room.stage.store.segments())


async def test_what_the_verifier_would_not_pass_is_not_written(room, tmp_path):
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    evidence = await room.gather(await room.passage())
    parts = [one for one in evidence.parts if not one.name.endswith(".journal")]
    with pytest.raises(NotWhole, match="journal: it is missing"):
        write_bundle(tmp_path / "one.zip", parts, FACTS, room.office.notary.heads.signer, check=True)
    assert not list(tmp_path.glob("one.zip*"))

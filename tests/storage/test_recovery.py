"""Kill -9 is the heart of the store: a child writes, is killed at every step, and what it leaves is judged."""

import random
from hashlib import sha256

import pytest

from media import GapCause
from storage import (
    NO_CHAIN,
    EndFlag,
    RecordedGap,
    SegmentStore,
    read_fragments,
    read_header,
    read_journal,
    read_sealed,
    recover,
    verify,
)
from storage.journal import RECORD_SIZE
from tests.storage.faulty_disk import DoomedDisk, Fate, in_a_child, quick_folder
from tests.storage.footage import MORNING_NS, Shelf, StoppedClock, batches, fragment, fragments

LAST = 24
ROLL_AT = 12


@pytest.fixture
def quick(tmp_path):
    with quick_folder(tmp_path) as folder:
        yield folder


def write_two_segments(store, tell):
    """A stream of two segments, synced now and then; tells what it was promised."""
    with store.lock():
        shelf = Shelf(store, StoppedClock())
        writer = shelf.open()
        for batch in batches(1, ROLL_AT, 3):
            writer.append(batch)
            tell(f"written {batch[-1].sequence}")
            if batch[-1].sequence % 2 == 0:
                writer.sync()
                tell(f"durable {batch[-1].sequence}")
        ended = writer.end()
        follower = shelf.open(first_sequence=ROLL_AT + 1, chain=ended.digest)
        writer.sync()
        writer.close()
        store.settle(writer.header.segment)
        tell(f"durable {ROLL_AT}")
        for batch in batches(ROLL_AT + 1, LAST, 4):
            follower.append(batch)
            tell(f"written {batch[-1].sequence}")
            follower.sync()
            tell(f"durable {batch[-1].sequence}")
        follower.seal(GapCause.OFFLINE, last=True)
        store.settle(follower.header.segment)


def run_doomed(root, at, fate):
    """Write until killed: the last sequence promised durable, the last written, and whether it came to its end."""

    def script(tell):
        write_two_segments(SegmentStore(root, StoppedClock(), disk=DoomedDisk(at, fate)), tell)

    told, finished = in_a_child(script)
    highest = {"written": 0, "durable": 0}
    for line in told:
        word, sequence = line.split()
        highest[word] = int(sequence)
    return highest["durable"], highest["written"], finished


def judge(store, written):
    """Everything that was written is there, in order, true, and nothing else; answers how many fragments."""
    assert list(store.strays()) == []
    sequences = []
    heads = {}
    for path in store.segments():
        header, faults = verify(path)
        assert faults == []
        assert header.chain == heads.get(header.stream, NO_CHAIN)
        sealed = read_sealed(path)
        heads[header.stream] = sealed.digest
        for record, data in read_fragments(path):
            sequences.append(record.sequence)
            assert data == fragment(record.sequence).data
    assert sequences == list(range(1, len(sequences) + 1))
    assert len(sequences) >= written
    return len(sequences)


@pytest.mark.fault("F05", "I1", "I3")
@pytest.mark.parametrize("fate", list(Fate))
def test_killed_at_any_call_nothing_written_is_lost_and_nothing_false_is_found(quick, fate):
    """F05 over the store: SIGKILL at the k-th call, k = 1 until a clean run."""
    for at in range(1, 200):
        root = quick / str(at)
        durable, written, finished = run_doomed(root, at, fate)
        store = SegmentStore(root, StoppedClock())
        with store.lock():
            sealed = recover(store).sealed
            assert {segment.header.segment for segment in sealed} <= {path.stem for path in store.unsettled()}
            for segment in sealed:
                assert read_sealed(store.media / segment.header.path) == segment
            assert durable <= written <= judge(store, written)
        if finished:
            assert at > 30  # else the sweep has swept nothing
            return
    pytest.fail("no clean run within 200 calls")


@pytest.mark.fault("F05", "I1", "I3")
def test_a_recovery_killed_at_any_call_is_finished_by_the_next(quick):
    for at in range(5, 45, 4):
        for second in range(1, 60):
            root = quick / f"{at}-{second}"
            _, written, _ = run_doomed(root, at, Fate.TORN)

            def script(tell, root=root, second=second):
                doomed = SegmentStore(root, StoppedClock(), disk=DoomedDisk(second, Fate.TORN))
                with doomed.lock():
                    recover(doomed)

            _, finished = in_a_child(script)
            store = SegmentStore(root, StoppedClock())
            with store.lock():
                recover(store)
                judge(store, written)
            if finished:
                break


@pytest.mark.fault("F01", "I1", "I3")
def test_killed_at_random_instants(quick):
    """F01: the instants of a real scheduler, not of our counting."""
    for attempt in range(10):
        root = quick / str(attempt)
        written = kill_after(root, random.Random(attempt).uniform(0.0, 0.06))
        store = SegmentStore(root, StoppedClock())
        with store.lock():
            recover(store)
            judge(store, written)


def kill_after(root, seconds):
    import signal

    def script(tell):
        signal.setitimer(signal.ITIMER_REAL, seconds + 0.001)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        store = SegmentStore(root, StoppedClock())
        with store.lock():
            writer = Shelf(store, StoppedClock()).open()
            for batch in batches(1, 100_000, 7):
                writer.append(batch)
                tell(f"{batch[-1].sequence}")

    told, finished = in_a_child(script)
    assert not finished
    return int(told[-1]) if told else 0


@pytest.fixture
def shelf(tmp_path):
    clock = StoppedClock()
    shelf = Shelf(SegmentStore(tmp_path, clock), clock)
    with shelf.store.lock():
        yield shelf


def path_of(shelf, writer):
    return shelf.store.media / writer.header.path


def interrupted(shelf):
    """A segment whose writer died with ten durable fragments and ten more that were only written."""
    writer = shelf.open()
    writer.append(fragments(1, 10))
    writer.sync()
    writer.append(fragments(11, 20))
    writer.close()
    return writer, path_of(shelf, writer)


def sequences(path):
    return [record.sequence for record, _ in read_fragments(path)]


def test_the_crash_is_told_in_the_segment_it_ended(shelf):
    _, path = interrupted(shelf)
    [sealed] = recover(shelf.store).sealed
    assert sealed.end == EndFlag.RECOVERED | EndFlag.LAST
    assert sealed.end_cause == GapCause.SERVER_CRASHED
    assert sealed.last_sequence == 20
    assert sequences(path) == list(range(1, 21))


@pytest.mark.fault("F12", "I1", "I3")
@pytest.mark.parametrize("filling", ["zeros", "noise", "nothing"])
@pytest.mark.parametrize("which", ["media", "journal", "both"])
def test_after_lost_power_the_last_blocks_are_cut_and_durable_footage_stays(shelf, filling, which):
    """F12: what was never synced comes back as anything."""
    writer, path = interrupted(shelf)
    durable = writer.durable
    for kind, file, start in (
        ("media", path, durable.media_bytes + 500),
        ("journal", path.with_suffix(".journal"), (durable.records + 2) * RECORD_SIZE + 3),
    ):
        if which in (kind, "both"):
            data = file.read_bytes()
            tail = {"zeros": bytes, "noise": random.Random(5).randbytes, "nothing": lambda _: b""}[filling]
            file.write_bytes(data[:start] + tail(len(data) - start))
    recover(shelf.store)
    found = sequences(path)
    assert found == list(range(1, len(found) + 1))
    assert 10 <= len(found) < 20
    assert verify(path)[1] == []
    assert path.with_name(path.name + ".cut").stat().st_size == read_sealed(path).cut_bytes > 0 or which == "media"


def test_bytes_without_a_record_are_kept_aside_and_never_adopted(shelf):
    _, path = interrupted(shelf)
    orphan = fragment(21).data
    with path.open("ab") as file:
        file.write(orphan)
    [sealed] = recover(shelf.store).sealed
    assert sealed.last_sequence == 20
    assert sealed.cut_bytes == len(orphan)
    assert path.with_name(path.name + ".cut").read_bytes() == orphan


def test_what_a_second_recovery_cuts_off_is_kept_beside_what_the_first_one_did(shelf):
    """Found by going through what fuzzing found: the disk goes on damaging the journal between two starts."""
    _, path = interrupted(shelf)
    media, journal = path.read_bytes(), path.with_suffix(".journal")
    with path.open("ab") as file:
        file.write(orphan := fragment(21).data * 3)
    recover(shelf.store)
    noise = bytearray(journal.read_bytes())
    for at in (18, len(noise) // RECORD_SIZE - 1):  # a fragment's record beyond the last sync, and the end's
        noise[at * RECORD_SIZE + 50] ^= 1
    journal.write_bytes(noise)
    [sealed] = recover(shelf.store).sealed
    kept, cut = path.read_bytes(), path.with_name(path.name + ".cut").read_bytes()
    assert media.startswith(kept)
    assert len(kept) < len(media)
    assert cut == orphan + media[len(kept) :]
    assert sealed.cut_bytes == len(cut)
    [again] = recover(shelf.store).sealed
    assert (again.digest, path.with_name(path.name + ".cut").read_bytes()) == (sealed.digest, cut)


def test_durable_footage_is_not_hashed_again_at_start(shelf):
    """A start must not read all that 200 streams wrote for minutes; `store check` does."""
    writer, path = interrupted(shelf)
    data = bytearray(path.read_bytes())
    data[writer.durable.media_bytes - 1] ^= 1
    path.write_bytes(data)
    recover(shelf.store)
    assert [fault.words for fault in verify(path)[1]] == ["altered or missing bytes"]


def test_a_durable_gap_whose_record_the_disk_damaged_does_not_stop_the_start(shelf):
    """F27: found by fuzzing. The start goes on without that gap, and `store check` says what is damaged."""
    writer = shelf.open()
    lost = RecordedGap(11, 10, 0, GapCause.PACKET_LOSS, MORNING_NS, MORNING_NS + 1)
    writer.append([*fragments(1, 10), lost, *fragments(21, 24)])
    writer.sync()
    writer.append(fragments(25, 25))
    writer.close()
    path = path_of(shelf, writer)
    journal = bytearray(path.with_suffix(".journal").read_bytes())
    journal[11 * RECORD_SIZE + 50] ^= 1  # behind the header and ten fragments
    path.with_suffix(".journal").write_bytes(journal)
    [sealed] = recover(shelf.store).sealed
    assert (sealed.gaps, sealed.last_sequence) == ((), 25)
    assert [fault.words for fault in verify(path)[1]] == ["its journal is not true after record 10"]


def test_of_a_file_shorter_than_was_promised_what_is_left_is_kept(shelf):
    writer, path = interrupted(shelf)
    path.write_bytes(path.read_bytes()[: writer.durable.media_bytes - 1])
    recover(shelf.store)
    assert sequences(path) == list(range(1, 10))
    assert verify(path)[1] == []


def test_a_segment_that_its_stream_left_behind_is_cut_where_the_next_one_begins(shelf):
    """R7: a poisoned file could not even be ended; its successor says what of it still counts."""
    writer, path = interrupted(shelf)
    follower = shelf.open(first_sequence=11, chain=writer.durable.chain)
    lost = RecordedGap(11, 10, 0, GapCause.DISK_ERROR, MORNING_NS, MORNING_NS + 1)
    follower.append([lost, *fragments(21, 25)])
    follower.seal(GapCause.OFFLINE, last=True)
    first, second = recover(shelf.store).sealed
    assert sequences(path) == list(range(1, 11))
    assert (first.end, first.end_cause) == (EndFlag.RECOVERED, None)
    assert second.end == EndFlag.LAST


def test_footage_lost_between_two_segments_of_a_stream_becomes_a_gap(shelf):
    writer, path = interrupted(shelf)
    follower = shelf.open(first_sequence=21, chain=writer.written.chain)
    follower.append(fragments(21, 25))
    follower.close()
    damaged = path.read_bytes()
    path.write_bytes(damaged[: writer.durable.media_bytes + 4_000 + 1])  # sequences 11 and 12 survive
    first, _ = recover(shelf.store).sealed
    [gap] = first.gaps
    assert (gap.sequence, gap.last_sequence, gap.cause) == (13, 20, GapCause.SERVER_CRASHED)
    assert verify(path)[1] == []
    assert read_sealed(path) == first


@pytest.mark.parametrize("damage", ["no journal", "no file", "empty", "foreign"])
def test_what_nothing_vouches_for_goes_into_quarantine(shelf, damage):
    """R6: never deleted."""
    _, path = interrupted(shelf)
    journal = path.with_suffix(".journal")
    before = path.read_bytes()
    match damage:
        case "no journal":
            journal.unlink()
        case "no file":
            path.unlink()
        case "empty":
            journal.write_bytes(b"")
        case "foreign":
            path.write_bytes(b"not a film" + before)
    found = recover(shelf.store)
    assert found.sealed == ()
    [(aside, words)] = found.quarantined
    assert words
    assert list(shelf.store.segments()) == []
    assert shelf.store.unsettled() == []
    if damage != "no file":
        assert sha256(aside.read_bytes()[-len(before) :]).digest() == sha256(before).digest()


def test_what_is_settled_is_left_alone(shelf):
    writer = shelf.open()
    writer.append(fragments(1, 3))
    writer.seal()
    shelf.store.settle(writer.header.segment)
    assert recover(shelf.store).sealed == ()


@pytest.mark.fault("F04", "I1", "I3")
def test_a_segment_ended_but_without_its_row_is_as_its_writer_left_it(shelf):
    """F04: killed between the sync and the row."""
    writer = shelf.open()
    writer.append(fragments(1, 3))
    sealed = writer.seal(GapCause.OFFLINE, last=True)
    assert recover(shelf.store).sealed == (sealed,)
    assert read_header(path_of(shelf, writer), read_journal(path_of(shelf, writer))) == sealed.header


def test_a_second_recovery_finds_what_the_first_left(shelf):
    interrupted(shelf)
    assert recover(shelf.store) == recover(shelf.store)

import errno
from hashlib import sha256

import pytest

from media import Gap, GapCause
from storage import (
    EndFlag,
    Kind,
    RecordedGap,
    SegmentStore,
    read_fragments,
    read_header,
    read_journal,
    read_sealed,
    verify,
)
from storage.journal import true_records
from tests.storage.faulty_disk import RefusingDisk, ShortDisk
from tests.storage.footage import MORNING_NS, PICTURE_NS, Shelf, StoppedClock, fragments


@pytest.fixture
def shelf(tmp_path):
    clock = StoppedClock()
    shelf = Shelf(SegmentStore(tmp_path, clock), clock)
    with shelf.store.lock():
        yield shelf


def sequences(path):
    return [record.sequence for record, _ in read_fragments(path)]


def path_of(shelf, writer):
    return shelf.store.media / writer.header.path


def test_what_was_written_is_read_back_byte_for_byte(shelf):
    writer = shelf.open()
    footage = fragments(1, 120)
    for start in range(0, 120, 10):
        writer.append(footage[start : start + 10])
    sealed = writer.seal(GapCause.OFFLINE, last=True)
    path = path_of(shelf, writer)
    assert [data for _, data in read_fragments(path)] == [fragment.data for fragment in footage]
    assert verify(path) == (writer.header, [])
    assert read_sealed(path) == sealed
    assert sealed.size_bytes == path.stat().st_size
    assert (sealed.end, sealed.end_cause, sealed.fragments) == (EndFlag.LAST, GapCause.OFFLINE, 120)


def test_every_fact_of_a_fragment_is_in_its_record(shelf):
    writer = shelf.open()
    [fragment] = fragments(1, 1)
    writer.append([fragment])
    [(record, _)] = read_fragments(path_of(shelf, writer))
    for name in ("sequence", "rtp_time", "received_mono_ns", "received_utc_ns", "device_ntp", "placed_utc_ns", "flags"):
        assert getattr(record, name) == getattr(fragment, name)
    assert (record.track, record.quantity, record.duration) == (1, 1, 3_600)
    assert (record.clock_rate, record.lost_packets) == (90_000, 0)
    assert record.digest == sha256(fragment.data).digest()
    assert record.end_utc_ns == fragment.placed_utc_ns + PICTURE_NS


def test_a_file_says_who_it_is(shelf):
    writer = shelf.open()
    path = path_of(shelf, writer)
    assert read_header(path, read_journal(path)) == writer.header


def test_gaps_stand_between_fragments_and_count_their_sequences(shelf):
    writer = shelf.open()
    writer.append(fragments(1, 3))
    lost = Gap(
        sequence=4,
        track_id=1,
        cause=GapCause.PACKET_LOSS,
        start_utc_ns=MORNING_NS,
        end_utc_ns=MORNING_NS + 9,
        lost_packets=3,
    )
    writer.append([lost, *fragments(5, 6)])
    overflow = RecordedGap(7, 20, 0, GapCause.ARCHIVE_OVERFLOW, MORNING_NS, MORNING_NS + 1)
    writer.append([overflow, *fragments(27, 28)])
    sealed = writer.seal()
    assert sealed.gaps == (RecordedGap.of(lost), overflow)
    assert read_sealed(path_of(shelf, writer)) == sealed
    assert verify(path_of(shelf, writer))[1] == []


def test_a_missing_sequence_is_a_fault(shelf):
    writer = shelf.open()
    writer.append([*fragments(1, 3), *fragments(5, 6)])
    writer.seal()
    [fault] = verify(path_of(shelf, writer))[1]
    assert fault.sequence == 4


def test_a_gap_before_the_footage_of_a_segment_is_not_part_of_it(shelf):
    writer = shelf.open(first_sequence=0)
    before = RecordedGap(0, 1, 0, GapCause.SERVER_CRASHED, MORNING_NS - 5_000_000_000, MORNING_NS + PICTURE_NS)
    writer.append([before, *fragments(1, 2)])
    sealed = writer.seal()
    assert sealed.start_utc_ns == writer.header.started_utc_ns
    assert sealed.end_utc_ns == MORNING_NS + 3 * PICTURE_NS
    assert read_sealed(path_of(shelf, writer)) == sealed


def test_a_sync_record_says_how_far_footage_is_durable(shelf):
    writer = shelf.open()
    writer.append(fragments(1, 5))
    writer.sync()
    writer.append(fragments(6, 7))
    journal = read_journal(path_of(shelf, writer))
    records = list(true_records(journal, writer.header.chain))
    assert "".join(chr(record.kind) for record in records) == "HFFFFFSFF"
    sync = records[6]
    assert (sync.kind, sync.quantity, sync.sequence) == (Kind.SYNC, 6, 5)
    assert sync.digest == records[5].chain


def test_a_sync_that_began_earlier_vouches_only_for_what_was_there(shelf):
    writer = shelf.open()
    writer.append(fragments(1, 5))
    position = writer.written
    writer.append(fragments(6, 9))
    writer.synced(position)
    writer.append(())
    assert writer.durable == position
    assert (
        next(
            r for r in true_records(read_journal(path_of(shelf, writer)), writer.header.chain) if r.kind == Kind.SYNC
        ).quantity
        == 6
    )


def test_an_idle_segment_is_not_synced_again_for_its_sync_record(shelf):
    writer = shelf.open()
    writer.append(fragments(1, 2))
    writer.sync()
    writer.append(())
    assert not writer.dirty


def test_segments_of_a_stream_are_one_chain(shelf):
    first = shelf.open()
    first.append(fragments(1, 5))
    head = first.seal().digest
    second = shelf.open(first_sequence=6, chain=head)
    second.append(fragments(6, 9))
    second.seal()
    assert read_header(path_of(shelf, second), read_journal(path_of(shelf, second))).chain == head


def test_writes_that_take_a_few_bytes_at_a_time_lose_nothing(tmp_path):
    shelf = Shelf(SegmentStore(tmp_path, StoppedClock(), disk=ShortDisk()), StoppedClock())
    with shelf.store.lock():
        writer = shelf.open()
        writer.append(fragments(1, 10))
        writer.seal()
        assert sequences(path_of(shelf, writer)) == list(range(1, 11))


def test_a_batch_costs_two_writes_however_long_it_is(tmp_path):
    disk = RefusingDisk()
    shelf = Shelf(SegmentStore(tmp_path, StoppedClock(), disk=disk), StoppedClock())
    with shelf.store.lock():
        writer = shelf.open()
        disk.calls.clear()
        writer.append(fragments(1, 200))
        assert disk.calls == ["append", "append"]


@pytest.fixture
def refusing(tmp_path):
    disk = RefusingDisk()
    shelf = Shelf(SegmentStore(tmp_path, StoppedClock(), disk=disk), StoppedClock())
    with shelf.store.lock():
        yield shelf, disk


def test_after_a_failed_sync_only_what_was_durable_before_is_kept(refusing):
    shelf, disk = refusing
    writer = shelf.open()
    writer.append(fragments(1, 5))
    writer.sync()
    writer.append(fragments(6, 9))
    disk.refuse = {"sync_file": OSError(errno.EIO, "injected")}
    with pytest.raises(OSError, match="injected"):
        writer.sync()
    disk.refuse = {}
    sealed = writer.end_broken(writer.durable, GapCause.DISK_ERROR)
    path = path_of(shelf, writer)
    assert sequences(path) == [1, 2, 3, 4, 5]
    assert (sealed.end, sealed.end_cause, sealed.last_sequence) == (EndFlag.BROKEN, GapCause.DISK_ERROR, 5)
    assert read_sealed(path) == sealed
    assert verify(path)[1] == []
    cut = path.with_name(path.name + ".cut").read_bytes()
    assert cut == b"".join(fragment.data for fragment in fragments(6, 9))


def test_after_a_failed_write_everything_before_it_is_kept(refusing):
    shelf, disk = refusing
    writer = shelf.open()
    writer.append(fragments(1, 5))
    disk.refuse = {"append": OSError(errno.ENOSPC, "injected")}
    with pytest.raises(OSError, match="injected"):
        writer.append(fragments(6, 9))
    disk.refuse = {}
    writer.end_broken(writer.written, GapCause.DISK_ERROR)
    assert sequences(path_of(shelf, writer)) == [1, 2, 3, 4, 5]
    assert verify(path_of(shelf, writer))[1] == []

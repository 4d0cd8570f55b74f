import errno
import os
import random

import pytest

from media import GapCause
from recorder import check
from storage import segment_reader
from storage.journal import RECORD_SIZE


@pytest.fixture
async def archive(stage, index):
    """A channel with two streams, one of two segments, all in order and with rows."""
    device = stage.device().push(60).change_picture_size().push(40).gap(GapCause.PACKET_LOSS).push(10)
    device.end(GapCause.STALLED)
    stage.turn()
    stage.clock.pass_s(30)
    again = stage.device().push(20)
    again.end()
    stage.turn()
    await keep_rows(stage, index)
    return stage


async def keep_rows(stage, index):
    await index.add(stage.sealed)
    for segment in stage.sealed:
        stage.store.settle(segment.header.segment)


def words(report):
    return [fault.words for fault in report.faults]


async def test_an_archive_in_order_has_no_faults(archive, index):
    report = await check(archive.store, index)
    assert words(report) == []
    assert (report.segments, report.fragments, report.gaps, report.open_segments) == (3, 130, 2, 0)


@pytest.mark.fault("F27", "I1", "I3")
async def test_every_flipped_bit_is_found(archive, index):
    """F27."""
    source = random.Random(3)
    paths = list(archive.store.segments())
    for _ in range(100):
        path = source.choice(paths)
        file = source.choice([path, path.with_suffix(".journal")])
        data = file.read_bytes()
        flipped = bytearray(data)
        flipped[source.randrange(len(data))] ^= 1 << source.randrange(8)
        file.write_bytes(flipped)
        assert words(await check(archive.store, index)) != []
        file.write_bytes(data)


@pytest.mark.fault("F22", "I1", "I3")
async def test_a_file_that_the_disk_does_not_let_be_read_is_named_and_the_rest_is_proved(archive, index, monkeypatch):
    """F22 as far as there are readers: `store check`. EIO comes out of the one call that fetches a fragment."""
    bad, *good = archive.store.segments()
    read = segment_reader._is_true
    inode = bad.stat().st_ino

    def is_true(descriptor, record, pread):
        if os.fstat(descriptor).st_ino == inode:
            raise OSError(errno.EIO, "Input/output error")
        return read(descriptor, record, pread)

    monkeypatch.setattr(segment_reader, "_is_true", is_true)
    report = await check(archive.store, index)
    assert {(fault.path, fault.words) for fault in report.faults} == {(bad, "it cannot be read: Input/output error")}
    assert report.segments == 1 + len(good)


async def test_the_first_altered_second_is_named(archive, index):
    path = next(archive.store.segments())
    data = bytearray(path.read_bytes())
    data[-1_000] ^= 1  # in the last of 60 pictures
    path.write_bytes(data)
    [fault] = (await check(archive.store, index)).faults
    assert (fault.words, fault.sequence) == ("altered or missing bytes", 60)


async def test_a_missing_file_is_found(archive, index):
    path = next(archive.store.segments())
    archive.store.remove(path)
    assert words(await check(archive.store, index)) == ["its row has no file"]


async def test_a_file_without_a_row_is_found(archive, index):
    await index.discard(await index.oldest(1), 0)
    await index.forget_garbage(await index.garbage())
    assert words(await check(archive.store, index)) == ["it has no row"]


async def test_a_file_that_waits_for_its_unlinking_is_no_fault(archive, index):
    await index.discard(await index.oldest(1), 0)
    report = await check(archive.store, index)
    assert "it has no row" not in words(report)


async def test_a_lost_segment_in_the_middle_is_a_hole_in_its_stream(archive, index):
    middle = list(archive.store.segments())[1]
    archive.store.remove(middle)
    await index.clear()
    await index.add([segment for segment in archive.sealed if segment.header.segment != middle.stem])
    assert "it names another head of the stream before it" in words(await check(archive.store, index))


async def test_a_stray_file_is_found(archive, index):
    (next(archive.store.segments()).parent / "notes.txt").touch()
    assert words(await check(archive.store, index)) == ["it belongs to no segment"]


async def test_an_open_segment_is_counted_and_is_no_fault(stage, index):
    device = stage.device().push(10)
    stage.turn()
    device.push(5)
    stage.turn(sync=False)
    report = await check(stage.store, index)
    assert (words(report), report.open_segments) == ([], 1)
    device.end()


async def test_of_an_open_segment_what_is_durable_must_be_true(stage, index):
    stage.device().push(10)
    stage.turn()
    stage.turn()  # the sync record comes with the turn after the sync
    path = next(stage.store.segments())
    journal = path.with_suffix(".journal")
    data = bytearray(journal.read_bytes())
    data[5 * RECORD_SIZE + 9] ^= 1
    whole = journal.read_bytes()
    path.write_bytes(path.read_bytes()[:-1])
    assert words(await check(stage.store, index)) == ["altered or missing bytes"]
    assert whole == journal.read_bytes()


async def test_sealed_footage_whose_row_is_to_come_is_counted(stage, index):
    stage.device().push(10).end()
    stage.turn()
    report = await check(stage.store, index)
    assert (words(report), report.without_row) == ([], 1)

import asyncio
import threading
from pathlib import Path

import pytest

from recorder.stocktaking import learn_newest, take_stock
from storage import read_sealed
from tests.recorder.test_check import archive as archive  # three segments with rows
from tests.recorder.test_check import keep_rows

NOW_UTC_NS = 1_790_000_000_000_000_000
FOR_EVER_NS = 1 << 62


async def test_where_rows_and_files_agree_nothing_is_done(archive, index):
    stock = await take_stock(archive.store, index, NOW_UTC_NS)
    assert (stock.adopted, stock.missing) == (0, 0)


async def test_a_file_that_is_about_to_be_unlinked_gets_no_row_again(archive, index):
    await index.discard(await index.oldest(1), 0)
    assert (await take_stock(archive.store, index, NOW_UTC_NS)).adopted == 0


async def test_a_file_that_lost_its_row_gets_the_row_that_was(archive, index):
    before = await index.oldest(10)
    await index.discard(before[:1], 0)
    await index.forget_garbage(await index.garbage())
    assert (await take_stock(archive.store, index, NOW_UTC_NS)).adopted == 1
    assert await index.oldest(10) == before


async def test_a_segment_that_is_being_written_is_left_alone(stage, index):
    stage.device().push(10)
    stage.turn()
    assert (await take_stock(stage.store, index, NOW_UTC_NS)).adopted == 0


@pytest.mark.fault("F15", "I3")
async def test_a_row_without_a_file_is_flagged_told_and_kept_until_the_file_is_there_again(archive, index):
    path = next(archive.store.segments())
    header = read_sealed(path).header
    aside = path.rename(archive.store.root / "aside")
    for newly in ([path.stem], []):  # a second start finds nothing new, and tells it all the same
        stock = await take_stock(archive.store, index, NOW_UTC_NS)
        assert (stock.newly_missing, stock.missing, stock.found_again) == (newly, 1, 0)
        footage = await index.recordings(header.device, header.channel, 0, FOR_EVER_NS)
        assert [segment.id for segment in footage.segments if segment.missing] == [path.stem]
    aside.rename(path)
    stock = await take_stock(archive.store, index, NOW_UTC_NS)
    assert (stock.newly_missing, stock.missing, stock.found_again) == ([], 0, 1)
    footage = await index.recordings(header.device, header.channel, 0, FOR_EVER_NS)
    assert not any(segment.missing for segment in footage.segments)


@pytest.mark.fault("F15", "I3")
async def test_a_segment_that_is_being_written_does_not_make_up_for_a_missing_file(archive, index):
    """Three rows, two of their files, and one that has no row yet: three and three."""
    lost, *_ = archive.store.segments()
    lost.unlink()
    archive.device().push(10)
    archive.turn()
    assert dict(archive.store.counts()) == await index.channel_days()
    stock = await take_stock(archive.store, index, NOW_UTC_NS)
    assert (stock.newly_missing, stock.adopted) == ([lost.stem], 0)


@pytest.mark.fault("F15", "I3")
@pytest.mark.parametrize("begun", ["before", "while"])
async def test_nor_does_one_that_gets_its_row_or_begins_while_it_is_counted(archive, index, monkeypatch, begun):
    lost, *_ = archive.store.segments()
    lost.unlink()
    count_rows = index.channel_days

    def begin():
        device = archive.device().push(10)
        archive.turn()
        return device

    async def count_then_go_on():
        counts = await count_rows()
        if begun == "before":
            device.end()
            archive.turn()
            await keep_rows(archive, index)
        else:
            begin()
        return counts

    device = begin() if begun == "before" else None
    monkeypatch.setattr(index, "channel_days", count_then_go_on)
    stock = await take_stock(archive.store, index, NOW_UTC_NS)
    assert (stock.newly_missing, stock.adopted) == ([lost.stem], 0)


async def test_an_empty_index_learns_the_newest_segment_of_each_channel_before_anything_is_recorded(
    archive, index, monkeypatch
):
    before, streams = await index.oldest(10), await index.last_streams()
    await index.clear()
    # Ten million files are not listed before a device may come: of a channel that a newer day has shown, none is.
    (archive.store.media / "2001-01-01" / "dev1" / "main").mkdir(parents=True)
    (archive.store.media / "2001-01-01" / "stray").touch()
    listed: list[str] = []
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda path, pattern: listed.append(path.parts[-3]) or glob(path, pattern))
    monkeypatch.setattr(type(archive.store), "counts", lambda _: pytest.fail("every folder is listed"))
    assert await learn_newest(archive.store, index) == len(streams)
    assert listed
    assert "2001-01-01" not in listed
    monkeypatch.undo()
    assert await index.last_streams() == streams
    assert await learn_newest(archive.store, index) == 0  # it is not empty any more
    stock = await take_stock(archive.store, index, NOW_UTC_NS)
    assert stock.adopted == len(before) - len(streams)
    assert await index.oldest(10) == before


async def test_counting_in_pieces_counts_every_row_once(archive, index, monkeypatch):
    whole = await index.channel_days()
    assert sum(whole.values()) == 3
    assert whole == dict(archive.store.counts())
    for rows in (1, 2, 3, 4):
        monkeypatch.setattr("recorder.index.COUNTED_AT_ONCE", rows)
        assert await index.channel_days() == whole


@pytest.mark.fault("F06")
@pytest.mark.parametrize("look", ["take stock", "learn the newest"])
async def test_whoever_stops_does_not_wait_until_all_files_are_looked_at(archive, index, monkeypatch, look):
    """Ten million files on a cold disk are minutes: a process whose thread still counts does not end."""
    counting, ended = threading.Event(), threading.Event()
    await index.clear()

    def without_end(_store):
        try:
            while True:
                counting.set()
                yield (place, 1) if look == "take stock" else place
        finally:
            ended.set()

    place = ("2001-01-01", "dev1", "main")
    monkeypatch.setattr(type(archive.store), "counts" if look == "take stock" else "places", without_end)
    async with asyncio.TaskGroup() as group:
        work = take_stock(archive.store, index, 1) if look == "take stock" else learn_newest(archive.store, index)
        taking = group.create_task(work)
        assert await asyncio.to_thread(counting.wait, 20)
        taking.cancel()
    assert await asyncio.to_thread(ended.wait, 20)

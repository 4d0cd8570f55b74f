import pytest

from recorder.stocktaking import learn_newest, take_stock
from tests.recorder.test_check import archive as archive  # three segments with rows


async def test_where_rows_and_files_agree_nothing_is_done(archive, index):
    stock = await take_stock(archive.store, index)
    assert (stock.adopted, stock.missing) == (0, [])


async def test_a_file_that_is_about_to_be_unlinked_gets_no_row_again(archive, index):
    await index.discard(await index.oldest(1), 0)
    assert (await take_stock(archive.store, index)).adopted == 0


async def test_a_file_that_lost_its_row_gets_the_row_that_was(archive, index):
    before = await index.oldest(10)
    await index.discard(before[:1], 0)
    await index.forget_garbage(await index.garbage())
    assert (await take_stock(archive.store, index)).adopted == 1
    assert await index.oldest(10) == before


async def test_a_segment_that_is_being_written_is_left_alone(stage, index):
    stage.device().push(10)
    stage.turn()
    assert (await take_stock(stage.store, index)).adopted == 0


@pytest.mark.fault("F15", "I3")
async def test_a_row_without_a_file_is_told_and_kept(archive, index):
    path = next(archive.store.segments())
    archive.store.remove(path)
    assert (await take_stock(archive.store, index)).missing == [archive.store.relative(path)]
    assert await index.has(path.stem)


async def test_an_empty_index_learns_the_newest_segment_of_each_channel_before_anything_is_recorded(archive, index):
    before, streams = await index.oldest(10), await index.last_streams()
    await index.clear()
    assert await learn_newest(archive.store, index) == len(streams)
    assert await index.last_streams() == streams
    assert await learn_newest(archive.store, index) == 0  # it is not empty any more
    stock = await take_stock(archive.store, index)
    assert stock.adopted == len(before) - len(streams)
    assert await index.oldest(10) == before

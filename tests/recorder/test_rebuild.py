import pytest

from recorder import check, rebuild
from tests.recorder.test_check import archive as archive  # the same archive, from other eyes
from tests.recorder.test_check import words

EVER = (0, 1 << 62)


async def everything(index):
    return (
        await index.recordings("dev1", "main", *EVER),
        await index.last_streams(),
        await index.stored_bytes(),
        await index.oldest(100),
    )


@pytest.mark.fault("F16", "I1", "I3")
async def test_rows_rebuilt_from_files_are_the_rows_that_were(archive, index):
    """F16: an empty database, full media."""
    before = await everything(index)
    await index.clear()
    report = await rebuild(archive.store, index)
    assert await everything(index) == before
    assert (report.segments, report.recovered, report.quarantined) == (3, 0, [])
    assert words(await check(archive.store, index)) == []


async def test_rows_that_lie_are_replaced(archive, index):
    before = await everything(index)
    await index.discard(await index.oldest(2), 0)
    await rebuild(archive.store, index)
    assert await everything(index) == before
    assert await index.garbage() == []
    assert len(list(archive.store.segments())) == 3


async def test_open_segments_are_sealed(stage, index):
    device = stage.device().push(10)
    stage.turn()
    report = await rebuild(stage.store, index)
    assert (report.segments, report.recovered) == (1, 1)
    assert stage.store.unsettled() == []
    assert words(await check(stage.store, index)) == []
    device.end()


async def test_an_open_segment_that_nobody_remembers_is_sealed_too(stage, index):
    stage.device().push(10)
    stage.turn()
    [path] = stage.store.segments()
    stage.store.settle(path.stem)
    await rebuild(stage.store, index)
    assert len((await index.recordings("dev1", "main", *EVER)).segments) == 1


async def test_what_cannot_be_believed_goes_into_quarantine(archive, index):
    path = next(archive.store.segments())
    path.write_bytes(b"\0" * path.stat().st_size)
    (path.parent / "notes.txt").touch()
    report = await rebuild(archive.store, index)
    assert sorted(where.name for where, _ in report.quarantined) == sorted([path.name, "notes.txt"])
    assert all(where.exists() for where, _ in report.quarantined)
    assert report.segments == 2

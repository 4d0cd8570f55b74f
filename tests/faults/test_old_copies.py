"""Database and media disagree, for one of them was put back from a copy (F14, F15, F16)."""

import shutil
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from tests.house.archive import until
from tests.house.bounds import FULL

DATABASE = "mingjing.sqlite3"


async def record(house, device):
    push = await house.device(device).push(seconds=0.4)
    await push.all_sent()
    await house.archive(device).wait_for_unit(push.next_n - 1)
    push.leave()


def put_back(copy: Path, data_dir: Path) -> None:
    for file in data_dir.glob(f"{DATABASE}*"):
        file.unlink()
    shutil.copy(copy, data_dir / DATABASE)


def files(house) -> set[Path]:
    return set((house.data_dir / "media").glob("[0-9]*/*/*/*"))


def rows(house, where: str = "true") -> int:
    with closing(connect(house.data_dir / DATABASE, timeout=10)) as connection:
        return int(connection.execute(f"select count(*) from segments where {where}").fetchone()[0])


@pytest.mark.fault("F14", "I1", "I3", "I4", "I5")
@pytest.mark.fault("F16", "I1", "I3", "I4", "I5")
async def test_f14_f16_a_database_that_is_old_or_empty_deletes_nothing_and_learns_from_the_files(built_house, tmp_path):
    house, empty, old = built_house, tmp_path / "empty", tmp_path / "old"
    shutil.copy(house.data_dir / DATABASE, empty)
    await house.start()
    await record(house, "dev1")
    await until(lambda: rows(house) == 1)
    with closing(connect(house.data_dir / DATABASE, timeout=10)) as now, closing(connect(old)) as copy:
        now.backup(copy)
    await record(house, "dev1")
    await record(house, "dev2")
    await house.stop()
    before = files(house)
    for copy, had in ((old, 1), (empty, 0)):
        put_back(copy, house.data_dir)
        assert rows(house) == had
        await house.start()
        await until(lambda: rows(house) == 3)
        assert files(house) == before
        if had or FULL:
            await house.check()
        await house.stop()


@pytest.mark.skipif(not FULL, reason="the long form: `make faults`; the short one is a level below")
@pytest.mark.fault("F15", "I3")
async def test_f15_media_from_an_older_copy_are_told_as_missing(built_house, tmp_path):
    house, media = built_house, built_house.data_dir / "media"
    await house.start()
    await record(house, "dev1")
    await until(lambda: rows(house) == 1)
    shutil.copytree(media, tmp_path / "copy", symlinks=True)
    await record(house, "dev1")
    await house.stop()
    shutil.rmtree(media)
    shutil.copytree(tmp_path / "copy", media, symlinks=True)

    server = await house.start()
    await until(lambda: "footage_missing" in server.log)
    assert "1 recordings have rows and no file" in server.log
    with pytest.raises(AssertionError, match="its row has no file"):
        await house.check()
    assert rows(house) == 2  # nothing is forgotten: what was there is a fact
    assert rows(house, "missing_since_utc_ns IS NOT NULL") == 1
    await record(house, "dev1")  # and recording goes on

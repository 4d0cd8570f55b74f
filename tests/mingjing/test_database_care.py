"""What a running server says of a damaged database, and what a start says of a mended one."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.stream import AlarmKind
from mingjing import database_care
from mingjing.database_care import DatabaseWatch, mend_if_damaged, record_mending, words_of
from mingjing.settings import Settings
from storage.database import CannotMendError, Database, Mended, Salvaged, mending, migrate, pragmas, report_of
from storage.ledger import LedgerUnavailable
from tests.storage.pages import overwrite_page, root_page


class Hub:
    """Takes down what is told."""

    def __init__(self):
        self.told = []
        self.often = asyncio.Event()

    def alarm(self, kind, *, words):
        self.told.append((kind, words))
        if len(self.told) > 1:
            self.often.set()


@pytest.fixture
async def database(tmp_path):
    path = tmp_path / "mingjing.sqlite3"
    await migrate(f"sqlite+aiosqlite:///{path}")
    overwrite_page(path, root_page(path, "alarms"))
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


async def test_a_page_that_nobody_reads_is_looked_at_all_the_same_and_told_as_long_as_it_lasts(database, monkeypatch):
    monkeypatch.setattr(database_care, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(database_care, "TELL_AGAIN_S", 0.01)
    hub = Hub()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(DatabaseWatch(database, hub, 3).run())
        await asyncio.wait_for(hub.often.wait(), 10)
        watching.cancel()
    kind, words = hub.told[0]
    assert kind is AlarmKind.DATABASE_DAMAGED
    assert "alarms: " in words
    assert "Restart the server" in words
    assert "it stops when 3 % of the disk are free" in words  # the ring does not turn meanwhile
    assert database.path.with_name(f"{database.path.name}.suspect").exists()


def test_what_was_lost_is_named_and_where_the_damaged_file_is():
    tables = (
        Salvaged("devices", 3, lost=["dev1", "dev2"]),
        Salvaged("segments", 0, remade=True),
        Salvaged("units", 2, lost_more=True),
        Salvaged("users", 5),
    )
    words = words_of(Mended(Path("/data/mingjing.sqlite3.damaged-20261124T120000Z"), "", tables))
    assert "lost of devices: dev1, dev2;" in words
    assert "lost of units: nobody knows what; 2 rows are left" in words
    assert "users" not in words
    assert "kept as mingjing.sqlite3.damaged-20261124T120000Z" in words


async def test_without_room_to_mend_what_a_look_does_not_find_the_server_starts_all_the_same(tmp_path, monkeypatch):
    def no_room(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    settings = Settings(data_dir=tmp_path)
    await migrate(settings.database_url)
    mending.suspect(settings.database_path, "it was met")
    monkeypatch.setattr(mending, "salvage", no_room)
    assert await mend_if_damaged(settings) is None
    overwrite_page(settings.database_path, root_page(settings.database_path, "alarms"))
    with pytest.raises(CannotMendError):
        await mend_if_damaged(settings)


async def test_a_database_that_somebody_has_locked_is_not_looked_at_and_the_server_starts_all_the_same(
    tmp_path, monkeypatch
):
    settings = Settings(data_dir=tmp_path)
    await migrate(settings.database_url)
    monkeypatch.setattr(pragmas, "BUSY_TIMEOUT_MS", 10)
    with closing(sqlite3.connect(settings.database_path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert await mend_if_damaged(settings) is None


class LedgerBook:
    """Takes down entries, when it can."""

    def __init__(self):
        self.full = True
        self.details = []

    async def append(self, *, principal, action, detail):
        if self.full:
            raise LedgerUnavailable("the disk is full")
        self.details.append(detail)


async def test_what_was_lost_is_told_by_every_start_until_the_ledger_has_it_and_once_there(tmp_path):
    settings, ledger = Settings(data_dir=tmp_path), LedgerBook()
    path = settings.database_path
    await migrate(settings.database_url)
    overwrite_page(path, root_page(path, "alarms"))
    await mend_if_damaged(settings)  # killed after it
    mended = await mend_if_damaged(settings)
    assert mended is not None
    await record_mending(ledger, path, mended)
    mended = await mend_if_damaged(settings)
    assert mended is not None
    ledger.full = False
    await record_mending(ledger, path, mended)
    mended = await mend_if_damaged(settings)  # no server has told it yet
    assert mended is not None
    await record_mending(ledger, path, mended)
    assert [detail["kept_as"] for detail in ledger.details] == [mended.kept_as.name]
    assert report_of(path) is not None


def test_what_was_wrong_is_told_where_no_table_was_touched():
    words = words_of(Mended(Path("/data/mingjing.sqlite3.damaged-20261124T120000Z"), "the file itself: freelist", ()))
    assert "the file itself: freelist" in words

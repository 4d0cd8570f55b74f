"""A damaged database: it is told, nothing that can be read is lost, and a kill at any step harms nothing (F65)."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError

from storage.database import (
    CannotMendError,
    Database,
    DatabaseUnreadableError,
    LookEndedError,
    PageLook,
    SchemaTooNewError,
    damage,
    damage_of,
    damaged_tables,
    finish_exchange,
    is_damage,
    mend,
    mending,
    migrate,
    pragmas,
    report_entered,
    report_of,
    report_told,
)
from storage.database.damage import open_to_read, quoted
from tests.storage.pages import leaf_page, overwrite_page, root_page

UNITS = 3
DEVICES = 300  # several pages of rows
INDEX = ("streams", "segments", "gaps", "garbage")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("damage") / "mingjing.sqlite3"
    asyncio.run(make_empty(path, None))
    with closing(sqlite3.connect(path)) as connection, connection:
        for unit in range(UNITS):
            connection.execute("INSERT INTO units VALUES (?, 'x', NULL, 0, 1)", (f"unit{unit}",))
            gate = (f"gate{unit}", f"unit{unit}")
            connection.execute("INSERT INTO checkpoints VALUES (?, 'x', ?, NULL, NULL, '', 0, 1)", gate)
        for device in range(DEVICES):
            row = (f"dev{device:03}", f"gate{device % UNITS}", "a name of some length, as people give them")
            query = "INSERT INTO devices (id, checkpoint, name, model, enabled, created_utc_ns, version)"
            connection.execute(f"{query} VALUES (?, ?, ?, '', 1, 0, 1)", row)
        connection.execute("INSERT INTO garbage VALUES ('2026-01-01/dev/main/x.mp4', 1)")
        connection.execute("INSERT INTO ledger_entries VALUES (1, 0, 'p', 'a', 's', '{}', x'00')")
    return path


@pytest.fixture
def path(template, tmp_path):
    return Path(shutil.copy(template, tmp_path))


async def make_empty(path: Path, revision: str | None) -> None:
    await migrate(f"sqlite+aiosqlite:///{path}", revision or "head")


def rows(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]


async def mended(path: Path, **options):
    found = damage_of(path)
    assert found
    return await mend(path, found, make_empty=make_empty, **options)


def of(done, table):
    return next(one for one in done.tables if one.table == table)


async def test_a_sound_file_has_no_damage(path):
    assert damage_of(path) == {}
    assert damaged_tables(path) == {}


async def test_a_damaged_page_is_named_by_its_table(path):
    overwrite_page(path, root_page(path, "garbage"))
    overwrite_page(path, root_page(path, "ix_devices_checkpoint"))
    assert set(damaged_tables(path)) == {"devices", "garbage"}
    assert set(damaged_tables(path, but=["garbage"])) == {"devices"}


async def test_what_can_be_made_again_is_left_out_as_a_group_and_all_else_is_kept(path):
    overwrite_page(path, root_page(path, "segments"))
    before = path.read_bytes()
    done = await mended(path, apart=(INDEX, ("ledger_entries",)))
    assert [table.table for table in done.tables if table.remade] == sorted(INDEX)
    assert len(done.tables) == len(INDEX)
    assert rows(path, "garbage") == []  # half of an index would be believed
    assert rows(path, "ledger_entries") == [1]
    assert len(rows(path, "devices")) == DEVICES
    assert done.kept_as.read_bytes() == before
    assert damage_of(path) == {}


async def test_rows_on_a_damaged_page_are_lost_and_named_and_those_around_it_kept(path):
    overwrite_page(path, leaf_page(path, "devices", 1))
    done = await mended(path)
    kept, lost = rows(path, "devices"), of(done, "devices").lost
    assert lost
    assert len(kept) > DEVICES / 2
    assert sorted([*kept, *lost]) == [f"dev{device:03}" for device in range(DEVICES)]
    assert kept[0] == "dev000"
    assert kept[-1] == f"dev{DEVICES - 1:03}"
    assert not of(done, "devices").lost_more


async def test_a_damaged_index_costs_no_row(path):
    overwrite_page(path, root_page(path, "ix_devices_checkpoint"))
    done = await mended(path)
    assert len(rows(path, "devices")) == DEVICES
    assert (of(done, "devices").lost, of(done, "devices").lost_more) == ([], False)


async def test_rows_whose_parents_are_lost_are_told_as_lost_too(path):
    overwrite_page(path, root_page(path, "checkpoints"))
    done = await mended(path)
    assert of(done, "checkpoints").lost == [f"gate{unit}" for unit in range(UNITS)]
    assert len(of(done, "devices").lost) == DEVICES
    assert rows(path, "devices") == []
    assert len(rows(path, "units")) == UNITS


async def test_it_says_so_when_it_does_not_know_what_is_lost(path):
    overwrite_page(path, root_page(path, "checkpoints"))
    overwrite_page(path, root_page(path, "sqlite_autoindex_checkpoints_1"))
    done = await mended(path)
    assert of(done, "checkpoints").lost_more


async def test_a_file_of_which_nothing_can_be_read_is_left_as_it_is(path):
    overwrite_page(path, 1)
    before = path.read_bytes()
    with pytest.raises(DatabaseUnreadableError, match="backup"):
        damage_of(path)
    assert path.read_bytes() == before


async def test_what_is_still_in_the_log_is_kept(path, tmp_path):
    copy = tmp_path / "killed.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO units VALUES ('last', 'x', NULL, 0, 1)")
        connection.commit()
        for end in ("", "-wal"):  # as a killed process leaves them
            shutil.copy(f"{path}{end}", f"{copy}{end}")
    overwrite_page(copy, root_page(path, "garbage"))
    log = with_end(copy, "-wal").read_bytes()
    done = await mended(copy, apart=(INDEX,))
    assert "last" in rows(copy, "units")
    assert with_end(done.kept_as, "-wal").read_bytes() == log
    assert not with_end(copy, "-wal").exists()


def with_end(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


async def test_without_room_for_a_new_one_the_damaged_file_stays_and_the_operator_is_told(path, monkeypatch):
    def no_room(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    overwrite_page(path, root_page(path, "garbage"))
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(mending, "salvage", no_room)
        with pytest.raises(CannotMendError, match=r"disk is full\. Make as much room"):
            await mended(path)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.mending*"))
    await mended(path, apart=(INDEX,))
    assert damage_of(path) == {}


class Killed(Exception):
    pass


@pytest.mark.parametrize("killed_at", range(1, 10))
async def test_killed_at_any_step_the_next_start_does_the_rest(path, monkeypatch, killed_at):
    steps = 0

    def step(call, *arguments):
        nonlocal steps
        steps += 1
        if steps == killed_at:
            raise Killed
        return call(*arguments)

    overwrite_page(path, root_page(path, "garbage"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", partial(step, os.replace))  # a Path's, too
        patch.setattr(mending, "sync_folder", partial(step, mending.sync_folder))
        with pytest.raises(Killed):
            await mended(path, apart=(INDEX,))
    finish_exchange(path)
    if damage_of(path):
        await mended(path, apart=(INDEX,))
    assert len(rows(path, "devices")) == DEVICES
    assert damage_of(path) == {}
    kept_as, report = list(path.parent.glob("*.damaged-*Z")), report_of(path)
    assert report is not None
    assert ([report.kept_as], report.entered) == (kept_as, False)
    assert {table.table for table in report.tables} == set(INDEX)


async def test_what_was_lost_lies_beside_the_database_until_ledger_and_alarm_have_it(path):
    overwrite_page(path, leaf_page(path, "devices", 1))
    lost = of(await mended(path), "devices").lost
    report_told(path)  # by an alarm, but not by the ledger yet
    assert of(report_of(path), "devices").lost == lost
    overwrite_page(path, root_page(path, "checkpoints"))
    await mended(path)
    assert {table.table for table in report_of(path).tables} == {"devices", "checkpoints"}
    assert of(report_of(path), "devices").lost == lost
    report_entered(path)
    assert report_of(path).entered
    report_told(path)
    assert report_of(path) is None


async def test_a_mending_that_came_to_nothing_reports_nothing(path, monkeypatch):
    def no_room(*_):
        raise OSError("no room")

    overwrite_page(path, root_page(path, "garbage"))
    with monkeypatch.context() as patch:
        patch.setattr(mending, "sync_folder", no_room)
        with pytest.raises(CannotMendError):
            await mended(path)
    assert report_of(path) is None


def test_a_report_that_cannot_be_read_is_told_all_the_same(path):
    path.with_name(f"{path.name}.report").write_text("{")
    assert "cannot be read" in report_of(path).found


async def test_a_schema_that_this_program_does_not_know_is_refused(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    overwrite_page(path, root_page(path, "garbage"))
    before = path.read_bytes()
    with pytest.raises(SchemaTooNewError):
        await mended(path)
    assert path.read_bytes() == before


async def of_an_older_schema(path: Path) -> Path:
    """Before `segments.missing_since_utc_ns` (0010) and `stream_passwords.last_used_utc_ns` (0009)."""
    await make_empty(path, "0008")
    with closing(sqlite3.connect(path)) as connection, connection:
        insert_one(connection, "users", name="somebody")
        insert_one(connection, "stream_passwords", user="somebody")
        insert_one(connection, "segments")
    return path


def insert_one(connection: sqlite3.Connection, table: str, **given: str) -> None:
    """A row with something in each column."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    row = [given.get(name, 1 if kind in ("BIGINT", "INTEGER", "BOOLEAN") else name) for _, name, kind, *_ in columns]
    connection.execute(f"INSERT INTO {table} VALUES (?{', ?' * (len(row) - 1)})", row)


def values(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_the_schema_is_told_by_its_index_when_its_table_is_damaged(tmp_path):
    path = await of_an_older_schema(tmp_path / "old.sqlite3")
    overwrite_page(path, root_page(path, "alembic_version"))
    await mended(path)
    assert rows(path, "alembic_version") == ["0008"]


@pytest.mark.parametrize("also_damaged", ["garbage", "segments"])
async def test_a_column_that_the_old_table_did_not_have_stays_empty_when_nothing_tells_its_schema(
    tmp_path, also_damaged
):
    path = await of_an_older_schema(tmp_path / "old.sqlite3")
    for name in ("alembic_version", "sqlite_autoindex_alembic_version_1", also_damaged):
        overwrite_page(path, root_page(path, name))
    await mended(path)
    await make_empty(path, None)  # brings it up, as a start does
    assert values(path, "SELECT DISTINCT last_used_utc_ns FROM stream_passwords") == [(None,)]
    assert set(values(path, "SELECT missing_since_utc_ns FROM segments")) <= {(None,)}  # none, where it was damaged


async def test_damage_that_is_in_no_table_is_found_and_everything_is_kept(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE gone AS SELECT * FROM devices")
        connection.execute("DROP TABLE gone")
    overwrite_page(path, int.from_bytes(path.read_bytes()[32:36], "big"))  # the first trunk page of the free list
    done = await mended(path)
    assert done.tables == ()
    assert "free" in done.found
    assert len(rows(path, "devices")) == DEVICES
    assert damage_of(path) == {}


async def test_what_a_statement_met_is_mended_though_a_look_does_not_find_it(path):
    mending.suspect(path, "database disk image is malformed")
    done = await mended(path)
    assert "malformed" in done.found
    assert done.tables == ()
    assert len(rows(path, "devices")) == DEVICES
    assert damage_of(path) == {}


async def test_damage_that_only_the_copy_meets_is_told_as_well(path):
    overwrite_page(path, leaf_page(path, "devices", 1))
    done = await mend(path, {mending.MET: "malformed"}, make_empty=make_empty)
    assert sorted([*rows(path, "devices"), *of(done, "devices").lost]) == [f"dev{n:03}" for n in range(DEVICES)]
    assert of(done, "devices").lost


async def test_a_large_file_is_looked_at_before_a_start_only_when_somebody_met_damage(path, monkeypatch):
    monkeypatch.setattr(mending, "LOOKED_AT_BYTES", 1)
    overwrite_page(path, root_page(path, "gaps"))
    assert damage_of(path) == {}
    mending.suspect(path, "it was met")
    assert damage_of(path)
    await mended(path, apart=(INDEX,))
    assert not path.with_name(f"{path.name}.suspect").exists()


async def test_a_statement_that_meets_damage_tells_and_has_the_next_start_look(path):
    overwrite_page(path, root_page(path, "garbage"))
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    try:
        with pytest.raises(DatabaseError) as raised:
            async with database.read() as connection:
                await connection.execute(text("SELECT * FROM garbage"))
        assert is_damage(raised.value)
        assert database.damage
        assert database.damaged.is_set()
        assert path.with_name(f"{path.name}.suspect").exists()
        async with database.read() as connection:  # what lies on other pages is there
            assert len((await connection.execute(text("SELECT * FROM devices"))).all()) == DEVICES
    finally:
        await database.close()


async def test_other_troubles_are_no_damage(path):
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    try:
        with pytest.raises(OperationalError) as raised:
            async with database.read() as connection:
                await connection.execute(text("DELETE FROM garbage"))
        assert not is_damage(raised.value)
        assert not database.damage
    finally:
        await database.close()
    assert not is_damage(None)
    assert not is_damage(sqlite3.OperationalError("database is locked"))


@pytest.mark.parametrize(
    ("code", "damaged"),
    [
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_IOERR_CORRUPTFS, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, True),
        (sqlite3.SQLITE_IOERR_WRITE, False),
        (sqlite3.SQLITE_IOERR_LOCK, False),
        (sqlite3.SQLITE_BUSY, False),
    ],
)
def test_a_disk_that_does_not_give_back_what_was_written_has_damaged_it(code, damaged):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    assert is_damage(error) is damaged


def test_a_look_waits_for_a_lock_as_long_as_every_other_connection(path, monkeypatch):
    monkeypatch.setattr(pragmas, "BUSY_TIMEOUT_MS", 1234)
    with closing(open_to_read(path)) as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (1234,)


def test_a_look_is_stopped_also_just_before_a_statement(path, monkeypatch):
    with closing(sqlite3.connect(path)) as connection:
        others = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")} - {"devices"}
    look = PageLook(path, but=others)

    def stopped_here(name):  # what the statement is made with
        look.stop()
        return quoted(name)

    monkeypatch.setattr(damage, "quoted", stopped_here)
    with pytest.raises(LookEndedError, match="interrupted"):
        look.run()


def test_a_look_can_be_stopped(path):
    look = PageLook(path)
    look.stop()
    with pytest.raises(LookEndedError, match="stopped"):
        look.run()

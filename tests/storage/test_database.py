import asyncio
import contextlib
import os
import sqlite3
import stat
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage.database import Database, DatabaseClosedError
from tests.storage.ready_database import ready_database

INSERT = text("INSERT INTO ledger_entries VALUES (:n, 0, 'p', 'a', 's', '{}', x'00')")
COUNT = text("SELECT count(*) FROM ledger_entries")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mingjing.sqlite3"


@pytest.fixture
async def database(path):
    ready_database(f"sqlite+aiosqlite:///{path}")
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


async def count(database):
    async with database.read() as connection:
        return (await connection.execute(COUNT)).scalar_one()


async def test_what_a_write_block_did_is_seen_by_every_read_that_begins_after_it(database):
    async with database.write() as connection:
        await connection.execute(INSERT, {"n": 1})
    assert await count(database) == 1


async def test_a_write_block_that_raises_leaves_no_trace(database):
    async def fail():
        async with database.write() as connection:
            await connection.execute(INSERT, {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(database) == 0
    async with database.write() as connection:  # and the writer is free again
        await connection.execute(INSERT, {"n": 2})


async def test_a_write_block_that_is_cancelled_leaves_no_trace(database):
    entered = asyncio.Event()

    async def write_and_wait():
        async with database.write() as connection:
            await connection.execute(INSERT, {"n": 1})
            entered.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        writer = tasks.create_task(write_and_wait())
        await entered.wait()
        writer.cancel()
    assert await count(database) == 0


async def test_a_read_is_one_snapshot_whatever_is_written_meanwhile(database):
    async with database.read() as reader:
        assert (await reader.execute(COUNT)).scalar_one() == 0
        async with database.write() as writer:
            await writer.execute(INSERT, {"n": 1})
        assert (await reader.execute(COUNT)).scalar_one() == 0
    assert await count(database) == 1


async def test_a_read_connection_cannot_write(database):
    with pytest.raises(OperationalError, match="readonly"):
        async with database.read() as connection:
            await connection.execute(INSERT, {"n": 1})


async def test_writers_take_turns_in_the_order_they_asked(database):
    order = []

    async def write(n):
        async with database.write() as connection:
            order.append(n)
            await connection.execute(INSERT, {"n": n + 1})

    async with asyncio.TaskGroup() as tasks:
        for n in range(20):
            tasks.create_task(write(n))
    assert order == list(range(20))
    assert await count(database) == 20


async def test_a_task_that_would_wait_for_itself_is_told_so(database):
    async with database.write():
        with pytest.raises(RuntimeError, match=r"write\(\) inside write\(\)"):
            async with database.write():
                pass


async def test_the_writer_syncs_every_commit_in_wal_mode_and_enforces_foreign_keys(database):
    async with database.write() as connection:
        pragmas = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


async def test_only_the_writer_checkpoints(database):
    async with database.write() as connection:
        assert (await connection.execute(text("PRAGMA wal_autocheckpoint"))).scalar_one() == 1000
    async with database.read() as connection:
        assert (await connection.execute(text("PRAGMA wal_autocheckpoint"))).scalar_one() == 0


async def test_a_write_waits_for_a_foreign_process_that_holds_the_lock(database, path):
    foreign = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    foreign.execute("BEGIN IMMEDIATE")
    started = asyncio.Event()

    async def write():
        started.set()
        async with database.write() as connection:
            await connection.execute(INSERT, {"n": 1})

    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(write())
        await started.wait()
        assert await count(database) == 0  # readers do not wait
        assert not writing.done()
        foreign.execute("COMMIT")
    foreign.close()
    assert await count(database) == 1


async def test_a_closed_database_says_so_and_leaves_one_checkpointed_file(database, path):
    async with database.write() as connection:
        await connection.execute(INSERT, {"n": 1})
    await database.close()
    with pytest.raises(DatabaseClosedError):
        async with database.read():
            pass
    with pytest.raises(DatabaseClosedError):
        async with database.write():
            pass
    assert os.listdir(path.parent) == [path.name]


async def test_the_file_and_its_wal_are_readable_by_their_owner_only(database, path):
    async with database.write() as connection:
        await connection.execute(INSERT, {"n": 1})
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}


async def test_a_database_that_cannot_be_opened_is_an_error_at_open_not_later(tmp_path):
    with pytest.raises(OperationalError):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder.sqlite3")


async def test_other_databases_are_refused_until_they_are_supported():
    with pytest.raises(ValueError, match="only SQLite"):
        await Database.open("postgresql+asyncpg://localhost/x")


async def test_a_copy_holds_what_is_committed_even_while_a_write_is_under_way(database, tmp_path):
    async with database.write() as connection:
        await connection.execute(INSERT, {"n": 1})
    async with database.write() as connection:
        await connection.execute(INSERT, {"n": 2})
        await database.copy_to(tmp_path / "copy.sqlite3")
    copy = await Database.open(f"sqlite+aiosqlite:///{tmp_path}/copy.sqlite3")
    assert await count(copy) == 1
    await copy.close()
    assert stat.S_IMODE((tmp_path / "copy.sqlite3").stat().st_mode) == 0o600


async def test_a_copy_never_overwrites_and_leaves_nothing_half_done(database, tmp_path):
    (tmp_path / "there").write_text("something")
    with pytest.raises(FileExistsError):
        await database.copy_to(tmp_path / "there")
    assert (tmp_path / "there").read_text() == "something"


def worker_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name]


async def test_no_thread_outlives_a_database_that_was_closed_or_could_not_be_opened(tmp_path):
    """It would answer to a loop that is closed by then, with a traceback at the end of the server."""
    before = set(worker_threads())
    url = f"sqlite+aiosqlite:///{tmp_path / 'database'}"
    database = await Database.open(url)
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT sum(i) FROM n"

    async def read():
        async with database.read() as connection:
            reading.set()
            await connection.execute(text(slow))

    reading = asyncio.Event()
    task = asyncio.get_running_loop().create_task(read())
    await reading.wait()
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await database.close()
    assert not set(worker_threads()) - before

    with pytest.raises(OperationalError):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}")  # a folder: its thread has nothing to open
    assert not set(worker_threads()) - before

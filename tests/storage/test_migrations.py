import asyncio
import os
import signal
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event

import gateway.registry  # noqa: F401 - declares its tables
import recorder  # noqa: F401 - declares its tables
import supervision.cases  # noqa: F401 - declares its tables
import viewer.access
import viewer.alarms  # noqa: F401 - declares its tables
from storage.database import SchemaTooNewError, metadata, migrate
from storage.database.schema_history import MIGRATIONS
from tests.storage.faulty_disk import in_a_child

CHAIN = [f"{n:04}" for n in range(1, 20)]


def url(path):
    return f"sqlite+aiosqlite:///{path}"


def version(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return [row[0] for row in rows]


def test_the_migrations_are_one_chain_without_branches():
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert [script.revision for script in scripts.walk_revisions()][::-1] == CHAIN


async def test_an_empty_file_gets_the_newest_schema_and_a_second_run_changes_nothing(tmp_path):
    path = tmp_path / "database"
    await migrate(url(path))
    assert version(path) == CHAIN[-1:]
    before = path.read_bytes()
    await migrate(url(path))
    assert path.read_bytes() == before


async def test_every_table_and_index_that_a_room_declares_is_in_the_migrated_schema_and_no_other(tmp_path):
    path = tmp_path / "database"
    await migrate(url(path))
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


async def test_an_older_database_is_brought_forward_with_its_rows(tmp_path):
    path = tmp_path / "database"
    await migrate(url(path), "0001")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO ledger_entries VALUES (1, 0, 'p', 'a', 's', '{}', x'00')")
    connection.close()
    await migrate(url(path))
    assert version(path) == CHAIN[-1:]
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT principal FROM ledger_entries").fetchall() == [("p",)]
    connection.close()


async def test_f80_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "database"
    await migrate(url(path))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SchemaTooNewError, match=f"schema 9999, newer than this program's {CHAIN[-1]}"):
        await migrate(url(path))
    assert path.read_bytes() == before


def migrate_until_killed(path, statements):
    """Run the chain in a process that kills itself before the statement after so many that change the schema."""

    def script(tell):
        left = statements

        def count(connection, cursor, statement, parameters, context, executemany):
            nonlocal left
            if statement.lstrip().upper().startswith(("CREATE", "INSERT", "UPDATE", "DROP", "ALTER")):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        asyncio.run(migrate(url(path)))

    _, finished = in_a_child(script)
    assert not finished


@pytest.mark.parametrize("statements", [0, 1, 2, 4, 7, 11, 16])
async def test_f79_a_migration_killed_in_the_middle_is_finished_by_the_next_start(tmp_path, statements):
    path = tmp_path / "database"
    migrate_until_killed(path, statements)
    await migrate(url(path))
    assert version(path) == CHAIN[-1:]
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()

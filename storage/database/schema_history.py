"""Bringing a database to this program's schema, and refusing one from the future.

Each migration is one transaction with the change of its version number, so a process killed in
between finds either the old schema or the new one (acceptance.md F79). The scripts are in
`storage/migrations/versions`, one linear chain over all rooms.
"""

import asyncio
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from storage.database.pragmas import CONNECT_ARGS, prepare_writer

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


class SchemaTooNewError(Exception):
    """The database was written by a newer program; this one has not touched it."""


async def migrate(url: str, revision: str = "head") -> None:
    """Create the database if it is not there, and bring it to `revision`. Nobody else may have it open.

    Raises:
        SchemaTooNewError: the database knows a revision that this program does not.
    """
    await asyncio.to_thread(_migrate, url, revision)


def _migrate(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    synchronous = make_url(url).set(drivername="sqlite")
    _create_private(synchronous.database)
    engine = create_engine(synchronous, poolclass=NullPool, connect_args=dict(CONNECT_ARGS))
    prepare_writer(engine)
    try:
        with engine.connect() as connection:
            _refuse_newer(connection, ScriptDirectory.from_config(config), revision)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def _create_private(path: str | None) -> None:
    """Device keys' verifiers are password-equivalent: the file, and the WAL after it, is its owner's only."""
    if path:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _refuse_newer(connection: Connection, scripts: ScriptDirectory, wanted: str) -> None:
    with connection.begin():
        current = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in scripts.walk_revisions()} | {"head"}
    for revision in (*current, wanted):
        if revision not in known:
            raise SchemaTooNewError(
                f"this database has schema {revision}, newer than this program's {scripts.get_current_head()}. "
                "It was not touched. Start the newer program, or restore a backup made by this one."
            )

"""Transactions: any number that read, one at a time that writes.

What should not be here: statements (each room's own), and the schema's history (schema_history.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.database.pragmas import CONNECT_ARGS, prepare_readers, prepare_writer
from storage.database.snapshot import copy_database
from storage.database.threads import ConnectionThreads

# Reads that run at once. Each has a thread of its own in aiosqlite; more than a few only queue for
# the interpreter.
READERS = 4

# A read waits this long for one of them; by then something holds a read open that should not.
READER_WAIT_S = 30.0


class DatabaseClosedError(RuntimeError):
    """A transaction was begun after `close()`."""


class Database:
    """One SQLite file, opened by the only process that may.

    >>> database = await Database.open("sqlite+aiosqlite:////var/lib/mingjing/mingjing.sqlite3")
    >>> async with database.write() as connection:
    ...     await connection.execute(insert(units).values(...))
    >>> await database.close()
    """

    def __init__(self, url: str) -> None:
        """Use `open`, which proves that the file can be had."""
        self.url = url
        self._threads = ConnectionThreads()
        self._writer = _engine(url, self._threads, size=1)
        self._readers = _engine(url, self._threads, size=READERS)
        prepare_writer(self._writer.sync_engine)
        prepare_readers(self._readers.sync_engine)
        self._turn = asyncio.Lock()
        self._writing: asyncio.Task[object] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Open an existing, migrated database: `sqlite+aiosqlite:///PATH`.

        Raises:
            sqlalchemy.exc.OperationalError: the file cannot be opened or made a WAL database.
        """
        database = cls(url)
        try:
            async with database._writer.connect():
                pass  # the writer comes first and puts the file into WAL mode
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent snapshot; what is written meanwhile is not seen, and writes are refused."""
        self._require_open()
        async with self._readers.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """The one write transaction: commits at the end of the block, rolls back if it raises.

        Writers come one after the other in the order they asked. Do no slow work inside.

        Raises:
            RuntimeError: this task is inside `write()` already; it would wait for itself for ever.
        """
        self._require_open()
        task = asyncio.current_task()
        if task is not None and self._writing is task:
            raise RuntimeError("write() inside write(): hand the open connection on instead")
        async with self._turn:
            self._require_open()
            self._writing = task
            try:
                async with self._writer.connect() as connection, connection.begin():
                    yield connection
            finally:
                self._writing = None

    async def copy_to(self, target: Path) -> None:
        """Write what is committed now to a new file, without holding anybody up.

        Raises:
            OSError, sqlite3.Error: it cannot be written; nothing is left of it.
        """
        self._require_open()
        source = make_url(self.url).database
        assert source is not None
        await asyncio.to_thread(copy_database, Path(source), target)

    async def close(self) -> None:
        """Wait for the running write, then close. The writer goes last: who closes last checkpoints."""
        self._closed = True
        async with self._turn:
            await self._readers.dispose()
            await self._writer.dispose()
            await self._threads.gone()

    def _require_open(self) -> None:
        if self._closed:
            raise DatabaseClosedError("the database is closed")


def _engine(url: str, threads: ConnectionThreads, *, size: int) -> AsyncEngine:
    if not make_url(url).drivername.startswith("sqlite"):
        raise ValueError(f"only SQLite databases are supported yet, not {make_url(url).drivername}")
    arguments = {**CONNECT_ARGS, "async_creator_fn": threads.connect}
    return create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=READER_WAIT_S, connect_args=arguments)

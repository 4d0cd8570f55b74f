"""Transactions: any number that read, one at a time that writes.

What should not be here: statements (each room's own), and the schema's history (schema_history.py).
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
from sqlalchemy import event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.database.damage import DatabaseDamagedError, is_damage
from storage.database.mending import suspect
from storage.database.pragmas import CONNECT_ARGS, prepare_readers, prepare_writer
from storage.database.snapshot import copy_database
from storage.database.threads import ConnectionThreads

# Reads that run at once. Each has a thread of its own in aiosqlite; more than a few only queue for
# the interpreter.
READERS = 4

# A read waits this long for one of them; by then something holds a read open that should not.
READER_WAIT_S = 30.0


log: structlog.stdlib.BoundLogger = structlog.get_logger("storage.database")


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
        for engine in (self._writer, self._readers):
            event.listen(engine.sync_engine, "handle_error", self._look_at_error)
        self.damage = ""  # what is wrong with the file, once somebody met it
        self.damaged = asyncio.Event()
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
            DatabaseDamagedError: there is a page that cannot be copied; nothing is left either.
        """
        self._require_open()
        try:
            await asyncio.to_thread(copy_database, self.path, target)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                self.found_damaged(str(error))
                raise DatabaseDamagedError(str(error)) from error
            raise

    @property
    def path(self) -> Path:
        source = make_url(self.url).database
        assert source is not None
        return Path(source)

    def found_damaged(self, words: str) -> None:
        """Somebody met damage: it is told once, and the next start looks at every page (mending)."""
        if self.damage:
            return
        self.damage = words
        log.error("the database is damaged", path=str(self.path), error=words)
        with suppress(OSError):  # the disk is at fault anyhow; a start looks at files that are not large unasked
            suspect(self.path, words)  # a sync in the loop, once in the life of a process
        self.damaged.set()

    def _look_at_error(self, context: ExceptionContext) -> None:
        if is_damage(context.original_exception):
            self.found_damaged(str(context.original_exception))

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

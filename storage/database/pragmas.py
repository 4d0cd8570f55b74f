"""How every SQLite connection of ours is opened.

Python's sqlite3 would begin transactions by rules of its own; with no isolation level it never
does, and the `begin` event says BEGIN itself: IMMEDIATE where writing is meant, so that the lock is
taken at the start and no transaction learns at its first statement that it cannot be had.
"""

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

# Handed to every SQLite driver: no BEGIN but ours.
CONNECT_ARGS: dict[str, object] = {"isolation_level": None}

# How long a statement waits for a lock that a foreign process holds (a backup tool, an
# administrator's shell): acceptance.md F63 locks the database for 30 s, and no change may be lost.
BUSY_TIMEOUT_MS = 60_000

_WRITER_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")

# SQLite before 3.51.3 can corrupt a database that two connections checkpoint at once, so readers
# never do; and they cannot write even by mistake.
_READER_PRAGMAS = ("query_only=ON", "wal_autocheckpoint=0")


def prepare_writer(engine: Engine) -> None:
    """WAL, every commit on disk before it returns, the only one to checkpoint."""
    _prepare(engine, "BEGIN IMMEDIATE", _WRITER_PRAGMAS)


def prepare_readers(engine: Engine) -> None:
    """A read transaction is one consistent snapshot, and blocks nobody."""
    _prepare(engine, "BEGIN", _READER_PRAGMAS)


def _prepare(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    def connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", start)

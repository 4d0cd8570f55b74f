"""The database: many readers, one writer, one migration history.

Here: the engine and its pragmas, transactions, the metadata on which every room declares its own
tables, and bringing a database to the newest schema.
Not here: tables and statements, which each room keeps in its own `tables.py`; rows for single
fragments, which never exist (docs/design: one row a segment, never one a fragment).

Invariants:
- One connection writes, one task at a time, and it alone checkpoints (docs/decisions/0005).
- A transaction of `write()` is durable when its block ends, and has left no trace when it raised.
- A database of a newer schema than this program's is refused, untouched.
- A file that its disk has damaged is told of, and kept; what can be read of it takes its place before anybody opens it.
"""

from storage.database.connection import Database, DatabaseClosedError
from storage.database.damage import (
    WHOLE_FILE,
    DatabaseDamagedError,
    DatabaseUnreadableError,
    LookEndedError,
    PageLook,
    damaged_tables,
    is_damage,
)
from storage.database.mending import MET, CannotMendError, damage_of, finish_exchange, mend
from storage.database.notes import Mended, report_entered, report_of, report_told
from storage.database.salvage import Salvaged
from storage.database.schema import metadata
from storage.database.schema_history import SchemaTooNewError, migrate

__all__ = [
    "MET",
    "WHOLE_FILE",
    "CannotMendError",
    "Database",
    "DatabaseClosedError",
    "DatabaseDamagedError",
    "DatabaseUnreadableError",
    "LookEndedError",
    "Mended",
    "PageLook",
    "Salvaged",
    "SchemaTooNewError",
    "damage_of",
    "damaged_tables",
    "finish_exchange",
    "is_damage",
    "mend",
    "metadata",
    "migrate",
    "report_entered",
    "report_of",
    "report_told",
]

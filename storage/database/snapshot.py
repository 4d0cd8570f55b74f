"""A copy of the database as it is at one instant, while it is in use.

`VACUUM INTO` from a read-only connection of its own: it sees what is committed, holds nobody up, and
since it cannot write it cannot checkpoint either.
"""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote


def copy_database(source: Path, target: Path) -> None:
    """Write a compact copy to `target`, which must not exist, and sync it. Blocks.

    Raises:
        OSError, sqlite3.Error: it cannot be written; what is there of `target` is removed.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(f"file:{quote(str(source.resolve()))}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        connection.close()

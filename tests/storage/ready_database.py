"""A database at the newest schema, as `migrate` leaves it: made once a process, and copied for each test."""

import asyncio
import os
import tempfile
from functools import cache
from pathlib import Path
from threading import Thread

from sqlalchemy import make_url

from storage.database import migrate


def ready_database(url: str) -> None:
    """Put one there, unless there is one."""
    path = make_url(url).database
    assert path is not None
    if not Path(path).exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_made_once())


@cache
def _made_once() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "database"
        beside_our_loop = Thread(target=lambda: asyncio.run(migrate(f"sqlite+aiosqlite:///{path}")))
        beside_our_loop.start()
        beside_our_loop.join()
        assert [each.name for each in Path(folder).iterdir()] == [path.name]  # nothing is left in a WAL
        return path.read_bytes()

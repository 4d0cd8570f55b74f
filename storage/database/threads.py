"""The threads behind the connections: aiosqlite has one for each.

A connection is sometimes given up while its thread still works: its task was cancelled, or the file could
not be opened. That thread answers in its own time, and must not find the event loop closed by then: whoever
closes a database waits for all of them.
"""

import asyncio
import time
from threading import Thread
from typing import Any

import aiosqlite

WAIT_S = 5.0  # for a statement that was cancelled to come to its end; a stop has ten seconds in all (F06)


class ConnectionThreads:
    """`connect` makes connections for SQLAlchemy's aiosqlite dialect (its `async_creator_fn`)."""

    def __init__(self) -> None:
        self._threads: list[Thread] = []

    def connect(self, *args: Any, **options: Any) -> aiosqlite.Connection:
        connection = aiosqlite.connect(*args, **options)
        thread = connection._thread  # private, as SQLAlchemy reads it too
        thread.daemon = True
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        return connection

    async def gone(self) -> None:
        """Wait until none works any more, or `WAIT_S` in all for those that do not come to their end."""
        deadline = time.monotonic() + WAIT_S
        for thread in self._threads:
            if thread.is_alive():
                await asyncio.to_thread(thread.join, max(0.0, deadline - time.monotonic()))

"""Reads back what is archived while it is archived: the ring deletes the oldest before the end.

A segment is read once its row is written (then it never changes), by one process of its own. One that
the ring took before it was read is missing in the count, and so is told of as loss: no excuse is made.
"""

import asyncio
import threading
from concurrent.futures import Executor
from pathlib import Path
from typing import Self

from mingjing.bench.archive import ArchiveCount, count_segments, in_order, readers
from storage import SegmentStore, SegmentUnreadableError, SystemClock

LOOK_EVERY_S = 2.0


class Tally:
    """`run` in a task while the server runs, `finish` when it has stopped, both inside its `with`."""

    def __init__(self, data_dir: Path) -> None:
        self.count = ArchiveCount()
        self.deleted_unread = 0
        self._store = SegmentStore(data_dir, SystemClock())
        self._read: set[str] = set()
        self._executor: Executor = readers(1)
        self._turn = threading.Lock()  # a look that was begun before the cancelling goes on beside `finish`

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await asyncio.to_thread(self._look, settled_only=True)

    async def finish(self) -> ArchiveCount:
        await asyncio.to_thread(self._look, settled_only=False)
        return self.count

    def _look(self, *, settled_only: bool) -> None:
        with self._turn:
            self._count(settled_only=settled_only)

    def _count(self, *, settled_only: bool) -> None:
        waited_for: set[tuple[str, ...]] = set()  # a stream's segments are counted in their order, whenever rows come
        for path in in_order(self._store.segments()):
            channel = path.parts[-3:-1]
            if path.stem in self._read or channel in waited_for:
                continue
            if settled_only and self._store.is_unsettled(path.stem):
                waited_for.add(channel)
                continue
            self._read.add(path.stem)
            try:
                for segment in count_segments([path], self._executor):
                    self.count.add(segment)
            except (FileNotFoundError, SegmentUnreadableError):
                self.deleted_unread += 1

"""A server's archive, to be run in a process that is killed: twenty devices push 25 pictures a second for ever.

Tells `ready`, then for each picture `<monotonic ns> <run> <picture>`: what all twenty had handed over by then.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from gateway.stream import StreamInfo
from recorder import Archiver, Index, Pins
from storage import SegmentStore, SystemClock, UlidFactory
from storage.bus import MemoryBus
from storage.database import Database, migrate
from tests.recorder.stage import PushingDevice

DEVICES = 20
PICTURE_S = 0.04


class LivingClock(SystemClock):
    """The system's clock with the fields of the stopped one."""

    @property
    def utc(self) -> int:
        return self.utc_ns()

    @property
    def mono(self) -> int:
        return self.mono_ns()


async def record_for_ever(root: Path, run: int, tell: Callable[[str], None]) -> None:
    clock = LivingClock()
    store = SegmentStore(root, clock)
    url = f"sqlite+aiosqlite:///{root / 'mingjing.sqlite3'}"
    new_id = UlidFactory(clock)
    with store.lock():
        await migrate(url)
        index = Index(await Database.open(url))
        async with Archiver.open(
            store=store, index=index, bus=MemoryBus(), clock=clock, new_id=new_id, pins=Pins()
        ) as archiver:
            devices = []
            for number in range(DEVICES):
                now = clock.utc_ns()
                stream = StreamInfo(new_id(), f"dev{number}", "main", "node1", run, now, clock.mono_ns())
                devices.append(PushingDevice(archiver.reader(stream), stream, clock, now).begin())
            tell("ready")
            began = time.monotonic()
            for picture in range(1, 1_000_000):
                for device in devices:
                    device.push(1)
                tell(f"{time.monotonic_ns()} {run} {picture}")
                await asyncio.sleep(max(0.0, began + picture * PICTURE_S - time.monotonic()))

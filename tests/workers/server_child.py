"""A server with workers, one of them at something that does not end; it says their pids and waits to be killed."""

import asyncio
import sys
import time

from tests.workers.ear import Ear
from tests.workers.tones import ALAW, Unit
from workers import SoundWorkers


async def main() -> None:
    pool = SoundWorkers(processes=2, now_ns=time.monotonic_ns, tell=lambda event: None, program=sys.argv[1:])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pool.run())
        transcode = pool.open("dev1/main", ALAW, Ear())
        while len(pool.loads()) < 2:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        transcode.push(Unit((b"sleep",), 0))
        sys.stdout.write(" ".join(map(str, pool.loads())) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""The process of some viewers: `python -m mingjing.bench.viewers.process`, asked by `Clients`."""

import asyncio

import uvloop

from mingjing.bench.crowd import Crowd
from mingjing.bench.viewers.viewer import Viewer


async def _run() -> None:
    async with asyncio.TaskGroup() as tasks:
        await Crowd(tasks, Viewer).run()


def main() -> None:
    uvloop.run(_run())


if __name__ == "__main__":
    main()

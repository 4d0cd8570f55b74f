"""The process of some players: `python -m mingjing.bench.players.process`, asked by `Clients`."""

import asyncio

import uvloop

from mingjing.bench.crowd import Crowd
from mingjing.bench.players.player import Player


async def _run() -> None:
    async with asyncio.TaskGroup() as tasks:
        await Crowd(tasks, Player).run()


def main() -> None:
    uvloop.run(_run())


if __name__ == "__main__":
    main()

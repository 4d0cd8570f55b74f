"""The process of some WHEP viewers: `python -m mingjing.bench.whep.process`, asked by `Clients`."""

import asyncio
from functools import partial

import uvloop

from gateway.webrtc import DtlsIdentity
from mingjing.bench.crowd import Crowd
from mingjing.bench.whep.viewer import WhepViewer
from mingjing.webrtc_client import Rounds
from storage import SystemClock


async def _run() -> None:
    clock = SystemClock()
    async with asyncio.TaskGroup() as tasks:
        await Crowd(tasks, partial(WhepViewer, DtlsIdentity(), Rounds(clock), clock)).run()


def main() -> None:
    uvloop.run(_run())


if __name__ == "__main__":
    main()

"""The proxy as a process of its own: for links whose times must hold though the test is busy with other things.

A relay in the event loop of a test is late whenever the test is; by more than the server waits for what
was overtaken, and pictures are lost that no fate had foretold.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.chaos.impairments import Impairments
from tests.chaos.udp_relay import Address
from tests.house.process import REPOSITORY

STARTS_WITHIN_S = 30
MEDIA_FLOW = "up0"  # RTP of the first client, as the relay names it


@dataclass(slots=True)
class ProxyProcess:
    """`address` is where to call; `late` is known when it has ended: datagrams of media that it held up itself."""

    address: Address
    late: frozenset[int] = frozenset()


@asynccontextmanager
async def proxy_process(server: Address, host: str, link: Impairments) -> AsyncIterator["ProxyProcess"]:
    """Loss, duplicates, reordering, delay and jitter from the device to the server."""
    options = {
        "--server": f"{server[0]}:{server[1]}",
        "--listen": f"{host}:0",
        "--seed": link.seed,
        "--loss": link.loss,
        "--duplicate": link.duplicate,
        "--reorder": link.reorder,
        "--delay": link.delay_s,
        "--jitter": link.jitter_s,
    }
    arguments = [str(part) for option in options.items() for part in option]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos", *arguments, stdout=PIPE, cwd=REPOSITORY
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(STARTS_WITHIN_S):
            called = (await process.stdout.readline()).decode().split()[0].removeprefix("rtsp://")
        proxy = ProxyProcess((called.rpartition(":")[0], int(called.rpartition(":")[2])))
        yield proxy
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        said, _ = await process.communicate()
    for line in said.decode().splitlines():
        word, *numbers = line.split()
        if word == "late" and numbers[0] == MEDIA_FLOW:
            proxy.late = frozenset(int(number) for number in numbers[1:])

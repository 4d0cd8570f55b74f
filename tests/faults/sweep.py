"""Sweeps: somebody uses the server, which is SIGKILLed before its k-th call to the disk, k = 1, 2, … until all is done.

Not here: how calls are counted (tests/house/tracer.py), what is done, and what must be true of it afterwards.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import httpx
import pytest

from tests.house import tracer
from tests.house.device import RefusedError
from tests.house.house import House
from tests.house.process import ServerProcess

GONE_WITHIN_S = 20
TAKES_AT_MOST_S = 120  # what somebody does, under a tracer
LOST = (httpx.TransportError, OSError, RefusedError)  # what users see of a server that dies


@dataclass(frozen=True, slots=True)
class Call:
    """The `number`-th of the calls of which this finds name and path (a regular expression)."""

    number: int
    found_by: str = ""


def every_call() -> Iterator[Call]:
    return map(Call, count(1))


async def dies_at(call: Call, house: House, using: Coroutine[None, None, None]) -> str:
    """Use the running server until it dies at this call, and start it again: name and path of what it died at.

    Empty: it never came so far, `using` was done in peace, and the server runs on. Skips where nobody may trace it.
    """
    server, folder = house.server, f"{house.data_dir}/"
    traced = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", tracer.__file__, str(server.pid), folder, str(call.number), call.found_by),
        stdout=PIPE,
    )
    try:
        assert traced.stdout is not None
        if (said := (await traced.stdout.readline()).decode().strip()) != "tracing":
            using.close()
            pytest.skip(f"the server cannot be killed at a call: {said}")
        await _until_it_dies(server, using)
        if not server.ended:
            return ""
        died_at = (await traced.stdout.readline()).decode().strip()
    finally:
        await _let_go(traced)
    await house.start()
    return died_at


async def _until_it_dies(server: ServerProcess, using: Coroutine[None, None, None]) -> None:
    async with asyncio.timeout(TAKES_AT_MOST_S), asyncio.TaskGroup() as tasks:
        used = tasks.create_task(_as_far_as_it_goes(server, using))
        gone = tasks.create_task(server.gone(TAKES_AT_MOST_S))
        await asyncio.wait((used, gone), return_when=asyncio.FIRST_COMPLETED)
        for task in (used, gone):
            task.cancel()


async def _as_far_as_it_goes(server: ServerProcess, using: Coroutine[None, None, None]) -> None:
    """Raises TimeoutError: the server is not there for its users, and is not gone."""
    try:
        await using
    except LOST:
        await server.gone(GONE_WITHIN_S)


async def _let_go(traced: Process) -> None:
    """Its threads go on by themselves."""
    with suppress(ProcessLookupError):
        traced.kill()
    await traced.wait()

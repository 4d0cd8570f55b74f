"""The benchmark's end of its clients: viewers or players, in as many processes as they need."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from mingjing.bench.conversation import BenchProcess
from mingjing.bench.counts import together
from mingjing.bench.histogram import Histogram

CLIENTS_IN_A_PROCESS = 250  # some 20 % of a core at 1.5 Mbit/s each: room enough that it never is what is slow


@dataclass(frozen=True, slots=True)
class Visits:
    """Clients that come at random moments, wait for their first picture, stay a while, and go."""

    count: int = 0
    stay_s: tuple[float, float] = (0.0, 0.0)


class Clients:
    """Made by `seated`."""

    def __init__(self, processes: Sequence[BenchProcess]) -> None:
        self._processes = processes

    @classmethod
    @asynccontextmanager
    async def seated(cls, module: str, devices: Sequence[str], task: Mapping[str, object]) -> AsyncIterator["Clients"]:
        """A client for each entry of `devices`, connected, inside the block; one process at least, for visitors."""
        count = max(1, -(-len(devices) // CLIENTS_IN_A_PROCESS))
        async with AsyncExitStack() as stack:
            processes = []
            for number in range(count):
                process = await BenchProcess.start(module, {**task, "devices": list(devices[number::count])})
                stack.push_async_callback(process.end)
                processes.append(process)
            yield cls(processes)
            for process in processes:
                await process.stop()

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes]

    async def begin(self, seconds: float, devices: Sequence[str], visits: Visits | None = None) -> None:
        """Begin to count, with visitors of these devices spread over so many seconds."""
        visits = visits or Visits()
        count = len(self._processes)
        for number, process in enumerate(self._processes):
            await process.ask(
                "begin",
                visits=len(range(number, visits.count, count)),
                stay_s=visits.stay_s,
                seconds=seconds,
                devices=list(devices),
                seed=number,
            )

    async def end(self) -> tuple[dict[str, int], dict[str, Histogram]]:
        """What all have counted since `begin`: numbers, and durations. See `Counts.as_json`."""
        return together(await asyncio.gather(*(process.ask("end") for process in self._processes)))

"""The clients of one process: they come, count from `begin` to `end`, and go. The child's side of `Clients`.

Visitors' moments are drawn beforehand, and one who cannot come in time has begun to wait all the same: a
server that is slow does not get fewer of them. One whose picture does not come has waited longest of all.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from mingjing.bench.conversation import Json, OwnLag, converse
from mingjing.bench.counts import Counts, UnitCount, silent
from storage import Clock, SystemClock

OPEN_AT_ONCE = 4  # handshakes under way while all take their seats
SEATED_WITHIN_S = 10.0  # each; a server that takes longer to let somebody in has refused
PICTURE_WITHIN_S = 10.0  # of a visitor; then there is none
WAIT_S = 0.05


class Client(Protocol):
    """One connection that watches one device."""

    units: UnitCount

    async def open(self) -> None:
        """Connect. Raises OSError: there is no connection, or the server refused."""

    async def first_picture(self) -> None:
        """Wait for it."""

    def close(self) -> None:
        """Leave."""


class Crowd:
    """`make` builds a client of a device, that counts here from this moment (monotonic ns) on."""

    def __init__(self, tasks: asyncio.TaskGroup, make: Callable[[Json, str, UnitCount, Counts], Client]) -> None:
        self._tasks = tasks
        self._make = make
        self._clock: Clock = SystemClock()
        self._lag = OwnLag(self._clock)
        self._task: Json = {}
        self._counts = Counts()
        self._visits = Counts()
        self._visits_made = 0
        self._visitors_come = False
        self._clients: list[Client] = []
        self._running: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Until the parent has asked to stop, or is gone."""
        answers = {"start": self._start, "begin": self._begin, "end": self._end, "stop": self._stop}
        await converse(answers)
        await self._stop({})

    async def _start(self, task: Json) -> Json:
        """Open every client: a few at once, for nobody's click is to wait for the others'."""
        self._task = task
        self._running.append(self._tasks.create_task(self._lag.run(), name="own lag"))
        turn = asyncio.Semaphore(OPEN_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for device in task["devices"]:
                group.create_task(self._sit_down(device, turn), name=f"client of {device}")
        return {"watching": len(self._clients)}

    async def _begin(self, task: Json) -> Json:
        """The measurement begins: forget the warm-up, and let visitors come."""
        self._counts.begin()
        self._lag.begin()
        self._visitors_come = True
        if task["visits"]:
            self._running.append(self._tasks.create_task(self._visitors(task), name="visitors"))
        return {}

    async def _end(self, _task: Json) -> Json:
        """What was counted since `begin`. No visitor comes any more; those without a picture yet are waited for: the
        slow ones.
        """
        self._visitors_come = False
        waiting = silent((client.units for client in self._clients), self._clock.mono_ns())
        answer = self._counts.as_json(waiting, self._lag.histogram)
        while self._visits_made > self._visits.first_picture.count:
            await asyncio.sleep(WAIT_S)
        answer["first_picture"] = self._visits.first_picture.as_json()
        answer["visits"] = self._visits_made
        answer["visits_failed"] = self._visits.refused
        return answer

    async def _stop(self, _task: Json) -> Json:
        for task in self._running:
            task.cancel()
        for client in self._clients:
            client.close()
        return {}

    async def _sit_down(self, device: str, turn: asyncio.Semaphore) -> None:
        async with turn:
            client = self._make(self._task, device, UnitCount(self._counts, self._clock.mono_ns()), self._counts)
            try:
                async with asyncio.timeout(SEATED_WITHIN_S):
                    await client.open()
            except OSError:  # TimeoutError is one
                self._counts.refused += 1
                client.close()
            else:
                self._clients.append(client)

    async def _visitors(self, task: Json) -> None:
        chance = random.Random(task["seed"])
        began_ns = self._clock.mono_ns()
        moments = sorted(began_ns + round(chance.uniform(0, task["seconds"]) * 1e9) for _ in range(task["visits"]))
        async with asyncio.TaskGroup() as group:
            for due_ns in moments:
                await asyncio.sleep(max(0.0, (due_ns - self._clock.mono_ns()) / 1e9))
                if not self._visitors_come:
                    return
                stay_s = chance.uniform(*task["stay_s"])
                group.create_task(self._visit(chance.choice(task["devices"]), due_ns, stay_s), name="visitor")

    async def _visit(self, device: str, due_ns: int, stay_s: float) -> None:
        self._visits_made += 1
        client = self._make(self._task, device, UnitCount(self._visits, due_ns), self._visits)
        try:
            async with asyncio.timeout(PICTURE_WITHIN_S):
                await client.open()
                await client.first_picture()
        except OSError:  # TimeoutError is one
            self._visits.refused += 1
            self._visits.first_picture.add(round(PICTURE_WITHIN_S * 1e9))
        else:
            await asyncio.sleep(stay_s)
        finally:
            client.close()

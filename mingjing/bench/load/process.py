"""The process of the fleet: `python -m mingjing.bench.load.process`, asked by `Publishers`."""

import asyncio
import random
from dataclasses import asdict
from pathlib import Path

import uvloop

from mingjing.bench.conversation import Json, converse
from mingjing.bench.histogram import Histogram
from mingjing.logs import configure_logs
from mingjing.simulator import ClipError, ClipOptions, DeviceLogin, Fleet, Interruption, Over, SimulateOptions
from storage import SystemClock


class FleetHand:
    """Holds the fleet, and does to it what the benchmark asks."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._clock = SystemClock()
        self._late = Histogram()
        self._fleet: Fleet | None = None
        self._playing: asyncio.Task[None] | None = None
        self._chance = random.Random(1)

    async def start(self, task: Json) -> Json:
        stream = task["stream"]
        options = SimulateOptions(
            server=task["server"],
            prefix=task["prefix"],
            devices=tuple(DeviceLogin(login["device"], login["key"]) for login in task["logins"]),
            cache_dir=Path(task["cache_dir"]),
            over=Over(stream["transport"]),
            generated=ClipOptions(
                bitrate_kbps=stream["bitrate_kbps"], fps=stream["fps"], gop=2 * stream["fps"], sound=stream["sound"]
            ),
        )
        try:
            self._fleet = await asyncio.to_thread(Fleet.prepare, options, self._clock, self._count_late)
        except ClipError as error:
            raise ValueError(str(error)) from None
        self._playing = self._tasks.create_task(self._fleet.run(), name="fleet")
        return {}

    async def mark(self, _task: Json) -> Json:
        late, self._late = self._late, Histogram()
        return {"mono_ns": self._clock.mono_ns(), "numbers": self._devices.numbers(), "late": late.as_json()}

    async def drop_all(self, task: Json) -> Json:
        began_ns = self._clock.mono_ns()
        for device in self._devices.numbers():
            self._devices.interrupt(device, Interruption.RESET, self._chance.uniform(0, task["back_within_s"]))
        return {"mono_ns": began_ns}

    async def interrupt(self, task: Json) -> Json:
        done = self._devices.interrupt(task["device"], Interruption(task["how"]), task["back_after_s"])
        return {"done": done}

    async def stop(self, _task: Json) -> Json:
        if self._fleet is None or self._playing is None:
            return {"devices": []}
        self._playing.cancel()
        await asyncio.wait([self._playing])
        return {"devices": [asdict(device) for device in self._fleet.report().devices]}

    @property
    def _devices(self) -> Fleet:
        assert self._fleet is not None, "asked before it was started"
        return self._fleet

    def _count_late(self, late_ns: int) -> None:
        self._late.add(late_ns)


async def _run() -> None:
    async with asyncio.TaskGroup() as tasks:
        hand = FleetHand(tasks)
        await converse(
            {
                "start": hand.start,
                "mark": hand.mark,
                "drop_all": hand.drop_all,
                "interrupt": hand.interrupt,
                "stop": hand.stop,
            }
        )
        await hand.stop({})  # the parent is gone without a word


def main() -> None:
    configure_logs("error")
    uvloop.run(_run())


if __name__ == "__main__":
    main()

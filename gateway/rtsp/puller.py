"""All fixed cameras of this node: one supervised task for each device that has a source.

Follows the registry: a source that is given, changed or taken away, a device that is disabled, enabled
or removed is seen within a moment; news that the bus has lost is made up for by looking at all devices.

Not here: what one of them does (pull.py).
"""

import asyncio
import random
from itertools import count

from gateway.registry import DeviceChanged, DeviceFilter, Registry
from gateway.rtsp.backoff import Patience, Uniform
from gateway.rtsp.pull import Pull, PullHouse, wanted_source
from gateway.rtsp.pull_networks import PullNetworks
from gateway.rtsp.read_buffer import ReadBuffer
from gateway.rtsp.udp import UdpPorts
from gateway.stream import Hub
from media import GapCause
from storage import Clock
from storage.bus import Bus

TICK_S = 0.05  # as the listener's: reordering gives up after some tens of milliseconds
SLOW_TICKS = 20  # what does not come over UDP has timers of seconds only
PAGE = 500


class Puller:
    """`run` it as a task of the server; `close` before the streams of the hub are ended."""

    def __init__(
        self,
        *,
        hub: Hub,
        registry: Registry,
        bus: Bus,
        clock: Clock,
        networks: PullNetworks,
        udp: UdpPorts | None = None,
        patience: Patience | None = None,
        uniform: Uniform | None = None,
    ) -> None:
        self._registry = registry
        self._bus = bus
        self._clock = clock
        self._house = PullHouse(
            hub=hub,
            registry=registry,
            clock=clock,
            networks=networks,
            udp=udp,
            reading=ReadBuffer(),
            patience=patience or Patience(),
            uniform=uniform or random.SystemRandom().uniform,
        )
        self._pulls: dict[str, tuple[Pull, asyncio.Task[None]]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._closed = False

    @property
    def sources(self) -> int:
        return len(self._pulls)

    @property
    def playing(self) -> int:
        return sum(pull.plays for pull, _ in self._pulls.values())

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._turn_timers(), name="puller: timers")
            missed = 0
            with self._bus.subscribe(DeviceChanged) as changes:
                self._look_at_all(at_start=True)
                async for event in changes:
                    assert isinstance(event, DeviceChanged)
                    if changes.missed != missed:
                        missed = changes.missed
                        self._look_at_all()
                    self._look_at(event.device_id)

    async def close(self) -> None:
        """Hang up everywhere, as a server that stops."""
        self._closed = True
        tasks = [task for _, task in self._pulls.values()]
        for device_id in list(self._pulls):
            self._end(device_id, GapCause.SERVER_STOPPED)
        if tasks:
            await asyncio.wait(tasks)

    def _look_at_all(self, *, at_start: bool = False) -> None:
        known = set(self._pulls)
        cursor: str | None = None
        while True:
            page = self._registry.devices.list(DeviceFilter(), cursor=cursor, limit=PAGE)
            for device in page.items:
                if device.source is not None or device.id in known:
                    self._look_at(device.id, at_start=at_start)
                known.discard(device.id)
            cursor = page.next_cursor
            if cursor is None:
                break
        for device_id in known:
            self._look_at(device_id)

    def _look_at(self, device_id: str, *, at_start: bool = False) -> None:
        """Make what runs for a device what should run."""
        device = self._registry.devices.find(device_id)
        wanted = wanted_source(device)
        running = self._pulls.get(device_id)
        if self._closed or (running is not None and running[0].source == wanted):
            return
        if running is not None:
            gone = device is None or not device.enabled
            # Another source goes on with the channel at once; none is what pressing stop is on a device.
            changed = GapCause.TAKEOVER if wanted is not None else GapCause.DEVICE_STOPPED
            self._end(device_id, GapCause.DISABLED if gone else changed)
        if wanted is not None:
            wait_s = self._house.uniform(0, self._house.patience.start_within_s) if at_start else 0.0
            self._start(Pull(device_id, wanted, self._house), wait_s, running[1] if running else None)

    def _start(self, pull: Pull, wait_s: float, before: asyncio.Task[None] | None) -> None:
        async def run() -> None:
            if before is not None:
                await asyncio.wait([before])  # the last call is over before the next one begins
            await pull.run(wait_s)

        assert self._tasks is not None
        self._pulls[pull.device_id] = pull, self._tasks.create_task(run(), name=f"pull {pull.device_id}")

    def _end(self, device_id: str, cause: GapCause) -> None:
        pull, task = self._pulls.pop(device_id)
        pull.hang_up(cause)
        task.cancel()

    async def _turn_timers(self) -> None:
        for turn in count():
            await asyncio.sleep(TICK_S)
            mono_ns = self._clock.mono_ns()
            for pull, _ in tuple(self._pulls.values()):
                if pull.over_udp or turn % SLOW_TICKS == 0:
                    pull.tick(mono_ns)

"""A device that was disabled or removed stops sending, also when the bus could not say so."""

import asyncio
from types import SimpleNamespace

import pytest

from gateway.registry import Change, DeviceChanged
from gateway.stream import Hub, VideoOffer
from media import Codec, GapCause
from mingjing.device_changes import end_streams_of_changed_devices
from storage import SystemClock, UlidFactory
from storage.bus import MemoryBus
from storage.bus.protocol import DEFAULT_LIMIT


@pytest.mark.parametrize("news", [Change.DISABLED, Change.REMOVED])
@pytest.mark.parametrize("later_news", [0, DEFAULT_LIMIT])
async def test_a_stream_ends_with_the_right_to_send_it(news: Change, later_news: int) -> None:
    clock, bus = SystemClock(), MemoryBus()
    hub = Hub(node_id="test", clock=clock, new_id=UlidFactory(clock), bus=bus)
    ended: asyncio.Future[GapCause] = asyncio.get_running_loop().create_future()
    hub.publish("dev1", "main", [VideoOffer(Codec.H264, 90_000, ())], ended.set_result)
    devices = {"dev2": SimpleNamespace(enabled=True)}
    if news is Change.DISABLED:
        devices["dev1"] = SimpleNamespace(enabled=False)
    house = SimpleNamespace(bus=bus, registry=SimpleNamespace(devices=SimpleNamespace(find=devices.get)))

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(end_streams_of_changed_devices(house, hub))  # type: ignore[arg-type]
        await asyncio.sleep(0)  # it listens from its first turn on
        bus.publish(DeviceChanged("dev1", news))
        for _ in range(later_news):
            bus.publish(DeviceChanged("dev2", Change.SEEN))
        assert await asyncio.wait_for(ended, 5) is GapCause.DISABLED
        following.cancel()

"""The live side on loopback: a real listener, a real registry, ffmpeg as the device."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.admission import Admission
from gateway.registry import Registry
from gateway.rtsp import RtspListener
from gateway.stream import Hub
from media.rtsp import NonceFactory
from storage import SecretBox, SystemClock, UlidFactory
from storage.bus import MemoryBus
from storage.database import Database
from storage.ledger import Ledger
from tests.storage.ready_database import ready_database


@dataclass
class LiveSide:
    hub: Hub
    listener: RtspListener
    registry: Registry
    bus: MemoryBus
    keys: dict[str, str]

    def url(self, device: str, path: str | None = None) -> str:
        return f"rtsp://{device}:{self.keys[device]}@127.0.0.1:{self.listener.port}/{path or device}"


@pytest.fixture
async def live_side(tmp_path: Path) -> AsyncIterator[LiveSide]:
    """Two devices, `dev1` and `dev2`, at one checkpoint; all ports free ones."""
    clock, bus = SystemClock(), MemoryBus()
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    ready_database(url)
    database = await Database.open(url)
    async with Ledger.open(tmp_path / "ledger", database, clock) as ledger:
        registry = await Registry.load(database, ledger, bus, clock, SecretBox.open(tmp_path / "secrets.key"))
        unit = await registry.units.create("unit1", name="Unit 1", principal="cli:0")
        checkpoint = await registry.checkpoints.create(
            "checkpoint1", name="Checkpoint 1", unit=unit.id, principal="cli:0"
        )
        keys = {
            name: (await registry.devices.register(name, checkpoint.id, principal="cli:0")).key
            for name in ("dev1", "dev2")
        }
        hub = Hub(node_id="test", clock=clock, new_id=UlidFactory(clock), bus=bus)
        admission = Admission(registry.devices, NonceFactory(secrets.token_bytes(32), secrets.token_bytes), clock)
        listener = RtspListener(hub=hub, admission=admission, clock=clock)
        await listener.open("127.0.0.1", 0, (0, 0))
        async with asyncio.TaskGroup() as tasks:
            timers = tasks.create_task(listener.run_timers())
            yield LiveSide(hub, listener, registry, bus, keys)
            await listener.close()
            timers.cancel()
    await database.close()


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    return program

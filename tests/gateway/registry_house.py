"""A registry on real storage, with a clock that the test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.registry import Registry
from storage import SecretBox
from storage.bus import MemoryBus
from storage.database import Database
from storage.ledger import Ledger
from storage.ledger.files import Disk
from tests.storage.manual_clock import ManualClock
from tests.storage.ready_database import ready_database

BY = "cli:0"


@dataclass
class RegistryHouse:
    database: Database
    ledger: Ledger
    bus: MemoryBus
    clock: ManualClock
    registry: Registry

    @property
    def units(self):
        return self.registry.units

    @property
    def checkpoints(self):
        return self.registry.checkpoints

    @property
    def devices(self):
        return self.registry.devices

    async def entries(self, **wanted):
        """(action, subject, detail) of the ledger, oldest first."""
        page = await self.ledger.query(limit=500, **wanted)
        return [(entry.action, entry.subject, entry.detail) for entry in reversed(page.items)]

    async def furnish(self, *device_ids):
        """A unit, a checkpoint, and these devices; returns their keys."""
        if self.units.find("city") is None:
            await self.units.create("city", name="市支队", principal=BY)
            await self.checkpoints.create("gate", name="东站", unit="city", principal=BY)
        return [(await self.devices.register(device_id, "gate", principal=BY)).key for device_id in device_ids]


@asynccontextmanager
async def open_registry(
    folder: Path, *, clock: ManualClock | None = None, disk: Disk | None = None
) -> AsyncIterator[RegistryHouse]:
    clock = clock or ManualClock()
    url = f"sqlite+aiosqlite:///{folder}/mingjing.sqlite3"
    ready_database(url)
    database = await Database.open(url)
    try:
        async with Ledger.open(folder / "ledger", database, clock, disk=disk) as ledger:
            bus = MemoryBus()
            registry = await Registry.load(database, ledger, bus, clock, SecretBox.open(folder / "secrets.key"))
            yield RegistryHouse(database, ledger, bus, clock, registry)
    finally:
        await database.close()

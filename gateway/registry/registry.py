"""The registry as one thing: loaded at start, with its presence written behind."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.registry.checkpoints import Checkpoints
from gateway.registry.clerk import Clerk
from gateway.registry.devices import Devices
from gateway.registry.directory import Directory
from gateway.registry.officers import Officers
from gateway.registry.presence import Presence
from gateway.registry.sources import Sources
from gateway.registry.tables import read_checkpoints, read_devices, read_units
from gateway.registry.units import Units
from storage import Clock, SecretBox, UlidFactory
from storage.bus import Bus
from storage.database import Database
from storage.ledger import Ledger

# How often presence is written: 200 devices that come back at once are one transaction, and a crash
# forgets no more than this.
PRESENCE_PERIOD_S = 2.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("gateway.registry")


@dataclass(frozen=True, slots=True)
class Registry:
    """
    >>> registry = await Registry.load(database, ledger, bus, clock, box)
    >>> tasks.create_task(registry.keep_presence(), name="registry presence")
    >>> await registry.flush_presence()   # at an orderly stop
    """

    units: Units
    checkpoints: Checkpoints
    devices: Devices
    sources: Sources
    officers: Officers
    presence: Presence

    @classmethod
    async def load(cls, database: Database, ledger: Ledger, bus: Bus, clock: Clock, box: SecretBox) -> "Registry":
        """Read everything into memory; one process only may do this at a time."""
        async with database.read() as connection:
            directory = Directory(
                await read_units(connection), await read_checkpoints(connection), await read_devices(connection)
            )
        clerk = Clerk(database, ledger)
        presence = Presence(directory, database, bus, clock)
        new_id = UlidFactory(clock)
        return cls(
            units=Units(directory, clerk, bus, clock, new_id),
            checkpoints=Checkpoints(directory, clerk, bus, clock, new_id),
            devices=Devices(directory, clerk, presence, bus, clock, new_id),
            sources=Sources(directory, clerk, bus, box),
            officers=Officers(directory, clerk, clock, new_id),
            presence=presence,
        )

    async def keep_presence(self) -> None:
        """Write presence behind until cancelled."""
        while True:
            await asyncio.sleep(PRESENCE_PERIOD_S)
            try:
                await self.presence.flush()
            except SQLAlchemyError as error:
                log.error("presence_not_written", reason=str(error))  # kept, and tried again next time

    async def flush_presence(self) -> None:
        await self.presence.flush()

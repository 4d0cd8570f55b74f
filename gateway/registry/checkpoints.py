"""Checkpoints: created, edited, given to another unit, removed."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace

from sqlalchemy import delete, insert, update

from gateway.registry.clerk import KEEP, Clerk, Keep, differences
from gateway.registry.directory import Directory
from gateway.registry.errors import AlreadyExists, Conflict
from gateway.registry.events import Change, CheckpointChanged, DeviceChanged
from gateway.registry.listing import Page, SortKey, take_page
from gateway.registry.places import Checkpoint
from gateway.registry.tables import checkpoints
from gateway.registry.words import ADDRESS_MAX, NAME_MAX, require_id, require_position, require_text, require_version
from storage import Clock, UlidFactory
from storage.bus import Bus

_FIELDS = ("name", "unit", "latitude", "longitude", "address")

_SORT_KEYS: Mapping[str, SortKey[Checkpoint]] = {
    "id": lambda checkpoint: checkpoint.id,
    "name": lambda checkpoint: checkpoint.name,
    "unit": lambda checkpoint: checkpoint.unit,
}


class Checkpoints:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(self, directory: Directory, clerk: Clerk, bus: Bus, clock: Clock, new_id: UlidFactory) -> None:
        self._directory = directory
        self._clerk = clerk
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    def find(self, checkpoint_id: str) -> Checkpoint | None:
        return self._directory.checkpoints.get(checkpoint_id)

    def get(self, checkpoint_id: str) -> Checkpoint:
        """Raises NotFound."""
        return self._directory.checkpoint(checkpoint_id, field="id")

    def list(
        self,
        *,
        q: str = "",
        within: Collection[str] | None = None,
        sort: str = "id",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Checkpoint]:
        """Checkpoints whose id, name or address contains `q`, of units at or under those `within`.

        Sort by id, name or unit. Raises Invalid (sort, cursor).
        """
        wanted = q.casefold()
        matching = (
            point
            for point in self._directory.checkpoints.values()
            if any(wanted in text.casefold() for text in (point.id, point.name, point.address))
            and self._directory.is_within(point.unit, within)
        )
        return take_page(matching, lambda point: point.id, _SORT_KEYS, sort, cursor, limit)

    async def create(
        self,
        checkpoint_id: str | None = None,
        *,
        name: str,
        unit: str,
        latitude: float | None = None,
        longitude: float | None = None,
        address: str = "",
        principal: str,
    ) -> Checkpoint:
        """Without an id the checkpoint gets a ULID. Raises Invalid, AlreadyExists, NotFound (the unit)."""
        require_position(latitude, longitude)
        point = Checkpoint(
            id=require_id(self._new_id() if checkpoint_id is None else checkpoint_id, what="checkpoint"),
            name=require_text(name, field="name", limit=NAME_MAX, empty=False),
            unit=unit,
            latitude=latitude,
            longitude=longitude,
            address=require_text(address, field="address", limit=ADDRESS_MAX),
            created_utc_ns=self._clock.utc_ns(),
            version=1,
        )
        detail = {field: getattr(point, field) for field in _FIELDS}
        async with self._directory.turn:
            if point.id in self._directory.checkpoints:
                raise AlreadyExists(f"There is a checkpoint {point.id} already.", field="id", fix="Choose another id.")
            self._directory.unit(unit)
            async with self._clerk.writes(principal, "checkpoint.create", point.id, detail) as connection:
                await connection.execute(insert(checkpoints).values(asdict(point)))
            self._directory.put_checkpoint(point)
        self._bus.publish(CheckpointChanged(point.id, Change.CREATED))
        return point

    async def edit(
        self,
        checkpoint_id: str,
        *,
        name: str | Keep = KEEP,
        unit: str | Keep = KEEP,
        latitude: float | Keep | None = KEEP,
        longitude: float | Keep | None = KEEP,
        address: str | Keep = KEEP,
        version: int | None = None,
        principal: str,
    ) -> Checkpoint:
        """Change what is given; its devices follow it to another unit.

        Raises:
            NotFound: the checkpoint, or the unit.
            Invalid: a value that cannot be.
            Conflict: it is no longer of that version.
        """
        async with self._directory.turn:
            before = self.get(checkpoint_id)
            require_version(before.version, version)
            after = replace(
                before,
                name=before.name if name is KEEP else require_text(name, field="name", limit=NAME_MAX, empty=False),
                unit=before.unit if unit is KEEP else self._directory.unit(unit).id,
                latitude=before.latitude if latitude is KEEP else latitude,
                longitude=before.longitude if longitude is KEEP else longitude,
                address=before.address
                if address is KEEP
                else require_text(address, field="address", limit=ADDRESS_MAX),
                version=before.version + 1,
            )
            require_position(after.latitude, after.longitude)
            detail = differences(before, after, _FIELDS)
            if not detail:
                return before
            async with self._clerk.writes(principal, "checkpoint.edit", checkpoint_id, detail) as connection:
                statement = update(checkpoints).where(checkpoints.c.id == checkpoint_id)
                await connection.execute(statement.values(asdict(after)))
            self._directory.put_checkpoint(after)
        self._tell(after, moved="unit" in detail)
        return after

    async def remove(self, checkpoint_id: str, *, version: int | None = None, principal: str) -> None:
        """Only a checkpoint without devices. Raises NotFound, Conflict."""
        async with self._directory.turn:
            point = self.get(checkpoint_id)
            require_version(point.version, version)
            used_by = sum(device.checkpoint == checkpoint_id for device in self._directory.devices.values())
            if used_by:
                words = f"{checkpoint_id} still has {used_by} devices."
                raise Conflict(words, field="id", fix="Move or remove them first.")
            detail = {field: getattr(point, field) for field in _FIELDS}
            async with self._clerk.writes(principal, "checkpoint.remove", checkpoint_id, detail) as connection:
                await connection.execute(delete(checkpoints).where(checkpoints.c.id == checkpoint_id))
            del self._directory.checkpoints[checkpoint_id]
        self._bus.publish(CheckpointChanged(checkpoint_id, Change.REMOVED))

    def _tell(self, point: Checkpoint, *, moved: bool) -> None:
        self._bus.publish(CheckpointChanged(point.id, Change.MOVED if moved else Change.EDITED))
        if moved:  # who may see a device depends on its unit
            for device in self._directory.devices.values():
                if device.checkpoint == point.id:
                    self._bus.publish(DeviceChanged(device.id, Change.MOVED))

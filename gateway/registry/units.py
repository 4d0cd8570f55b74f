"""Units: created, edited, put under another, removed."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import delete, insert, update

from gateway.registry.clerk import KEEP, Clerk, Keep, differences
from gateway.registry.directory import Directory
from gateway.registry.errors import AlreadyExists, Conflict, Invalid
from gateway.registry.events import Change, UnitChanged
from gateway.registry.listing import Page, SortKey, take_page
from gateway.registry.places import Unit
from gateway.registry.tables import units
from gateway.registry.words import NAME_MAX, require_id, require_text, require_version
from storage import Clock, UlidFactory
from storage.bus import Bus

_SORT_KEYS: Mapping[str, SortKey[Unit]] = {
    "id": lambda unit: unit.id,
    "name": lambda unit: unit.name,
    "parent": lambda unit: unit.parent or "",
}


class Units:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(self, directory: Directory, clerk: Clerk, bus: Bus, clock: Clock, new_id: UlidFactory) -> None:
        self._directory = directory
        self._clerk = clerk
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    def find(self, unit_id: str) -> Unit | None:
        return self._directory.units.get(unit_id)

    def get(self, unit_id: str) -> Unit:
        """Raises NotFound."""
        return self._directory.unit(unit_id, field="id")

    def path(self, unit_id: str) -> tuple[str, ...]:
        """The unit and every unit above it, nearest first; empty when there is none."""
        return self._directory.unit_path(unit_id)

    def list(
        self,
        *,
        q: str = "",
        within: Collection[str] | None = None,
        sort: str = "id",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Unit]:
        """Units whose id or name contains `q`, at or under one of the units `within`.

        Sort by id, name or parent. Raises Invalid (sort, cursor).
        """
        wanted = q.casefold()
        matching = (
            unit
            for unit in self._directory.units.values()
            if (wanted in unit.id.casefold() or wanted in unit.name.casefold())
            and self._directory.is_within(unit.id, within)
        )
        return take_page(matching, lambda unit: unit.id, _SORT_KEYS, sort, cursor, limit)

    async def create(self, unit_id: str | None = None, *, name: str, parent: str | None = None, principal: str) -> Unit:
        """Without an id the unit gets a ULID. Raises Invalid, AlreadyExists, NotFound (the parent)."""
        unit = Unit(
            id=require_id(self._new_id() if unit_id is None else unit_id, what="unit"),
            name=require_text(name, field="name", limit=NAME_MAX, empty=False),
            parent=parent,
            created_utc_ns=self._clock.utc_ns(),
            version=1,
        )
        detail = {"name": unit.name, "parent": parent}
        async with self._directory.turn:
            if unit.id in self._directory.units:
                raise AlreadyExists(f"There is a unit {unit.id} already.", field="id", fix="Choose another id.")
            if parent is not None:
                self._directory.unit(parent, field="parent")
            async with self._clerk.writes(principal, "unit.create", unit.id, detail) as connection:
                row = {"id": unit.id, "created_utc_ns": unit.created_utc_ns, "version": unit.version, **detail}
                await connection.execute(insert(units).values(row))
            self._directory.units[unit.id] = unit
        self._bus.publish(UnitChanged(unit.id, Change.CREATED))
        return unit

    async def edit(
        self,
        unit_id: str,
        *,
        name: str | Keep = KEEP,
        parent: str | Keep | None = KEEP,
        version: int | None = None,
        principal: str,
    ) -> Unit:
        """Rename it, put it under another unit (None: to the top).

        Raises:
            NotFound: the unit, or the parent.
            Invalid: no name, or a parent that is the unit itself or below it.
            Conflict: it is no longer of that version.
        """
        async with self._directory.turn:
            before = self.get(unit_id)
            require_version(before.version, version)
            after = replace(
                before,
                name=before.name if name is KEEP else require_text(name, field="name", limit=NAME_MAX, empty=False),
                parent=before.parent if parent is KEEP else self._possible_parent(unit_id, parent),
                version=before.version + 1,
            )
            detail = differences(before, after, ("name", "parent"))
            if not detail:
                return before
            async with self._clerk.writes(principal, "unit.edit", unit_id, detail) as connection:
                values = {"name": after.name, "parent": after.parent, "version": after.version}
                await connection.execute(update(units).where(units.c.id == unit_id).values(values))
            self._directory.units[unit_id] = after
        self._bus.publish(UnitChanged(unit_id, Change.MOVED if "parent" in detail else Change.EDITED))
        return after

    async def remove(self, unit_id: str, *, version: int | None = None, principal: str) -> None:
        """Only a unit with nothing under it. Raises NotFound, Conflict."""
        async with self._directory.turn:
            unit = self.get(unit_id)
            require_version(unit.version, version)
            below = sum(other.parent == unit_id for other in self._directory.units.values())
            points = sum(checkpoint.unit == unit_id for checkpoint in self._directory.checkpoints.values())
            if below or points:
                words = f"{unit_id} still has {below} units and {points} checkpoints."
                raise Conflict(words, field="id", fix="Move or remove them first.")
            detail = {"name": unit.name, "parent": unit.parent}
            async with self._clerk.writes(principal, "unit.remove", unit_id, detail) as connection:
                await connection.execute(delete(units).where(units.c.id == unit_id))
            del self._directory.units[unit_id]
        self._bus.publish(UnitChanged(unit_id, Change.REMOVED))

    def _possible_parent(self, unit_id: str, parent: str | None) -> str | None:
        if parent is not None:
            self._directory.unit(parent, field="parent")
            if unit_id in self.path(parent):
                words = f"{parent} is {unit_id} itself or below it."
                raise Invalid(words, field="parent", fix="Choose a unit outside of it.")
        return parent

"""The whole registry in memory: what every reader sees, kept in step with the rows by those who change them.

What should not be here: rows, rules, events.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import replace

from gateway.registry.device import Device
from gateway.registry.errors import NotFound
from gateway.registry.places import Checkpoint, Unit


class Directory:
    """Read freely, from the loop's thread. Change only while holding `turn`, after the rows are committed."""

    def __init__(self, units: Iterable[Unit], checkpoints: Iterable[Checkpoint], devices: Iterable[Device]) -> None:
        self.units = {unit.id: unit for unit in units}
        self.checkpoints = {checkpoint.id: checkpoint for checkpoint in checkpoints}
        self.devices = {device.id: device for device in devices}
        self.turn = asyncio.Lock()

    def unit(self, unit_id: str, *, field: str = "unit") -> Unit:
        try:
            return self.units[unit_id]
        except KeyError:
            raise NotFound(f"There is no unit {unit_id[:80]!r}.", field=field, fix="Choose one of the list.") from None

    def checkpoint(self, checkpoint_id: str, *, field: str = "checkpoint") -> Checkpoint:
        try:
            return self.checkpoints[checkpoint_id]
        except KeyError:
            words = f"There is no checkpoint {checkpoint_id[:80]!r}."
            raise NotFound(words, field=field, fix="Choose one of the list, or add it first.") from None

    def device(self, device_id: str) -> Device:
        try:
            return self.devices[device_id]
        except KeyError:
            words = f"There is no device {device_id[:80]!r}."
            raise NotFound(words, field="id", fix="Choose one of the list.") from None

    def unit_path(self, unit_id: str) -> tuple[str, ...]:
        """The unit and every unit above it, nearest first."""
        path: list[str] = []
        unit = self.units.get(unit_id)
        while unit is not None and unit.id not in path:
            path.append(unit.id)
            unit = self.units.get(unit.parent) if unit.parent is not None else None
        return tuple(path)

    def is_within(self, unit_id: str, units: Collection[str] | None) -> bool:
        """Whether the unit is one of these or below one of them; None means everywhere."""
        return units is None or not set(units).isdisjoint(self.unit_path(unit_id))

    def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Devices take the unit of their checkpoint."""
        before = self.checkpoints.get(checkpoint.id)
        self.checkpoints[checkpoint.id] = checkpoint
        if before is None or before.unit == checkpoint.unit:
            return
        for device in list(self.devices.values()):
            if device.checkpoint == checkpoint.id:
                self.devices[device.id] = replace(device, unit=checkpoint.unit)

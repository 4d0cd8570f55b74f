"""News of the registry on the bus. Who hears them reads the registry for the truth."""

from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    CREATED = "created"
    EDITED = "edited"
    MOVED = "moved"  # another checkpoint, unit or parent
    ENABLED = "enabled"
    DISABLED = "disabled"
    KEY_ROTATED = "key_rotated"
    REMOVED = "removed"
    SEEN = "seen"  # last seen or last refusal; comes behind, once for many


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    device_id: str
    change: Change


@dataclass(frozen=True, slots=True)
class CheckpointChanged:
    checkpoint_id: str
    change: Change


@dataclass(frozen=True, slots=True)
class UnitChanged:
    unit_id: str
    change: Change

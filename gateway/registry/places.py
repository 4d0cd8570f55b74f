"""Units and checkpoints as the registry knows them: immutable; a change makes a new one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """An enforcing body; units form a forest by `parent`."""

    id: str
    name: str
    parent: str | None
    created_utc_ns: int
    version: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An enforcement point. Position in degrees (WGS 84), both or neither."""

    id: str
    name: str
    unit: str
    latitude: float | None
    longitude: float | None
    address: str
    created_utc_ns: int
    version: int

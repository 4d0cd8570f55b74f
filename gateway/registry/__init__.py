"""Who may send: units, checkpoints and devices, and the verifiers of the devices' keys.

Here: registering, changing and removing them, where the pictures of fixed cameras are fetched from,
listing, and what admission and the admin's screen must know of a device: its keys, when it was last seen,
why it was last refused; which officer carried it when.
Not here: what a device is sending now (gateway.stream), whether a connection is let in
(gateway.admission), who may change any of this (viewer.access), QR codes and URLs (viewer, CLI).

Invariants:
- A change is one transaction of rows and ledger entry, then memory, then an event on the bus; it
  is complete or has not happened.
- Reading is from memory, synchronous and never waits for the database; but for the history of officers, which is long.
- A key is shown once, when it is made. What is kept of it is worth as much (HA1): it is never
  logged, printed or sent. A camera's password is sealed (storage.SecretBox) and never shown again.
- Changes wait for each other; presence (last seen, last refusal) is written behind and may lack
  its last seconds after a crash.
"""

from gateway.registry.checkpoints import Checkpoints
from gateway.registry.clerk import KEEP, Keep
from gateway.registry.device import Credential, Device, LastRefusal, NewKey, RefusalReason
from gateway.registry.devices import DeviceFilter, Devices
from gateway.registry.errors import AlreadyExists, Conflict, Invalid, NotFound, RegistryError
from gateway.registry.events import Change, CheckpointChanged, DeviceChanged, UnitChanged
from gateway.registry.listing import Page
from gateway.registry.officers import Assignment, Officers
from gateway.registry.places import Checkpoint, Unit
from gateway.registry.presence import UnknownCaller
from gateway.registry.registry import Registry
from gateway.registry.source import Source, SourceTransport, SourceUrl, read_source_url
from gateway.registry.sources import Sources
from gateway.registry.units import Units
from gateway.registry.words import ID_PATTERN

__all__ = [
    "ID_PATTERN",
    "KEEP",
    "AlreadyExists",
    "Assignment",
    "Change",
    "Checkpoint",
    "CheckpointChanged",
    "Checkpoints",
    "Conflict",
    "Credential",
    "Device",
    "DeviceChanged",
    "DeviceFilter",
    "Devices",
    "Invalid",
    "Keep",
    "LastRefusal",
    "NewKey",
    "NotFound",
    "Officers",
    "Page",
    "RefusalReason",
    "Registry",
    "RegistryError",
    "Source",
    "SourceTransport",
    "SourceUrl",
    "Sources",
    "Unit",
    "UnitChanged",
    "Units",
    "UnknownCaller",
    "read_source_url",
]

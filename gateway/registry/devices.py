"""Devices: registered with a key, given another, edited, moved, enabled, disabled, removed.

The reading side, what admission asks and what lists show, is synchronous and from memory.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, update

from gateway.registry.clerk import KEEP, Clerk, Keep, differences
from gateway.registry.device import Credential, Device, NewKey, RefusalReason
from gateway.registry.directory import Directory
from gateway.registry.errors import AlreadyExists, Invalid
from gateway.registry.events import Change, DeviceChanged
from gateway.registry.keys import new_key, verifier
from gateway.registry.listing import Page, SortKey, take_page
from gateway.registry.officers import ended
from gateway.registry.presence import Presence, UnknownCaller
from gateway.registry.tables import device_credentials, devices
from gateway.registry.words import MODEL_MAX, NAME_MAX, require_id, require_text, require_version
from storage import Clock, UlidFactory
from storage.bus import Bus

# How long a rotated key may stay valid beside the new one: a month is the longest that a device is
# away in a drawer and still expected back.
OVERLAP_MAX_S = 31 * 24 * 3600

_FIELDS = ("name", "model", "checkpoint")

_SORT_KEYS: Mapping[str, SortKey[Device]] = {
    "id": lambda device: device.id,
    "name": lambda device: device.name,
    "model": lambda device: device.model,
    "checkpoint": lambda device: device.checkpoint,
    "unit": lambda device: device.unit,
    "created_at": lambda device: f"{device.created_utc_ns:020d}",
    "last_seen": lambda device: f"{device.last_seen_utc_ns or 0:020d}",
}


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """All that are given must match."""

    q: str = ""  # in id, name or model
    checkpoint: str | None = None
    within: Collection[str] | None = None  # at or under one of these units
    enabled: bool | None = None

    def takes(self, device: Device) -> bool:
        wanted = self.q.casefold()
        return (
            any(wanted in text.casefold() for text in (device.id, device.name, device.model))
            and self.checkpoint in (None, device.checkpoint)
            and self.enabled in (None, device.enabled)
        )


_EVERY = DeviceFilter()


class Devices:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(
        self, directory: Directory, clerk: Clerk, presence: Presence, bus: Bus, clock: Clock, new_id: UlidFactory
    ) -> None:
        self._directory = directory
        self._clerk = clerk
        self._presence = presence
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    # reading

    def find(self, device_id: str) -> Device | None:
        return self._directory.devices.get(device_id)

    def get(self, device_id: str) -> Device:
        """Raises NotFound."""
        return self._directory.device(device_id)

    def list(
        self, wanted: DeviceFilter = _EVERY, *, sort: str = "id", cursor: str | None = None, limit: int = 50
    ) -> Page[Device]:
        """Sort by id, name, model, checkpoint, unit, created_at or last_seen. Raises Invalid (sort, cursor)."""
        matching = (
            device
            for device in self._directory.devices.values()
            if wanted.takes(device) and self._directory.is_within(device.unit, wanted.within)
        )
        return take_page(matching, lambda device: device.id, _SORT_KEYS, sort, cursor, limit)

    # presence: called while a connection waits, so synchronous and in memory

    def mark_seen(self, device_id: str) -> None:
        """It sends or has just sent. Unknown ids are ignored."""
        self._presence.seen(device_id)

    def remember_refusal(self, device_id: str, reason: RefusalReason, peer: str, words: str = "") -> None:
        """Keep why a connection was refused, so that the admin sees why a recorder never came."""
        self._presence.refused(device_id, reason, peer, words)

    def unknown_callers(self) -> tuple[UnknownCaller, ...]:
        """The latest who called as a device that is not registered, newest first; in memory only."""
        return self._presence.unknown_callers()

    # changes

    async def register(
        self, device_id: str, checkpoint: str, *, name: str = "", model: str = "", principal: str
    ) -> NewKey:
        """A new device, enabled, with a new key: the only time the key can be seen.

        Raises:
            Invalid: a value that cannot be.
            AlreadyExists: the id is taken.
            NotFound: no such checkpoint.
        """
        require_id(device_id, what="device")
        name = require_text(name, field="name", limit=NAME_MAX)
        model = require_text(model, field="model", limit=MODEL_MAX)
        key = new_key()
        now_utc_ns = self._clock.utc_ns()
        credential = verifier(self._new_id(), device_id, key)
        async with self._directory.turn:
            if device_id in self._directory.devices:
                raise AlreadyExists(f"There is a device {device_id} already.", field="id", fix="Choose another id.")
            device = Device(
                id=device_id,
                checkpoint=checkpoint,
                unit=self._directory.checkpoint(checkpoint).unit,
                name=name,
                model=model,
                enabled=True,
                created_utc_ns=now_utc_ns,
                last_seen_utc_ns=None,
                last_refusal=None,
                version=1,
                credentials=(credential,),
            )
            detail = {field: getattr(device, field) for field in _FIELDS}
            async with self._clerk.writes(principal, "device.register", device_id, detail) as connection:
                row = {"id": device_id, "enabled": True, "created_utc_ns": now_utc_ns, "version": 1, **detail}
                await connection.execute(insert(devices).values(row))
                await connection.execute(insert(device_credentials).values(_row(device_id, credential, now_utc_ns)))
            self._directory.devices[device_id] = device
        self._bus.publish(DeviceChanged(device_id, Change.CREATED))
        return NewKey(device, key)

    async def rotate_key(
        self, device_id: str, overlap_s: float = 0, *, version: int | None = None, principal: str
    ) -> NewKey:
        """Another key. The one before stays valid for `overlap_s` seconds, older ones go at once.

        Raises:
            NotFound: no such device.
            Invalid: an overlap that cannot be.
            Conflict: it is no longer of that version.
        """
        if not 0 <= overlap_s <= OVERLAP_MAX_S:
            words = f"An overlap of {overlap_s} s cannot be."
            raise Invalid(words, field="overlap_s", fix=f"Use 0 to {OVERLAP_MAX_S} seconds.")
        key = new_key()
        now_utc_ns = self._clock.utc_ns()
        credential = verifier(self._new_id(), device_id, key)
        async with self._directory.turn:
            before = self.get(device_id)
            require_version(before.version, version)
            kept = _overlapping(before.credentials, now_utc_ns, now_utc_ns + round(overlap_s * 1_000_000_000))
            detail = {"overlap_s": overlap_s, "keys_still_valid": len(kept)}
            async with self._clerk.writes(principal, "device.rotate_key", device_id, detail) as connection:
                mine = device_credentials.c.device == device_id
                await connection.execute(delete(device_credentials).where(mine))
                for each in (*kept, credential):
                    await connection.execute(insert(device_credentials).values(_row(device_id, each, now_utc_ns)))
                await connection.execute(
                    update(devices).where(devices.c.id == device_id).values(version=before.version + 1)
                )
            after = self._put(replace(before, version=before.version + 1, credentials=(*kept, credential)))
        self._bus.publish(DeviceChanged(device_id, Change.KEY_ROTATED))
        return NewKey(after, key)

    async def edit(
        self,
        device_id: str,
        *,
        name: str | Keep = KEEP,
        model: str | Keep = KEEP,
        checkpoint: str | Keep = KEEP,
        version: int | None = None,
        principal: str,
    ) -> Device:
        """Change what is given; with another checkpoint it is moved.

        Raises:
            NotFound: the device, or the checkpoint.
            Invalid: a value that cannot be.
            Conflict: it is no longer of that version.
        """
        async with self._directory.turn:
            before = self.get(device_id)
            require_version(before.version, version)
            point = self._directory.checkpoint(before.checkpoint if checkpoint is KEEP else checkpoint)
            after = replace(
                before,
                name=before.name if name is KEEP else require_text(name, field="name", limit=NAME_MAX),
                model=before.model if model is KEEP else require_text(model, field="model", limit=MODEL_MAX),
                checkpoint=point.id,
                unit=point.unit,
                version=before.version + 1,
            )
            detail = differences(before, after, _FIELDS)
            if not detail:
                return before
            moved = "checkpoint" in detail
            action = "device.move" if moved else "device.edit"
            values = {field: getattr(after, field) for field in _FIELDS}
            async with self._clerk.writes(principal, action, device_id, detail) as connection:
                statement = update(devices).where(devices.c.id == device_id)
                await connection.execute(statement.values(version=after.version, **values))
            after = self._put(after)
        self._bus.publish(DeviceChanged(device_id, Change.MOVED if moved else Change.EDITED))
        return after

    async def move(self, device_id: str, checkpoint: str, *, version: int | None = None, principal: str) -> Device:
        """To another checkpoint. Raises NotFound, Conflict."""
        return await self.edit(device_id, checkpoint=checkpoint, version=version, principal=principal)

    async def enable(self, device_id: str, *, version: int | None = None, principal: str) -> Device:
        """Let it in again. Raises NotFound, Conflict."""
        return await self._switch(device_id, True, version, principal)

    async def disable(self, device_id: str, *, version: int | None = None, principal: str) -> Device:
        """Keep it out; who carries its streams hears the event and ends them. Raises NotFound, Conflict."""
        return await self._switch(device_id, False, version, principal)

    async def remove(self, device_id: str, *, version: int | None = None, principal: str) -> None:
        """Forget the device and its keys; its recordings stay. Raises NotFound, Conflict."""
        async with self._directory.turn:
            device = self.get(device_id)
            require_version(device.version, version)
            detail = {field: getattr(device, field) for field in _FIELDS}
            async with self._clerk.writes(principal, "device.remove", device_id, detail) as connection:
                await connection.execute(ended(device_id, self._clock.utc_ns()))
                await connection.execute(delete(devices).where(devices.c.id == device_id))
            del self._directory.devices[device_id]
        self._bus.publish(DeviceChanged(device_id, Change.REMOVED))

    async def _switch(self, device_id: str, enabled: bool, version: int | None, principal: str) -> Device:
        async with self._directory.turn:
            before = self.get(device_id)
            require_version(before.version, version)
            if before.enabled is enabled:
                return before
            change = Change.ENABLED if enabled else Change.DISABLED
            action = "device.enable" if enabled else "device.disable"
            async with self._clerk.writes(principal, action, device_id, {}) as connection:
                statement = update(devices).where(devices.c.id == device_id)
                await connection.execute(statement.values(enabled=enabled, version=before.version + 1))
            after = self._put(replace(before, version=before.version + 1, enabled=enabled))
        self._bus.publish(DeviceChanged(device_id, change))
        return after

    def _put(self, after: Device) -> Device:
        """Into memory, with the presence of now: it may have been seen while the rows were written."""
        now = self._directory.devices[after.id]
        after = replace(after, last_seen_utc_ns=now.last_seen_utc_ns, last_refusal=now.last_refusal)
        self._directory.devices[after.id] = after
        return after


def _overlapping(credentials: tuple[Credential, ...], now_utc_ns: int, until_utc_ns: int) -> tuple[Credential, ...]:
    """The newest key that is still valid, limited to the overlap."""
    if until_utc_ns <= now_utc_ns:
        return ()
    for credential in reversed(credentials):
        if credential.valid_at(now_utc_ns):
            expires = (
                until_utc_ns if credential.expires_utc_ns is None else min(credential.expires_utc_ns, until_utc_ns)
            )
            return (replace(credential, expires_utc_ns=expires),)
    return ()


def _row(device_id: str, credential: Credential, created_utc_ns: int) -> dict[str, object]:
    return {
        "id": credential.id,
        "device": device_id,
        "ha1_md5": credential.ha1_md5,
        "ha1_sha256": credential.ha1_sha256,
        "created_utc_ns": created_utc_ns,
        "expires_utc_ns": credential.expires_utc_ns,
    }

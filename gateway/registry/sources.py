"""Sources of devices: given, changed and taken away. Who fetches the pictures hears `DeviceChanged`.

A password is sealed for one device, one user and one host: it can neither be read back nor be sent
elsewhere by changing the URL. It comes into no ledger entry, event or log.
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import delete, insert

from gateway.registry.clerk import KEEP, Clerk, Keep
from gateway.registry.device import Device
from gateway.registry.directory import Directory
from gateway.registry.errors import Invalid
from gateway.registry.events import Change, DeviceChanged
from gateway.registry.source import (
    Source,
    SourceTransport,
    SourceUrl,
    read_fingerprint,
    read_password,
    read_source_url,
    read_user,
)
from gateway.registry.tables import device_sources, devices, update_version
from gateway.registry.words import require_version
from storage import SecretBox
from storage.bus import Bus
from storage.ledger import JsonValue


class Sources:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(self, directory: Directory, clerk: Clerk, bus: Bus, box: SecretBox) -> None:
        self._directory = directory
        self._clerk = clerk
        self._bus = bus
        self._box = box

    def password(self, device_id: str, source: Source) -> str:
        """What the camera is told; empty where it wants none.

        Raises:
            SecretUnreadable: it was sealed by another server's key; somebody must enter it again.
        """
        if not source.has_password:
            return ""
        return self._box.unseal(source.sealed_password, _purpose(device_id, source.url, source.user))

    async def set(
        self,
        device_id: str,
        *,
        url: str,
        user: str = "",
        password: str | Keep = KEEP,
        transport: SourceTransport = SourceTransport.AUTO,
        fingerprint: str = "",
        version: int | None = None,
        principal: str,
    ) -> Device:
        """Have the pictures of a device fetched from `url`. A password that is not given stays.

        Raises:
            NotFound: no such device.
            Invalid: a value that cannot be, or a password that would go to another host or user.
            Conflict: it is no longer of that version.
        """
        address, user, fingerprint = read_source_url(url), read_user(user), read_fingerprint(fingerprint)
        if fingerprint and not address.tls:
            fix = "Use rtsps://, or leave the fingerprint out."
            raise Invalid("Without TLS there is no certificate to compare.", field="fingerprint", fix=fix)
        if password is not KEEP and read_password(password) and not user:
            raise Invalid("A password belongs to a user.", field="user", fix="Give the user name of the camera.")
        async with self._directory.turn:
            device = self._directory.device(device_id)
            require_version(device.version, version)
            sealed = self._sealed(device, address, user, password)
            after = Source(address, user, transport, fingerprint, sealed)
            if after == device.source:
                return device
            detail = _difference(device.source, after)
            changed = await self._write(device, after, principal, "device.set_source", detail)
        self._bus.publish(DeviceChanged(device_id, Change.EDITED))
        return changed

    async def remove(self, device_id: str, *, version: int | None = None, principal: str) -> Device:
        """Fetch from nowhere any more: the device sends by itself, or not at all. Raises NotFound, Conflict."""
        async with self._directory.turn:
            device = self._directory.device(device_id)
            require_version(device.version, version)
            if device.source is None:
                return device
            detail: dict[str, JsonValue] = {"url": str(device.source.url), "user": device.source.user}
            changed = await self._write(device, None, principal, "device.remove_source", detail)
        self._bus.publish(DeviceChanged(device_id, Change.EDITED))
        return changed

    def _sealed(self, device: Device, url: SourceUrl, user: str, password: str | Keep) -> bytes:
        if password is not KEEP:
            return self._box.seal(password, _purpose(device.id, url, user)) if password else b""
        before = device.source
        if before is None or not before.has_password:
            return b""
        if (before.url.origin, before.user) != (url.origin, user):
            words = "The password was given for another host or user."
            raise Invalid(words, field="password", fix="Give the password of this one, or an empty one.")
        return before.sealed_password

    async def _write(
        self, device: Device, source: Source | None, principal: str, action: str, detail: Mapping[str, JsonValue]
    ) -> Device:
        async with self._clerk.writes(principal, action, device.id, detail) as connection:
            await connection.execute(delete(device_sources).where(device_sources.c.device == device.id))
            if source is not None:
                await connection.execute(insert(device_sources).values(_row(device.id, source)))
            await connection.execute(update_version(devices, device.id, device.version + 1))
        now = self._directory.devices[device.id]  # it may have been seen while the rows were written
        after = self._directory.devices[device.id] = replace(now, version=device.version + 1, source=source)
        return after


def _purpose(device_id: str, url: SourceUrl, user: str) -> str:
    return f"password of {user} at {url.origin} for device {device_id}"


def _difference(before: Source | None, after: Source) -> dict[str, JsonValue]:
    """What the ledger is told: of the password only that there is one, and whether it is another than before."""
    was = {} if before is None else _shown(before)
    detail: dict[str, JsonValue] = {
        name: value if before is None else {"from": was[name], "to": value}
        for name, value in _shown(after).items()
        if before is None or was[name] != value
    }
    if before is None or before.sealed_password != after.sealed_password:
        detail["password"] = "given" if after.has_password else "none"
    return detail


def _shown(source: Source) -> dict[str, str]:
    return {
        "url": str(source.url),
        "user": source.user,
        "transport": source.transport.value,
        "fingerprint": source.fingerprint,
    }


def _row(device_id: str, source: Source) -> dict[str, object]:
    return {"device": device_id, "sealed_password": source.sealed_password, **_shown(source)}

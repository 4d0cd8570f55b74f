"""Performs commands on a house: in the server that has it, or in the command that opened it.

What should not be here: sockets, and printing. Rules are the rooms' own; their errors become
`CommandError`, so that an operator reads the same words as on the screen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DatabaseError

from gateway.registry import KEEP, Checkpoint, Device, NewKey, Page, RegistryError, Unit
from mingjing.control.audit_commands import rotate_key, show_key, verify_audit
from mingjing.control.damage import told_of_damage
from mingjing.control.requests import (
    Answer,
    AuditKey,
    AuditRotateKey,
    AuditVerify,
    CheckpointAdd,
    CheckpointItem,
    CheckpointItems,
    CheckpointList,
    CommandError,
    DeviceAdd,
    DeviceItem,
    DeviceItems,
    DeviceKey,
    DeviceList,
    DeviceRemoveSource,
    DeviceRotateKey,
    DeviceSetSource,
    DeviceSwitch,
    Request,
    SnapshotTake,
    StoreCheck,
    StoreRebuild,
    UnitAdd,
    UnitItem,
    UnitItems,
    UnitList,
    UserAdd,
    UserAdded,
    UserDisable,
    UserItem,
    UserItems,
    UserList,
)
from mingjing.control.store_commands import check_store, rebuild_store, take_snapshot
from mingjing.settings import Settings
from mingjing.wiring import House
from storage import iso_from_ns
from storage.database import DatabaseDamagedError
from storage.ledger import LedgerUnavailable
from viewer.access import AccessError, Account

PAGE = 500  # items of a list taken at a time

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Addresses:
    """What devices and browsers are told: `HOST:PORT` for RTSP and RTSPS, and the URL of the screens."""

    rtsp: str
    http: str
    rtsps: str | None = None  # None: RTSP has no certificate


def addresses_of(settings: Settings) -> Addresses:
    """By the settings alone, for a server that does not run."""
    http, secure = settings.http, settings.http.certificate is not None
    rtsp_host = settings.rtsp.public_host or _reachable(settings.rtsp.host)
    port = http.tls_port if secure else http.port
    http_host = settings.rtsp.public_host or _reachable(http.host)
    scheme = "https" if secure else "http"
    return Addresses(
        rtsp=f"{_in_url(rtsp_host)}:{settings.rtsp.port}",
        http=f"{scheme}://{_in_url(http_host)}:{port}",
        rtsps=None if settings.rtsp_certificate is None else f"{_in_url(rtsp_host)}:{settings.rtsp.tls_port}",
    )


async def perform(request: Request, house: House, addresses: Addresses, principal: str) -> Answer:
    """Do what is asked; `principal` is who the ledger says did it.

    Raises:
        CommandError: it cannot be done, and what the operator can do about it.
    """
    try:
        return await _perform(request, house, addresses, principal)
    except RegistryError as error:
        raise CommandError(str(error), field=error.field, fix=error.fix) from None
    except AccessError as error:
        raise CommandError(error.words, field=error.field or "", fix=error.fix or "") from None
    except LedgerUnavailable as error:
        fix = "Nothing was changed. See to the disk that holds the ledger."
        raise CommandError(f"The audit log cannot be written: {error}", fix=fix) from None
    except (DatabaseDamagedError, DatabaseError) as error:
        raise told_of_damage(error) from None


async def _perform(request: Request, house: House, addresses: Addresses, principal: str) -> Answer:
    registry = house.registry
    match request:
        case UnitAdd(id=unit_id, name=name, parent=parent):
            return _unit(await registry.units.create(unit_id, name=name, parent=parent, principal=principal))
        case UnitList():
            units = _every(lambda cursor: registry.units.list(cursor=cursor, limit=PAGE))
            return UnitItems(items=tuple(map(_unit, units)))
        case CheckpointAdd():
            return await _add_checkpoint(request, house, principal)
        case CheckpointList():
            points = _every(lambda cursor: registry.checkpoints.list(cursor=cursor, limit=PAGE))
            return CheckpointItems(items=tuple(map(_checkpoint, points)))
        case DeviceAdd(id=device_id, checkpoint=point, name=name, model=model):
            made = await registry.devices.register(device_id, point, name=name, model=model, principal=principal)
            return _key(made, addresses)
        case DeviceList():
            devices = _every(lambda cursor: registry.devices.list(cursor=cursor, limit=PAGE))
            return DeviceItems(items=tuple(map(_device, devices)))
        case DeviceRotateKey(id=device_id, overlap_s=overlap_s):
            return _key(await registry.devices.rotate_key(device_id, overlap_s, principal=principal), addresses)
        case DeviceSwitch(id=device_id, enabled=True):
            return _device(await registry.devices.enable(device_id, principal=principal))
        case DeviceSwitch(id=device_id):
            return _device(await registry.devices.disable(device_id, principal=principal))
        case DeviceSetSource():
            return _device(await _set_source(request, house, principal))
        case DeviceRemoveSource(id=device_id):
            return _device(await registry.sources.remove(device_id, principal=principal))
        case UserAdd():
            made_user = await house.access.accounts.create(
                request.name, request.role, request.unit, by=principal, password=request.password
            )
            return UserAdded(name=made_user.name, role=made_user.role, password=made_user.password)
        case UserList():
            return UserItems(items=tuple(map(_user, await house.access.accounts.list())))
        case UserDisable(name=name):
            return _user(await house.access.accounts.disable(name, by=principal))
        case AuditVerify(full=full):
            return await verify_audit(house, principal, full=full)
        case AuditKey():
            return await show_key(house)
        case AuditRotateKey(lost=lost):
            return await rotate_key(house, principal, lost=lost)
        case StoreCheck(deep=deep):
            return await check_store(house, deep=deep)
        case StoreRebuild():
            return await rebuild_store(house, principal)
        case SnapshotTake():
            return await take_snapshot(house, principal)


async def _add_checkpoint(request: CheckpointAdd, house: House, principal: str) -> CheckpointItem:
    unit = request.unit
    if unit is None:
        only = house.registry.units.list(limit=2)
        if only.total != 1:
            words = f"There are {only.total} units, and the checkpoint belongs to one."
            raise CommandError(words, field="unit", fix="Name it with --unit; `mingjing unit add` makes one.")
        unit = only.items[0].id
    made = await house.registry.checkpoints.create(
        request.id,
        name=request.name,
        unit=unit,
        latitude=request.latitude,
        longitude=request.longitude,
        address=request.address,
        principal=principal,
    )
    return _checkpoint(made)


async def _set_source(request: DeviceSetSource, house: House, principal: str) -> Device:
    return await house.registry.sources.set(
        request.id,
        url=request.url,
        user=request.user,
        password=KEEP if request.password is None else request.password,
        transport=request.transport,
        fingerprint=request.fingerprint,
        principal=principal,
    )


def _every(page_at: Callable[[str | None], Page[T]]) -> list[T]:
    items, cursor = list[T](), None
    while True:
        page = page_at(cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


def _unit(unit: Unit) -> UnitItem:
    return UnitItem(id=unit.id, name=unit.name, parent=unit.parent)


def _checkpoint(point: Checkpoint) -> CheckpointItem:
    return CheckpointItem(
        id=point.id,
        name=point.name,
        unit=point.unit,
        latitude=point.latitude,
        longitude=point.longitude,
        address=point.address,
    )


def _key(made: NewKey, addresses: Addresses) -> DeviceKey:
    device_id = made.device.id
    return DeviceKey(
        id=device_id,
        key=made.key,
        rtsp_url=f"rtsp://{addresses.rtsp}/{device_id}",
        rtsps_url=None if addresses.rtsps is None else f"rtsps://{addresses.rtsps}/{device_id}",
        whip_url=f"{addresses.http}/whip/{device_id}",
    )


def _device(device: Device) -> DeviceItem:
    refusal = device.last_refusal
    return DeviceItem(
        id=device.id,
        name=device.name,
        model=device.model,
        checkpoint=device.checkpoint,
        unit=device.unit,
        enabled=device.enabled,
        last_seen=_iso(device.last_seen_utc_ns),
        last_refusal=None
        if refusal is None
        else f"{refusal.reason} from {refusal.peer} at {iso_from_ns(refusal.utc_ns)}",
        source=None if device.source is None else str(device.source.url),
    )


def _user(account: Account) -> UserItem:
    return UserItem(
        name=account.name,
        role=account.role,
        unit=account.unit,
        enabled=account.enabled,
        last_login=_iso(account.last_login_utc_ns),
    )


def _iso(utc_ns: int | None) -> str | None:
    return None if utc_ns is None else iso_from_ns(utc_ns)


def _reachable(host: str) -> str:
    """An address that means every address is no address to call."""
    return "127.0.0.1" if host in ("", "0.0.0.0", "::") else host


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host

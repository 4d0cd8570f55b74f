"""Units, checkpoints, devices, cases, clips, alarms, people and sessions as the policy sees them.

Whatever id somebody asks for gives an object: of a thing that is not there one that does not
exist, so that the guard answers for both in the same way.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from gateway.registry import Device, DeviceFilter, Page, Registry, Unit
from recorder import Backfill, Export, Keeping, KeptScope
from supervision.cases import Case
from viewer.access import Account, Kind, Object, Session, StreamPassword
from viewer.alarms import KeptAlarm

REGISTRY_PAGE_MAX = 500  # the registry's own limit; long lists are read page after page

Item = TypeVar("Item")


def unit_object(registry: Registry, unit_id: str) -> Object:
    path = registry.units.path(unit_id)
    return Object(Kind.UNIT, unit_id, path, exists=bool(path))


def top_of_units() -> Object:
    """Where a unit without a parent stands: only who sees every unit may put one there."""
    return Object(Kind.UNIT, "")


def checkpoint_object(registry: Registry, checkpoint_id: str) -> Object:
    checkpoint = registry.checkpoints.find(checkpoint_id)
    if checkpoint is None:
        return Object(Kind.CHECKPOINT, checkpoint_id, exists=False)
    return Object(Kind.CHECKPOINT, checkpoint_id, registry.units.path(checkpoint.unit))


def device_object(registry: Registry, device_id: str) -> Object:
    device = registry.devices.find(device_id)
    if device is None:
        return Object(Kind.DEVICE, device_id, exists=False)
    return Object(Kind.DEVICE, device_id, registry.units.path(device.unit))


def alarm_object(registry: Registry, alarm_id: str, alarm: KeptAlarm | None) -> Object:
    """An alarm belongs where its device is now; one of the server concerns every unit."""
    if alarm is None:
        return Object(Kind.ALARM, alarm_id, exists=False)
    if alarm.device_id:
        return Object(Kind.ALARM, alarm_id, device_object(registry, alarm.device_id).unit_path)
    return Object(Kind.ALARM, alarm_id, tuple(unit.id for unit in every_unit(registry)))


def case_object(registry: Registry, case_id: str, case: Case | None) -> Object:
    """A case belongs to the unit that made it."""
    if case is None:
        return Object(Kind.CASE, case_id, exists=False)
    return Object(Kind.CASE, case_id, registry.units.path(case.fields.unit))


def kept_object(registry: Registry, keeping_id: str, keeping: Keeping | None) -> Object:
    """A clip or hold belongs where its device is now; where there is no such device any more, where it was."""
    if keeping is None:
        return Object(Kind.KEPT, keeping_id, exists=False)
    device = registry.devices.find(keeping.passage.device)
    return Object(Kind.KEPT, keeping_id, registry.units.path(keeping.passage.unit if device is None else device.unit))


def export_object(registry: Registry, export_id: str, places: Iterable[tuple[str, str]] | None) -> Object:
    """`places` are the devices of an export with their units at the time. It belongs to the units to which all of it
    belongs: who may not see one of its clips may not see it. None: there is no such thing."""
    if places is None:
        return Object(Kind.EXPORT, export_id, exists=False)
    common: tuple[str, ...] | None = None
    for device_id, unit in places:
        device = registry.devices.find(device_id)
        path = registry.units.path(unit if device is None else device.unit)
        common = path if common is None else tuple(one for one in common if one in path)
    return Object(Kind.EXPORT, export_id, common or ())


def places_of(export: Export | None) -> list[tuple[str, str]] | None:
    return None if export is None else [(one.passage.device, one.passage.unit) for one in export.items]


def backfill_object(registry: Registry, backfill_id: str, backfill: Backfill | None) -> Object:
    """An original belongs where its device is now; where there is no such device any more, where it was."""
    if backfill is None:
        return Object(Kind.BACKFILL, backfill_id, exists=False)
    device = registry.devices.find(backfill.device)
    return Object(Kind.BACKFILL, backfill_id, registry.units.path(backfill.unit if device is None else device.unit))


def kept_scope(registry: Registry, unit_id: str) -> KeptScope:
    """Of which clips and holds somebody of this unit may know: as `kept_object` and the policy have it, for lists."""
    return KeptScope(
        devices=[device.id for device in every_device(registry, DeviceFilter(within=[unit_id]))],
        units=units_within(registry, unit_id),
        registered=[device.id for device in every_device(registry, DeviceFilter())],
    )


def units_within(registry: Registry, unit_id: str) -> list[str]:
    """The unit and those under it."""
    units = _all(lambda cursor: registry.units.list(within=[unit_id], cursor=cursor, limit=REGISTRY_PAGE_MAX))
    return [unit.id for unit in units]


def user_object(name: str, account: Account | None) -> Object:
    return Object(Kind.USER, name, owner=name, exists=account is not None)


def session_object(session_id: str, session: Session | None, owner: str) -> Object:
    """A session of `owner`; one of somebody else does not exist there."""
    mine = session is not None and session.principal.name == owner
    return Object(Kind.SESSION, session_id, owner=owner, exists=mine)


def view_object(view_id: str, owner: str, *, exists: bool) -> Object:
    """A view of `owner`, by WHEP or of recordings; one that somebody else opened, or another login, is not there."""
    return Object(Kind.VIEW, view_id, owner=owner, exists=exists)


def stream_password_object(password_id: str, password: StreamPassword | None) -> Object:
    owner = None if password is None else password.user
    return Object(Kind.STREAM_PASSWORD, password_id, owner=owner, exists=password is not None)


def every_place(registry: Registry) -> Iterator[Object]:
    """Every unit, checkpoint and device."""
    for unit in every_unit(registry):
        yield unit_object(registry, unit.id)
    for checkpoint in _all(lambda cursor: registry.checkpoints.list(cursor=cursor, limit=REGISTRY_PAGE_MAX)):
        yield checkpoint_object(registry, checkpoint.id)
    for device in every_device(registry, DeviceFilter()):
        yield device_object(registry, device.id)


def every_unit(registry: Registry) -> Iterator[Unit]:
    return _all(lambda cursor: registry.units.list(cursor=cursor, limit=REGISTRY_PAGE_MAX))


def every_device(registry: Registry, wanted: DeviceFilter) -> Iterator[Device]:
    return _all(lambda cursor: registry.devices.list(wanted, cursor=cursor, limit=REGISTRY_PAGE_MAX))


def _all(read_page: Callable[[str | None], Page[Item]]) -> Iterator[Item]:
    cursor: str | None = None
    while True:
        page = read_page(cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return

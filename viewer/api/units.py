"""Units: the tree of enforcing bodies. A person of one unit sees that unit and those under it."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import KEEP, Unit
from storage import iso_from_ns
from viewer.access import Action, CallerHere, GuardedRoute, Object
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Search, Sort
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import top_of_units, unit_object
from viewer.problems import CONFLICT, Problem
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/units", route_class=GuardedRoute, tags=["units"])

Id = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(max_length=128)]


class NewUnit(BaseModel):
    """Without an id the unit gets one."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = None
    name: Name
    parent: Id | None = None


class UnitChange(BaseModel):
    """What is left out stays; `parent` null puts the unit at the top. `id` may be repeated, not changed."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = None
    name: Name | None = None
    parent: Id | None = None


class UnitItem(BaseModel):
    id: str
    name: str
    parent: str | None
    created_at: str
    version: int


@router.get("")
async def list_units(
    caller: CallerHere,
    services: ServicesHere,
    q: Search = "",
    sort: Sort = "id",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[UnitItem]:
    principal = await caller.enter()
    within = None if principal.unit is None else [principal.unit]
    page = services.registry.units.list(q=q, within=within, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[_item(unit) for unit in page.items], next_cursor=page.next_cursor, total=page.total)


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_unit(caller: CallerHere, services: ServicesHere, response: Response, body: NewUnit) -> UnitItem:
    await caller.enter(_parent(body.parent, services))
    unit = await services.registry.units.create(
        body.id, name=body.name, parent=body.parent, principal=caller.ledger_name
    )
    set_etag(response, unit.version)
    return _item(unit)


@router.get("/{unit}")
async def read_unit(unit: str, caller: CallerHere, services: ServicesHere, response: Response) -> UnitItem:
    await caller.enter(unit_object(services.registry, unit))
    found = services.registry.units.get(unit)
    set_etag(response, found.version)
    return _item(found)


@router.patch("/{unit}")
async def edit_unit(
    unit: str,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: UnitChange,
    if_match: IfMatch = None,
) -> UnitItem:
    """Rename it or move it under another unit."""
    await caller.enter(unit_object(services.registry, unit))
    before = services.registry.units.get(unit)
    version = require_match(if_match, before.version)
    moves = "parent" in body.model_fields_set and body.parent != before.parent
    if moves:
        await caller.enter_also(Action.UNIT_CREATE, _parent(body.parent, services))
    after = await services.registry.units.edit(
        unit,
        name=KEEP if body.name is None else body.name,
        parent=body.parent if moves else KEEP,
        version=version,
        principal=caller.ledger_name,
    )
    set_etag(response, after.version)
    return _item(after)


@router.delete("/{unit}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_unit(unit: str, caller: CallerHere, services: ServicesHere, if_match: IfMatch = None) -> None:
    """Only a unit with nothing under it: no unit, no checkpoint, no case, nobody's account."""
    await caller.enter(unit_object(services.registry, unit))
    version = require_match(if_match, services.registry.units.get(unit).version)
    people = await services.access.accounts.in_unit(unit)
    if people:
        raise Problem(CONFLICT, f"{people} accounts belong to {unit}.", field="id", fix="Have them moved first.")
    cases = await services.cases.count_in_unit(unit)
    if cases:
        raise Problem(CONFLICT, f"{cases} cases belong to {unit}.", field="id", fix="Have them moved first.")
    await services.registry.units.remove(unit, version=version, principal=caller.ledger_name)


def _parent(parent: str | None, services: Services) -> Object:
    return top_of_units() if parent is None else unit_object(services.registry, parent)


def _item(unit: Unit) -> UnitItem:
    return UnitItem(
        id=unit.id,
        name=unit.name,
        parent=unit.parent,
        created_at=iso_from_ns(unit.created_utc_ns),
        version=unit.version,
    )

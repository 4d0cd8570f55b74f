"""Checkpoints: where devices are. Who belongs to a unit sees those of it and of the units under it."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import KEEP, Checkpoint
from storage import iso_from_ns
from viewer.access import Action, CallerHere, GuardedRoute
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Search, Sort
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import checkpoint_object, unit_object
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/checkpoints", route_class=GuardedRoute, tags=["checkpoints"])

Id = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(max_length=128)]
Address = Annotated[str, Field(max_length=256)]
Latitude = Annotated[float | None, Field(ge=-90, le=90, description="Degrees, WGS 84.")]
Longitude = Annotated[float | None, Field(ge=-180, le=180, description="Degrees, WGS 84.")]


class NewCheckpoint(BaseModel):
    """Without an id the checkpoint gets one. A position has both numbers or neither."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = None
    name: Name
    unit: Id
    latitude: Latitude = None
    longitude: Longitude = None
    address: Address = ""


class CheckpointChange(BaseModel):
    """What is left out stays. `id` may be repeated, not changed."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = None
    name: Name | None = None
    unit: Id | None = None
    latitude: Latitude = None
    longitude: Longitude = None
    address: Address | None = None


class CheckpointItem(BaseModel):
    id: str
    name: str
    unit: str
    latitude: float | None
    longitude: float | None
    address: str
    created_at: str
    version: int


@router.get("")
async def list_checkpoints(
    caller: CallerHere,
    services: ServicesHere,
    q: Search = "",
    sort: Sort = "id",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[CheckpointItem]:
    principal = await caller.enter()
    within = None if principal.unit is None else [principal.unit]
    page = services.registry.checkpoints.list(q=q, within=within, sort=sort, cursor=cursor, limit=limit)
    return Page(items=[_item(point) for point in page.items], next_cursor=page.next_cursor, total=page.total)


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_checkpoint(
    caller: CallerHere, services: ServicesHere, response: Response, body: NewCheckpoint
) -> CheckpointItem:
    await caller.enter(unit_object(services.registry, body.unit))
    point = await services.registry.checkpoints.create(
        body.id,
        name=body.name,
        unit=body.unit,
        latitude=body.latitude,
        longitude=body.longitude,
        address=body.address,
        principal=caller.ledger_name,
    )
    set_etag(response, point.version)
    return _item(point)


@router.get("/{checkpoint}")
async def read_checkpoint(
    checkpoint: str, caller: CallerHere, services: ServicesHere, response: Response
) -> CheckpointItem:
    await caller.enter(checkpoint_object(services.registry, checkpoint))
    point = services.registry.checkpoints.get(checkpoint)
    set_etag(response, point.version)
    return _item(point)


@router.patch("/{checkpoint}")
async def edit_checkpoint(
    checkpoint: str,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: CheckpointChange,
    if_match: IfMatch = None,
) -> CheckpointItem:
    """Change it, or give it to another unit: its devices go along."""
    await caller.enter(checkpoint_object(services.registry, checkpoint))
    before = services.registry.checkpoints.get(checkpoint)
    version = require_match(if_match, before.version)
    if body.unit is not None and body.unit != before.unit:
        await caller.enter_also(Action.CHECKPOINT_CREATE, unit_object(services.registry, body.unit))
    given = body.model_fields_set
    after = await services.registry.checkpoints.edit(
        checkpoint,
        name=KEEP if body.name is None else body.name,
        unit=KEEP if body.unit is None else body.unit,
        latitude=body.latitude if "latitude" in given else KEEP,
        longitude=body.longitude if "longitude" in given else KEEP,
        address=KEEP if body.address is None else body.address,
        version=version,
        principal=caller.ledger_name,
    )
    set_etag(response, after.version)
    return _item(after)


@router.delete("/{checkpoint}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_checkpoint(
    checkpoint: str, caller: CallerHere, services: ServicesHere, if_match: IfMatch = None
) -> None:
    """Only a checkpoint without devices."""
    await caller.enter(checkpoint_object(services.registry, checkpoint))
    version = require_match(if_match, services.registry.checkpoints.get(checkpoint).version)
    await services.registry.checkpoints.remove(checkpoint, version=version, principal=caller.ledger_name)


def _item(point: Checkpoint) -> CheckpointItem:
    return CheckpointItem(
        id=point.id,
        name=point.name,
        unit=point.unit,
        latitude=point.latitude,
        longitude=point.longitude,
        address=point.address,
        created_at=iso_from_ns(point.created_utc_ns),
        version=point.version,
    )

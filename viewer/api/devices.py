"""Devices: registered with a key, changed, given another key, enabled, disabled, removed."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import KEEP, Device, DeviceFilter
from gateway.stream import ChannelStatistics
from storage import iso_from_ns
from viewer.access import Action, CallerHere, GuardedRoute
from viewer.api.addresses import device_addresses
from viewer.api.channels import ChannelState, by_device, channel_state
from viewer.api.enrolment import Enrolment, enrolment
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Search, Sort
from viewer.api.times import iso_or_none
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import checkpoint_object, device_object
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/devices", route_class=GuardedRoute, tags=["devices"])

Id = Annotated[str, Field(max_length=64)]
Name = Annotated[str, Field(max_length=128)]
Model = Annotated[str, Field(max_length=64)]


class NewDevice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Id
    checkpoint: Id
    name: Name = ""
    model: Model = ""


class DeviceChange(BaseModel):
    """What is left out stays; another checkpoint moves it. `id` may be repeated, not changed."""

    model_config = ConfigDict(extra="forbid")

    id: Id | None = None
    checkpoint: Id | None = None
    name: Name | None = None
    model: Model | None = None


class KeyRotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_s: Annotated[float, Field(ge=0, description="The old key stays valid this long.")] = 0


class Refusal(BaseModel):
    """Why the device was last not let in."""

    reason: str
    at: str
    peer: str
    words: str


class DeviceItem(BaseModel):
    id: str
    name: str
    model: str
    checkpoint: str
    unit: str
    enabled: bool
    fetched: bool  # a fixed camera: this server calls it
    rtsp_url: str
    rtsps_url: str | None
    whip_url: str
    created_at: str
    last_seen: str | None
    last_refusal: Refusal | None
    channels: list[ChannelState]
    version: int


@router.get("")
async def list_devices(
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    q: Search = "",
    checkpoint: Annotated[str | None, Query(max_length=64)] = None,
    enabled: bool | None = None,
    sort: Sort = "id",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[DeviceItem]:
    principal = await caller.enter()
    within = None if principal.unit is None else [principal.unit]
    wanted = DeviceFilter(q=q, checkpoint=checkpoint, within=within, enabled=enabled)
    page = services.registry.devices.list(wanted, sort=sort, cursor=cursor, limit=limit)
    channels = by_device(services.hub.statistics())
    items = [_item(device, request, services, channels.get(device.id, ())) for device in page.items]
    return Page(items=items, next_cursor=page.next_cursor, total=page.total)


@router.post("", status_code=status.HTTP_201_CREATED)
async def register_device(
    request: Request, caller: CallerHere, services: ServicesHere, response: Response, body: NewDevice
) -> Enrolment:
    """The answer is the only time the key can be seen."""
    await caller.enter(checkpoint_object(services.registry, body.checkpoint))
    made = await services.registry.devices.register(
        body.id, body.checkpoint, name=body.name, model=body.model, principal=caller.ledger_name
    )
    set_etag(response, made.device.version)
    return enrolment(made, request, services)


@router.get("/{device}")
async def read_device(
    device: str, request: Request, caller: CallerHere, services: ServicesHere, response: Response
) -> DeviceItem:
    await caller.enter(device_object(services.registry, device))
    return _answer(services.registry.devices.get(device), request, services, response)


@router.patch("/{device}")
async def edit_device(
    device: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: DeviceChange,
    if_match: IfMatch = None,
) -> DeviceItem:
    """Change it, or move it to another checkpoint."""
    await caller.enter(device_object(services.registry, device))
    before = services.registry.devices.get(device)
    version = require_match(if_match, before.version)
    if body.checkpoint is not None and body.checkpoint != before.checkpoint:
        await caller.enter_also(Action.DEVICE_PLACE, checkpoint_object(services.registry, body.checkpoint))
    after = await services.registry.devices.edit(
        device,
        name=KEEP if body.name is None else body.name,
        model=KEEP if body.model is None else body.model,
        checkpoint=KEEP if body.checkpoint is None else body.checkpoint,
        version=version,
        principal=caller.ledger_name,
    )
    return _answer(after, request, services, response)


@router.delete("/{device}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_device(device: str, caller: CallerHere, services: ServicesHere, if_match: IfMatch = None) -> None:
    """Forget the device and its keys; its recordings stay."""
    await caller.enter(device_object(services.registry, device))
    version = require_match(if_match, services.registry.devices.get(device).version)
    await services.registry.devices.remove(device, version=version, principal=caller.ledger_name)


@router.post("/{device}/rotate-key")
async def rotate_key(
    device: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: KeyRotation | None = None,
    if_match: IfMatch = None,
) -> Enrolment:
    """Another key, shown this once. The one before stays valid for the overlap."""
    await caller.enter(device_object(services.registry, device))
    version = require_match(if_match, services.registry.devices.get(device).version)
    overlap_s = 0.0 if body is None else body.overlap_s
    made = await services.registry.devices.rotate_key(device, overlap_s, version=version, principal=caller.ledger_name)
    set_etag(response, made.device.version)
    return enrolment(made, request, services)


@router.post("/{device}/enable")
async def enable_device(
    device: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    if_match: IfMatch = None,
) -> DeviceItem:
    await caller.enter(device_object(services.registry, device))
    version = require_match(if_match, services.registry.devices.get(device).version)
    after = await services.registry.devices.enable(device, version=version, principal=caller.ledger_name)
    return _answer(after, request, services, response)


@router.post("/{device}/disable")
async def disable_device(
    device: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    if_match: IfMatch = None,
) -> DeviceItem:
    """Keep it out; a stream it is sending ends."""
    await caller.enter(device_object(services.registry, device))
    version = require_match(if_match, services.registry.devices.get(device).version)
    after = await services.registry.devices.disable(device, version=version, principal=caller.ledger_name)
    return _answer(after, request, services, response)


def _item(device: Device, request: Request, services: Services, channels: Sequence[ChannelStatistics]) -> DeviceItem:
    addresses = device_addresses(device.id, request, services)
    refusal = device.last_refusal
    return DeviceItem(
        id=device.id,
        name=device.name,
        model=device.model,
        checkpoint=device.checkpoint,
        unit=device.unit,
        enabled=device.enabled,
        fetched=device.source is not None,
        rtsp_url=addresses.rtsp_url,
        rtsps_url=addresses.rtsps_url,
        whip_url=addresses.whip_url,
        created_at=iso_from_ns(device.created_utc_ns),
        last_seen=iso_or_none(device.last_seen_utc_ns),
        last_refusal=None
        if refusal is None
        else Refusal(reason=refusal.reason, at=iso_from_ns(refusal.utc_ns), peer=refusal.peer, words=refusal.words),
        channels=[channel_state(statistics) for statistics in channels],
        version=device.version,
    )


def _answer(device: Device, request: Request, services: Services, response: Response) -> DeviceItem:
    set_etag(response, device.version)
    return _item(device, request, services, by_device(services.hub.statistics()).get(device.id, ()))

"""Where the pictures of a fixed camera are fetched from. Its password goes in and never comes out."""

from typing import Annotated

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import KEEP, Device, SourceTransport
from viewer.access import CallerHere, GuardedRoute
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import device_object
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/devices/{device}/source", route_class=GuardedRoute, tags=["devices"])


class SourceChange(BaseModel):
    """The whole source; only a password that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=1_024, description="rtsp:// or rtsps://, without user and password.")]
    user: Annotated[str, Field(max_length=64)] = ""
    password: Annotated[
        str | None, Field(max_length=128, description="Left out it stays; empty there is none. It is never shown.")
    ] = None
    transport: SourceTransport = SourceTransport.AUTO
    fingerprint: Annotated[
        str, Field(max_length=128, description="SHA-256 of the one certificate to take; empty: by authorities.")
    ] = ""


class SourceItem(BaseModel):
    url: str
    user: str
    has_password: bool
    transport: SourceTransport
    fingerprint: str


@router.get("")
async def read_source(device: str, caller: CallerHere, services: ServicesHere, response: Response) -> SourceItem | None:
    """Null where the device sends by itself."""
    await caller.enter(device_object(services.registry, device))
    return _answer(services.registry.devices.get(device), response)


@router.put("")
async def set_source(
    device: str,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: SourceChange,
    if_match: IfMatch = None,
) -> SourceItem | None:
    """Fetch the pictures from there, from now on; what is running ends. The version is the device's."""
    await caller.enter(device_object(services.registry, device))
    version = require_match(if_match, services.registry.devices.get(device).version)
    changed = await services.registry.sources.set(
        device,
        url=body.url,
        user=body.user,
        password=KEEP if body.password is None else body.password,
        transport=body.transport,
        fingerprint=body.fingerprint,
        version=version,
        principal=caller.ledger_name,
    )
    return _answer(changed, response)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def remove_source(device: str, caller: CallerHere, services: ServicesHere, if_match: IfMatch = None) -> None:
    """Fetch from nowhere: a stream that was fetched ends."""
    await caller.enter(device_object(services.registry, device))
    version = require_match(if_match, services.registry.devices.get(device).version)
    await services.registry.sources.remove(device, version=version, principal=caller.ledger_name)


def _answer(device: Device, response: Response) -> SourceItem | None:
    set_etag(response, device.version)
    source = device.source
    if source is None:
        return None
    return SourceItem(
        url=str(source.url),
        user=source.user,
        has_password=source.has_password,
        transport=source.transport,
        fingerprint=source.fingerprint,
    )

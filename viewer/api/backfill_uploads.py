"""A person sends a file that a device recorded, from a docking station's folder: tus, for who administers the device.

    POST /api/v1/backfill/uploads?device=ID     Upload-Length, Upload-Metadata: 201 and a Location
    HEAD, PATCH, DELETE the Location            how far it is, a piece, the end

Who may administer the device may go on with what another one began. Not here: the protocol (upload_door, tus).
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from recorder import Backfill, Upload
from viewer import tus, upload_door
from viewer.access import Caller, CallerHere, GuardedRoute, Kind, Object
from viewer.objects import device_object
from viewer.services import Services, ServicesHere

PLACE = "/api/v1/backfill/uploads"

router = APIRouter(prefix=PLACE, route_class=GuardedRoute, tags=["backfill uploads"])


@router.options("", name="ask_uploads", status_code=204, response_class=Response)
@router.options("/{upload}", name="ask_upload", status_code=204, response_class=Response)
async def ask(caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    return tus.describe(services.backfill.uploads.limits.file_bytes)


@router.post("", name="begin_upload", status_code=201, response_class=Response)
async def begin(
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    device: Annotated[str, Query(min_length=1, max_length=64)],
) -> Response:
    await caller.enter(device_object(services.registry, device))
    unit = services.registry.devices.get(device).unit
    new = upload_door.new_upload(request, device=device, unit=unit, sent_by=caller.ledger_name)
    return await upload_door.begin(new, services, PLACE)


@router.head("/{upload}", name="tell_upload", response_class=Response)
async def tell(upload: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    found, kept = await _enter(upload, caller, services)
    tus.require_version(request)
    if kept is not None:
        return upload_door.tell_kept(kept, 200)
    assert found is not None
    return await upload_door.tell(found, services)


@router.patch("/{upload}", name="take_upload", status_code=204, response_class=Response)
async def take(upload: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    found, kept = await _enter(upload, caller, services)
    if kept is not None:
        return upload_door.tell_kept(kept, 204)
    assert found is not None
    return await upload_door.take(request, found, services)


@router.delete("/{upload}", name="end_upload", status_code=204, response_class=Response)
async def end(upload: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    found, _ = await _enter(upload, caller, services)
    if found is None:  # it is kept by now: that is no upload any more
        await caller.enter_also(caller.action, Object(Kind.DEVICE, upload, exists=False))
    assert found is not None
    return await upload_door.end(request, found, services)


async def _enter(upload_id: str, caller: Caller, services: Services) -> tuple[Upload | None, Backfill | None]:
    """The upload, or what became of it. One that a device sends is not there for people."""
    upload = services.backfill.uploads.find(upload_id)
    if upload is not None and upload.new.sent_by.startswith("user:"):
        await caller.enter(device_object(services.registry, upload.new.device))
        return upload, None
    kept = None if upload is not None else await services.backfill.backfills.find(upload_id)
    if kept is not None and kept.sent_by.startswith("user:"):
        await caller.enter(device_object(services.registry, kept.device))
        return None, kept
    await caller.enter(Object(Kind.DEVICE, upload_id, exists=False))
    raise AssertionError("the guard lets nobody in to what does not exist")

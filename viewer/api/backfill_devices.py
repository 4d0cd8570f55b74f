"""A device, or a docking station with its key, sends files that it recorded: tus under the device's name.

    POST /api/v1/backfill/devices/{device}             Upload-Length, Upload-Metadata: 201 and a Location
    HEAD, PATCH, DELETE the Location                   how far it is, a piece, the end

The device shows its key as a bearer; no cookie counts. Of another sender's upload nobody learns that it is there. Not
here: the protocol (upload_door, tus).
"""

from fastapi import APIRouter, Request, Response

from recorder import Backfill, Upload
from viewer import tus, upload_door
from viewer.access import Caller, CallerHere, GuardedRoute
from viewer.device_bearer import admit_device
from viewer.problems import NOT_FOUND, Problem
from viewer.services import Services, ServicesHere

PLACE = "/api/v1/backfill/devices"

router = APIRouter(prefix=PLACE, route_class=GuardedRoute, tags=["backfill uploads"])


@router.options("/{device}", name="ask_device_uploads", status_code=204, response_class=Response)
@router.options("/{device}/{upload}", name="ask_device_upload", status_code=204, response_class=Response)
async def ask(caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    return tus.describe(services.backfill.uploads.limits.file_bytes)


@router.post("/{device}", name="begin_device_upload", status_code=201, response_class=Response)
async def begin(device: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    admitted, _ = admit_device(request, caller, services, device)
    new = upload_door.new_upload(request, device=device, unit=admitted.unit, sent_by=_sender(device))
    return await upload_door.begin(new, services, f"{PLACE}/{device}")


@router.head("/{device}/{upload}", name="tell_device_upload", response_class=Response)
async def tell(device: str, upload: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    found, kept = await _mine(device, upload, request, caller, services)
    tus.require_version(request)
    if kept is not None:
        return upload_door.tell_kept(kept, 200)
    assert found is not None
    return await upload_door.tell(found, services)


@router.patch("/{device}/{upload}", name="take_device_upload", status_code=204, response_class=Response)
async def take(device: str, upload: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    found, kept = await _mine(device, upload, request, caller, services)
    if kept is not None:
        return upload_door.tell_kept(kept, 204)
    assert found is not None
    return await upload_door.take(request, found, services)


@router.delete("/{device}/{upload}", name="end_device_upload", status_code=204, response_class=Response)
async def end(device: str, upload: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    found, _ = await _mine(device, upload, request, caller, services)
    if found is None:
        raise _no_such()
    return await upload_door.end(request, found, services)


async def _mine(
    device: str, upload_id: str, request: Request, caller: Caller, services: Services
) -> tuple[Upload | None, Backfill | None]:
    """The upload, or what became of it.

    Raises:
        Problem: there is neither for this device.
    """
    admit_device(request, caller, services, device)
    upload = services.backfill.uploads.find(upload_id)
    if upload is not None and upload.new.sent_by == _sender(device):
        return upload, None
    kept = await services.backfill.backfills.find(upload_id)
    if upload is None and kept is not None and kept.sent_by == _sender(device):
        return None, kept
    raise _no_such()


def _sender(device: str) -> str:
    """How the ledger calls it."""
    return f"device:{device}"


def _no_such() -> Problem:
    return tus.problem(Problem(NOT_FOUND, "There is no such upload, or it is not yours.", fix="Begin a new one."))

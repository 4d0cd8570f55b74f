"""A device shows its key as a bearer (WHIP, RFC 9725; uploads of originals). Nothing else counts there, no cookie.

Not here: whether the device may, which is `gateway.admission`.
"""

from fastapi import Request

from gateway import Refused as NotAdmitted
from gateway import bearer_proof
from gateway.registry import Device
from viewer.access import Caller, require_private_transport
from viewer.problems import FORBIDDEN, NOT_ADMITTED, Problem
from viewer.services import Services

BEARER_LENGTH_MAX = 256  # a key has 32 letters


def admit_device(request: Request, caller: Caller, services: Services, device_id: str) -> tuple[Device, str]:
    """The device whose key is shown, and the proof of that key.

    Raises:
        Problem: it is not that device's, or the device may not send.
    """
    require_private_transport(request)
    proof = bearer_proof(device_id, device_bearer(request))
    admitted = services.publishing.admission.check_proof(device_id, proof, caller.peer.address)
    if isinstance(admitted, NotAdmitted):
        kind = NOT_ADMITTED if admitted.status == 401 else FORBIDDEN
        raise Problem(kind, admitted.words, fix="Check the device's id and key.")
    return admitted.device, proof


def device_bearer(request: Request) -> str:
    """
    Raises:
        Problem: no key is shown.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > BEARER_LENGTH_MAX:
        headers = {"WWW-Authenticate": 'Bearer realm="mingjing"'}
        fix = "Send Authorization: Bearer and the device's key."
        raise Problem(NOT_ADMITTED, "A device key is missing.", field="Authorization", fix=fix, headers=headers)
    return key

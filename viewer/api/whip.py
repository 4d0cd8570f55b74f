"""WHIP: a recorder, a phone or a browser publishes with an HTTP request (RFC 9725).

    POST /whip/DEVICE[?channel=main|sub]      an offer in, an answer out: 201, Location, ETag, Link
    PATCH the Location                        trickled candidates, or an ICE restart (RFC 8840)
    DELETE the Location                       the end

The device shows its key as a bearer; nothing else counts here, no cookie and no page, so any page may call (CORS). A
session is there for the bearer that opened it and for nobody else; of one that the server ended it is told why (410).
Not here: media and what of an offer is taken (gateway.webrtc), whether the device may (gateway.admission).
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from gateway import Refused as NotAdmitted
from gateway import bearer_proof
from gateway.webrtc import OfferNotTaken, WhipSession
from viewer.access import CallerHere, GuardedRoute, require_private_transport
from viewer.channel_name import ChannelName
from viewer.problems import FORBIDDEN, GONE, NOT_ADMITTED, NOT_FOUND, Problem
from viewer.sdp_door import (
    FRAGMENT_TYPE,
    OFFER_TYPE,
    PREFLIGHT,
    asks_restart,
    created,
    not_taken,
    require_type,
    trickle_response,
)
from viewer.services import Services, ServicesHere

BEARER_LENGTH_MAX = 256  # a key has 32 letters

router = APIRouter(route_class=GuardedRoute, tags=["whip"], include_in_schema=False)


@router.options("/whip/{device}")
@router.options("/whip/{device}/{session}")
async def ask(caller: CallerHere) -> Response:
    """What a browser asks before it calls from another page."""
    await caller.enter_open()
    return Response(status_code=204, headers=PREFLIGHT)


@router.post("/whip/{device}")
async def publish(
    device: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    channel: Annotated[ChannelName, Query()] = ChannelName.MAIN,
) -> Response:
    await caller.enter_open()
    require_private_transport(request)
    require_type(request, OFFER_TYPE)
    proof = bearer_proof(device, _bearer(request))
    admitted = services.publishing.admission.check_proof(device, proof, caller.peer.address)
    if isinstance(admitted, NotAdmitted):
        kind = NOT_ADMITTED if admitted.status == 401 else FORBIDDEN
        raise Problem(kind, admitted.words, fix="Check the device's id and key.")
    try:
        session = services.publishing.publishers.open(
            admitted.device, channel, await request.body(), proof, caller.peer.address
        )
    except OfferNotTaken as error:
        raise not_taken(error) from error
    return created(f"/whip/{device}/{session.id}", session.etag, session.answer, services.ice_links)


@router.patch("/whip/{device}/{session}")
async def trickle(device: str, session: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    """Candidates are answered by 204, an ICE restart by 200 and new credentials."""
    await caller.enter_open()
    found = _session(services, request, device, session)
    require_type(request, FRAGMENT_TYPE)
    restart = asks_restart(request, found.etag)
    try:
        answer = services.publishing.publishers.trickle(found, await request.body(), restart=restart)
    except OfferNotTaken as error:
        raise not_taken(error) from error
    return trickle_response(answer, found.etag)


@router.delete("/whip/{device}/{session}")
async def stop(device: str, session: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    services.publishing.publishers.end(_session(services, request, device, session))
    return Response(status_code=200)


def _session(services: Services, request: Request, device: str, session: str) -> WhipSession:
    require_private_transport(request)
    publishers, proof = services.publishing.publishers, bearer_proof(device, _bearer(request))
    found = publishers.find(session, device, proof)
    if found is not None:
        return found
    cause = publishers.why_ended(session, device, proof)
    if cause is not None:
        word = cause.name.lower()
        raise Problem(GONE, f"The server ended this session: {word.replace('_', ' ')}.", more={"cause": word})
    raise Problem(NOT_FOUND, "There is no such session, or it is not yours.")


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > BEARER_LENGTH_MAX:
        headers = {"WWW-Authenticate": 'Bearer realm="mingjing"'}
        fix = "Send Authorization: Bearer and the device's key."
        raise Problem(NOT_ADMITTED, "A device key is missing.", field="Authorization", fix=fix, headers=headers)
    return key

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

from gateway import bearer_proof
from gateway.webrtc import OfferNotTaken, WhipSession
from viewer.access import CallerHere, GuardedRoute, require_private_transport
from viewer.channel_name import ChannelName
from viewer.device_bearer import admit_device, device_bearer
from viewer.problems import GONE, NOT_FOUND, Problem
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
    require_type(request, OFFER_TYPE)
    admitted, proof = admit_device(request, caller, services, device)
    try:
        session = services.publishing.publishers.open(
            admitted, channel, await request.body(), proof, caller.peer.address
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
    publishers, proof = services.publishing.publishers, bearer_proof(device, device_bearer(request))
    found = publishers.find(session, device, proof)
    if found is not None:
        return found
    cause = publishers.why_ended(session, device, proof)
    if cause is not None:
        word = cause.name.lower()
        raise Problem(GONE, f"The server ended this session: {word.replace('_', ' ')}.", more={"cause": word})
    raise Problem(NOT_FOUND, "There is no such session, or it is not yours.")

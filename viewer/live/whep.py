"""WHEP: a browser or a player watches a channel over WebRTC (draft-ietf-wish-whep, after RFC 9725).

    POST /whep/DEVICE?channel=main|sub&purpose=duty|case|…    an offer in, an answer out: 201, Location, ETag, Link
    PATCH the Location                                        trickled candidates, or an ICE restart (RFC 8840)
    DELETE the Location                                       the end
    GET /ws/whep/DEVICE/SESSION                               a WebSocket: what happens beside the pictures; talkback

The same rights, audit and ends as the live WebSocket. A view is there for the login that opened it and for nobody else.
A player without a cookie shows a stream password as its bearer (decision 0013).
Not here: media and what of an offer is taken (gateway.webrtc), how a view is kept and recorded (whep_views).
"""

import asyncio
from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, WebSocket
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from gateway.webrtc import OfferNotTaken
from viewer.access import Action, Caller, CallerHere, GuardedRoute, accepts
from viewer.channel_name import ChannelName
from viewer.live.frames import frames_of
from viewer.live.purpose import Purpose
from viewer.live.recorded_view import RecordedView
from viewer.live.websocket import CLOSE_POLICY, say_why
from viewer.live.whep_status import WhepStatus
from viewer.live.whep_views import WhepView, WhepViews
from viewer.objects import device_object, view_object
from viewer.problems import INVALID, NOT_FOUND, UNAVAILABLE, Problem
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

SOCKETS_MAX = 4  # of one view: a page has one, and one more while its connection is made anew
CLOSE_NORMAL = 1000  # RFC 6455, 7.4.1: the view is over

router = APIRouter(route_class=GuardedRoute, tags=["whep"], include_in_schema=False)


@router.options("/whep/{device}")
@router.options("/whep/{device}/{session}")
async def ask(caller: CallerHere) -> Response:
    """What there is to be sent, and how."""
    await caller.enter_open()
    return Response(status_code=204, headers=PREFLIGHT)


@router.post("/whep/{device}")
async def play(
    device: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    purpose: Annotated[Purpose | None, Query()] = None,
    channel: Annotated[ChannelName, Query()] = ChannelName.MAIN,
) -> Response:
    """`purpose` has to be said by a person; a stream password has its own."""
    password = caller.stream_password
    why = password.purpose if password is not None else purpose.value if purpose is not None else ""
    facts = {"channel": channel.value, "purpose": why, "via": "whep"}
    if password is not None:
        facts |= {"stream_password": password.id, "label": password.label}
    recorded = RecordedView(services, caller, device, facts)
    if not caller.sees(Action.LIVE_VIEW, device_object(services.registry, device)):
        await recorded.open()  # says no, and writes it down
    require_type(request, OFFER_TYPE)
    if not why:
        raise Problem(INVALID, "purpose is missing.", field="purpose", fix="Say why you watch.")
    try:
        session = await _views(request).open(caller, device, channel.value, recorded, await request.body())
    except OfferNotTaken as error:
        raise not_taken(error) from error
    return created(f"/whep/{device}/{session.id}", session.etag, session.answer, services.ice_links)


@router.patch("/whep/{device}/{session}")
async def trickle(device: str, session: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    """Candidates are answered by 204, an ICE restart by 200 and new credentials."""
    found = _still_open(await _own_view(request, caller, device, session)).session
    require_type(request, FRAGMENT_TYPE)
    restart = asks_restart(request, found.etag)
    try:
        answer = services.viewers.trickle(found, await request.body(), restart=restart)
    except OfferNotTaken as error:
        raise not_taken(error) from error
    return trickle_response(answer, found.etag)


@router.delete("/whep/{device}/{session}")
async def stop(device: str, session: str, request: Request, caller: CallerHere) -> Response:
    """Also of a view that has ended by itself: every player says goodbye when it closes."""
    found = await _own_view(request, caller, device, session)
    if found is not None:
        found.view.end(None)
    return Response(status_code=200)


@router.websocket("/ws/whep/{device}/{session}")
@accepts("talk")
async def follow(websocket: WebSocket, device: str, session: str, caller: CallerHere, services: ServicesHere) -> None:
    """What happens beside the pictures, until the view is over or the client leaves; the view stays then."""
    watched = _still_open(await _own_view(websocket, caller, device, session))
    if watched.session.viewer.listeners >= SOCKETS_MAX:
        raise Problem(UNAVAILABLE, "This view has status sockets enough.", fix="Close one.")
    try:
        await websocket.accept()
        over = await _tell(websocket, services, watched)
        if over is _Over.NOT_UNDERSTOOD:
            await websocket.close(CLOSE_POLICY, over.value)
        elif over is _Over.VIEW:
            closing = watched.view.ended.result()
            if closing is None:
                await websocket.close(CLOSE_NORMAL)
            else:
                await say_why(websocket, frames_of(websocket.scope), closing)
    except (ClientDisconnected, WebSocketDisconnect):
        pass  # it left while we spoke


async def _own_view(connection: HTTPConnection, caller: Caller, device: str, session: str) -> WhepView | None:
    """The view, for the login that opened it; None if it is over. For others there never was one."""
    views, principal = _views(connection), caller.principal
    found = views.find(session, device, principal.session_id)
    exists = found is not None or views.was(session, device, principal.session_id)
    await caller.enter(view_object(session, principal.name, exists=exists))
    return found


def _still_open(view: WhepView | None) -> WhepView:
    """
    Raises:
        Problem: 404, it is over.
    """
    if view is None or view.view.ended.done():
        raise Problem(NOT_FOUND, "This view is over.")
    return view


class _Over(Enum):
    """Why a status socket is at its end."""

    VIEW = "the view is over"
    CLIENT = "the client left"
    NOT_UNDERSTOOD = "not_understood"


async def _tell(websocket: WebSocket, services: Services, watched: WhepView) -> _Over:
    """Tell what happens, and hear the talk key, until there is a reason to end."""
    session = watched.session
    status = WhepStatus(frames_of(websocket.scope), services, watched)
    session.viewer.follow(status)
    subscription = services.hub.channel(session.device, session.channel).watch(status)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(status.talkback.run(), name=f"talkback {session.device}")
            hearing = tasks.create_task(_hear(websocket, status), name=f"whep status {session.device}")
            await asyncio.wait((watched.view.ended, hearing), return_when=asyncio.FIRST_COMPLETED)
            status.talkback.close()  # `run` writes down what is left to be written
            hearing.cancel()
        return _Over.VIEW if watched.view.ended.done() else hearing.result()
    finally:
        status.talkback.close()
        subscription.close()
        session.viewer.unfollow(status)


async def _hear(websocket: WebSocket, status: WhepStatus) -> _Over:
    try:
        while status.hear(await websocket.receive_text()):
            pass
    except (WebSocketDisconnect, KeyError):  # KeyError: a binary message has no text
        return _Over.CLIENT
    return _Over.NOT_UNDERSTOOD


def _views(connection: HTTPConnection) -> WhepViews:
    views: WhepViews = connection.app.state.whep_views
    return views

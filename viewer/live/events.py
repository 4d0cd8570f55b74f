"""/ws/events: one WebSocket a tab, over which all live lists are kept current.

First a snapshot, then what changes (`event_messages`). The client says only `{"type":"active"}`,
when the person did something: that keeps the session from ending for idleness. The socket closes
within the second when the session ends. Not here: who is told what (`event_feed`).
"""

import asyncio
import json

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from viewer.access import Caller, CallerHere, accepts
from viewer.live import event_messages as messages
from viewer.live.event_feed import PATH, EventFeed, Member
from viewer.services import ServicesHere

TEXT_MAX = 1_024  # the one message a client may send has 17 letters
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1: not allowed any more, or said what nobody may say
GOING_AWAY = 1001

router = APIRouter()


@router.websocket(PATH)
@accepts("active")
async def watch_events(websocket: WebSocket, caller: CallerHere, services: ServicesHere) -> None:
    principal = await caller.enter()
    feed: EventFeed = websocket.app.state.event_feed
    await websocket.accept()
    member = feed.join(principal)
    forget = services.access.sessions.on_end(principal.session_id, lambda reason: member.close(reason.value))
    try:
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(_hear(websocket, caller, member, services), name="event socket: hear")
            await _say(websocket, member)
            hearing.cancel()
    finally:
        forget()
        feed.leave(member)


async def _say(websocket: WebSocket, member: Member) -> None:
    """Send until the member is closed, then say why."""
    try:
        while (text := await member.next()) is not None:
            await websocket.send_text(text)
        if websocket.client_state is WebSocketState.CONNECTED:
            reason = member.closing or ""
            await websocket.send_text(messages.closing(reason))
            await websocket.close(GOING_AWAY if reason == "server_stopping" else POLICY_VIOLATION, reason)
    except WebSocketDisconnect:
        return  # it left while we spoke


async def _hear(websocket: WebSocket, caller: Caller, member: Member, services: ServicesHere) -> None:
    """Listen until the client leaves or says what it may not."""
    try:
        while True:
            if not caller.may_say(PATH, _type_of(await websocket.receive_text())):
                member.close("not_understood")
                return
            services.access.sessions.use(caller.principal.session_id)
    except (WebSocketDisconnect, KeyError):  # KeyError: a binary message has no text
        member.close("left")


def _type_of(text: str) -> str:
    if len(text) > TEXT_MAX:
        return ""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    kind = message.get("type") if isinstance(message, dict) else None
    return kind if isinstance(kind, str) else ""

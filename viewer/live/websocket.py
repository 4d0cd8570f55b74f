"""The door to live pictures: who watches what, why, and for how long.

    GET /ws/live/DEVICE?channel=main|sub&purpose=duty|case|dispute|complaint|exercise[&listen=false]

Passes the guard (audit: opened), joins the channel, and at the end writes the ledger again (audit:
closed, with seconds watched and units missed). Not here: what is sent (session, messages), and
when the server ends a view (open_views).
"""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from gateway.stream import ViewerKind
from viewer.access import Caller, CallerHere, accepts
from viewer.channel_name import ChannelName
from viewer.live import messages
from viewer.live.frames import FrameWriter, frames_of
from viewer.live.purpose import Purpose
from viewer.live.recorded_view import RecordedView
from viewer.live.session import LiveSession
from viewer.open_views import Closing, OpenViews, View
from viewer.services import Services, ServicesHere

CLOSE_POLICY = 1008  # RFC 6455, 7.4.1: may not watch any more
CLOSE_GOING_AWAY = 1001  # the server stops; come back

# For a reader that takes what is sent slowly, or not at all: then it is cut off, with the pictures it has not
# taken yet. A right that was revoked ends within 5 s (F62).
FAREWELL_MAX_S = 2.0

router = APIRouter()


@router.websocket("/ws/live/{device}")
@accepts()
async def watch(
    websocket: WebSocket,
    device: str,
    caller: CallerHere,
    services: ServicesHere,
    purpose: Annotated[Purpose, Query()],
    channel: Annotated[ChannelName, Query()] = ChannelName.MAIN,
    listen: Annotated[bool, Query()] = True,
) -> None:
    view = RecordedView(services, caller, device, {"channel": channel.value, "purpose": purpose.value})
    await view.open()
    # From here on the ledger says *opened*: whatever happens, it says *closed* as well.
    started_mono_ns = services.clock.mono_ns()
    frames = frames_of(websocket.scope)
    missed = partial(services.hub.viewer_missed, ViewerKind.WEBSOCKET)
    session = LiveSession(
        frames,
        lambda: last_seen(services, device),
        missed,
        services.clock.mono_ns(),
        services.sounds.of(device, channel.value),
        listening=listen,
    )
    try:
        await websocket.accept()
        closing = await _show(websocket, services, caller, (device, channel.value), session)
        if closing is not None:
            await say_why(websocket, frames, closing)
    except (ClientDisconnected, WebSocketDisconnect):
        pass  # it left while we spoke
    finally:
        seconds = (services.clock.mono_ns() - started_mono_ns) / 1e9
        await view.close(seconds=seconds, units_sent=session.units_sent, units_missed=session.units_missed)


async def _show(
    websocket: WebSocket, services: Services, caller: Caller, watched: tuple[str, str], session: LiveSession
) -> Closing | None:
    """Pictures until the viewer leaves (None) or may not go on watching (the reason); none after that."""
    device, channel = watched
    open_views: OpenViews = websocket.app.state.open_views
    opened = View(device, caller)
    open_views.enter(opened)
    if opened.ended.done():  # while the view was being recorded
        open_views.leave(opened)
        return opened.ended.result()
    subscription = services.hub.subscribe(device, channel, session)
    try:
        return await _until_the_end(websocket, services, opened, session)
    finally:
        open_views.leave(opened)
        subscription.close()
        session.close()


async def say_why(websocket: WebSocket, frames: FrameWriter, closing: Closing) -> None:
    """Tell a viewer why it ends, and close."""
    frames.text(messages.encode(messages.closing(closing.value)))
    code = CLOSE_GOING_AWAY if closing is Closing.SERVER_STOPPING else CLOSE_POLICY
    try:
        async with asyncio.timeout(FAREWELL_MAX_S):
            await websocket.close(code, closing.value)
    except TimeoutError:
        frames.abort()


async def _until_the_end(websocket: WebSocket, services: Services, view: View, session: LiveSession) -> Closing | None:
    """Wait until the viewer leaves (None) or may not go on watching (the reason)."""

    async def viewer_leaves() -> None:
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            if (listening := messages.heard_listening(message.get("text"))) is not None:
                session.listen(listening)
        view.end(None)

    cancel = services.access.sessions.on_end(view.caller.principal.session_id, view.end_with_session)
    try:
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(viewer_leaves(), name=f"live {view.device_id}")
            closing = await view.ended
            receiving.cancel()
    finally:
        cancel()
    return closing


def last_seen(services: Services, device_id: str) -> int | None:
    """When the device was last there."""
    device = services.registry.devices.find(device_id)
    return device.last_seen_utc_ns if device is not None else None

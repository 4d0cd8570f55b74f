"""The door to live pictures: who watches what, why, and for how long.

    GET /ws/live/DEVICE?channel=main|sub&purpose=duty|case|dispute|complaint|exercise

Passes the guard (audit: opened), joins the channel, and at the end writes the ledger again (audit:
closed, with seconds watched and units missed). Text and binary messages: `messages`, `session`.
It closes within seconds when the session ends, the device is removed or moved out of reach, or the
server stops. Not here: what is sent (session.py).
"""

import asyncio
from enum import StrEnum
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, WebSocket

from gateway.registry import CheckpointChanged, DeviceChanged, UnitChanged
from storage.ledger import LedgerUnavailable
from viewer.access import Action, Caller, CallerHere, EndReason, accepts
from viewer.live import messages
from viewer.live.frames import frames_of
from viewer.live.session import LiveSession
from viewer.objects import device_object
from viewer.services import Services, ServicesHere

CLOSE_POLICY = 1008  # RFC 6455, 7.4.1: may not watch any more
CLOSE_GOING_AWAY = 1001  # the server stops; come back

router = APIRouter()
log = structlog.get_logger()


class ChannelName(StrEnum):
    MAIN = "main"
    SUB = "sub"


class Purpose(StrEnum):
    """Why somebody watches; on record for every view."""

    DUTY = "duty"
    CASE = "case"
    DISPUTE = "dispute"
    COMPLAINT = "complaint"
    EXERCISE = "exercise"


class Closing(StrEnum):
    """Why the server ends a view."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    DEVICE_REMOVED = "device_removed"
    SERVER_STOPPING = "server_stopping"


@router.websocket("/ws/live/{device}")
@accepts()
async def watch(
    websocket: WebSocket,
    device: str,
    caller: CallerHere,
    services: ServicesHere,
    purpose: Annotated[Purpose, Query()],
    channel: Annotated[ChannelName, Query()] = ChannelName.MAIN,
) -> None:
    view = {"channel": channel.value, "purpose": purpose.value}
    await caller.enter(device_object(services.registry, device), view)
    await websocket.accept()
    session = LiveSession(frames_of(websocket.scope), lambda: _last_seen(services, device))
    started_mono_ns = services.clock.mono_ns()
    subscription = services.hub.subscribe(device, channel.value, session)
    try:
        closing = await _until_the_end(websocket, caller, services, device)
        if closing is not None:
            session.send(messages.closing(closing.value))
            code = CLOSE_GOING_AWAY if closing is Closing.SERVER_STOPPING else CLOSE_POLICY
            await websocket.close(code, closing.value)
    finally:
        subscription.close()
        seconds = (services.clock.mono_ns() - started_mono_ns) / 1e9
        await _record_end(services, caller, device, session, {**view, "seconds": round(seconds, 1)})


async def _until_the_end(websocket: WebSocket, caller: Caller, services: Services, device: str) -> Closing | None:
    """Wait until the viewer leaves (None) or may not go on watching (the reason)."""
    ended: asyncio.Future[Closing | None] = asyncio.get_running_loop().create_future()

    def end(reason: Closing | None) -> None:
        if not ended.done():
            ended.set_result(reason)

    def session_ended(reason: EndReason) -> None:
        end(Closing.EXPIRED if reason is EndReason.EXPIRED else Closing.REVOKED)

    async def viewer_leaves() -> None:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass  # a viewer has nothing to say here; the frame size limit bounds what it says all the same
        end(None)

    async def server_stops() -> None:
        await services.stopping.wait()
        end(Closing.SERVER_STOPPING)

    async def device_goes() -> None:
        with services.bus.subscribe(DeviceChanged, CheckpointChanged, UnitChanged) as changes:
            async for _ in changes:
                thing = device_object(services.registry, device)
                if not thing.exists:
                    end(Closing.DEVICE_REMOVED)
                elif not caller.sees(Action.LIVE_VIEW, thing):
                    end(Closing.REVOKED)

    cancel = services.access.sessions.on_end(caller.principal.session_id, session_ended)
    try:
        async with asyncio.TaskGroup() as tasks:
            waiting = [
                tasks.create_task(wait(), name=f"live {device}: {wait.__name__}")
                for wait in (viewer_leaves, server_stops, device_goes)
            ]
            closing = await ended
            for task in waiting:
                task.cancel()
    finally:
        cancel()
    return closing


async def _record_end(
    services: Services, caller: Caller, device: str, session: LiveSession, detail: dict[str, str | float]
) -> None:
    counts = {"units_sent": session.units_sent, "units_missed": session.units_missed}
    try:
        await services.ledger.append(
            principal=caller.ledger_name, action="live.close", subject=device, detail={**detail, **counts}
        )
    except LedgerUnavailable as error:
        log.error("end of a view not recorded", device=device, user=caller.ledger_name, reason=str(error))


def _last_seen(services: Services, device_id: str) -> int | None:
    device = services.registry.devices.find(device_id)
    return device.last_seen_utc_ns if device is not None else None

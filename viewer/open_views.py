"""The views that are open, of live pictures and of recordings, and why one must end before its viewer leaves.

One task follows the bus for all of them: a device that is removed, or moved out of somebody's reach,
ends the views it concerns; the server's stop ends all. A session's end comes by itself (`View.end_with_session`).
Not here: what a view is sent, how it is opened and recorded (live, playback).
"""

import asyncio
from dataclasses import replace
from enum import StrEnum

from gateway.registry import Change, CheckpointChanged, DeviceChanged, Registry, UnitChanged
from viewer.access import Action, Caller, EndReason
from viewer.objects import device_object
from viewer.services import Services


class Closing(StrEnum):
    """Why the server ends a view; words of the `closing` message."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    DEVICE_REMOVED = "device_removed"
    SERVER_STOPPING = "server_stopping"
    CODEC_CHANGED = "codec_changed"  # by WHEP: what the device sends now does not fit what was agreed on
    IDLE = "idle"  # of recordings: nothing was asked for in a long while


Ended = asyncio.Future[Closing | None]


class View:
    """One person watching one device. `ended` holds the reason, or None when the viewer left.

    `action` is what the person must be allowed to do with the device. Views that share an `ended` end together.
    """

    def __init__(
        self, device_id: str, caller: Caller, action: Action = Action.LIVE_VIEW, ended: Ended | None = None
    ) -> None:
        self.device_id = device_id
        self.caller = caller
        self.action = action
        self.ended: Ended = asyncio.get_running_loop().create_future() if ended is None else ended

    def concerns(self, device_id: str) -> bool:
        """Whether a change of this device may end it."""
        return device_id == self.device_id

    def why_not(self, registry: Registry) -> Closing | None:
        """Why it may not go on; None: it may."""
        thing = replace(device_object(registry, self.device_id), opened=True)  # else it had not begun
        if not thing.exists:
            return Closing.DEVICE_REMOVED
        return None if self.caller.sees(self.action, thing) else Closing.REVOKED

    def end(self, reason: Closing | None) -> None:
        """The first reason counts."""
        if not self.ended.done():
            self.ended.set_result(reason)

    def end_with_session(self, reason: EndReason) -> None:
        self.end(Closing.EXPIRED if reason is EndReason.EXPIRED else Closing.REVOKED)


class OpenViews:
    """`run` is one task of the app; whoever shows something enters and leaves views."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._views: set[View] = set()

    def __len__(self) -> int:
        return len(self._views)

    def enter(self, view: View) -> None:
        """It is open from now on. What happened while it was being recorded is looked at here."""
        self._views.add(view)
        self._look_again(view)
        if self._services.stopping.is_set():
            view.end(Closing.SERVER_STOPPING)

    def leave(self, view: View) -> None:
        self._views.discard(view)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_bus(), name="open views: bus")
            tasks.create_task(self._await_stop(), name="open views: stop")

    async def _follow_bus(self) -> None:
        missed = 0
        with self._services.bus.subscribe(DeviceChanged, CheckpointChanged, UnitChanged) as events:
            async for event in events:
                everything = events.missed != missed or not isinstance(event, DeviceChanged)
                missed = events.missed
                if isinstance(event, DeviceChanged) and event.change is Change.SEEN and not everything:
                    continue
                for view in list(self._views):
                    if everything or (isinstance(event, DeviceChanged) and view.concerns(event.device_id)):
                        self._look_again(view)

    async def _await_stop(self) -> None:
        await self._services.stopping.wait()
        for view in list(self._views):
            view.end(Closing.SERVER_STOPPING)

    def _look_again(self, view: View) -> None:
        if (reason := view.why_not(self._services.registry)) is not None:
            view.end(reason)

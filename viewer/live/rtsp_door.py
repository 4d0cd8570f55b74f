"""The door to live pictures for players and video walls: a stream password, the guard, the audit.

Behind it stands what stands behind the live WebSocket: the same action, the same entries *opened* and
*closed*, and the same list of open views that ends them when a device moves or a right is taken.
Not here: RTSP (gateway.rtsp), the passwords themselves (viewer.access).
"""

import asyncio
from collections.abc import Callable

from gateway.rtsp import Denied, RtspView
from media.rtsp import Credentials, MediaPath
from storage.ledger import LedgerUnavailable
from viewer.access import Action, Caller, Peer, Refused, StreamPassword
from viewer.live.recorded_view import RecordedView
from viewer.objects import device_object
from viewer.open_views import Closing, OpenViews, View
from viewer.services import Services


class RtspLiveDoor:
    """Implements `gateway.rtsp.RtspDoor`."""

    def __init__(self, services: Services, open_views: OpenViews) -> None:
        self._services = services
        self._open_views = open_views

    async def admit(self, path: MediaPath, credentials: Credentials, peer: str) -> RtspView | Denied:
        passwords = self._services.access.stream_passwords
        password = passwords.prove(credentials)
        principal = await passwords.principal(password) if password is not None else None
        if password is None or principal is None:
            return Denied.WRONG_PASSWORD
        guard = self._services.access.guard
        caller = Caller(guard, principal, Peer(peer, peer), Action.LIVE_VIEW, on_machine=False)
        thing = device_object(self._services.registry, path.device)
        if not caller.sees(Action.LIVE_VIEW, thing):
            try:
                await caller.enter(thing, _facts(path, password))  # says no, and writes it down
            except Refused:
                pass
            except LedgerUnavailable:
                return Denied.UNAVAILABLE
            return Denied.HIDDEN
        return RtspLiveView(self._services, self._open_views, caller, path, password)


class RtspLiveView:
    """Implements `gateway.rtsp.RtspView`."""

    def __init__(
        self, services: Services, open_views: OpenViews, caller: Caller, path: MediaPath, password: StreamPassword
    ) -> None:
        self._services = services
        self._open_views = open_views
        self._caller = caller
        self._path = path
        self._password = password
        self._recorded = RecordedView(services, caller, path.device, _facts(path, password))
        self._view: View | None = None
        self._cancel: Callable[[], None] = _nothing

    async def open(self, ended: Callable[[str], None]) -> Denied | None:
        services = self._services
        if await services.access.stream_passwords.principal(self._password) != self._caller.principal:
            return Denied.HIDDEN  # rights have changed since the player looked: it may ask again
        try:
            await self._recorded.open()
        except Refused:
            return Denied.HIDDEN
        except LedgerUnavailable:
            return Denied.UNAVAILABLE
        view = self._view = View(self._path.device, self._caller)
        self._open_views.enter(view)

        def over(why: asyncio.Future[Closing | None]) -> None:
            reason = None if why.cancelled() else why.result()
            if reason is not None:
                ended(reason.value)

        view.ended.add_done_callback(over)
        self._cancel = services.access.stream_passwords.on_end(self._password, view.end_with_session)
        if await services.access.stream_passwords.principal(self._password) != self._caller.principal:
            view.end(Closing.REVOKED)  # changed while the entry was being written
        return None

    async def close(self, *, seconds: float, units_sent: int, units_missed: int) -> None:
        self._cancel()
        if self._view is not None:
            self._view.end(None)
            self._open_views.leave(self._view)
        await self._recorded.close(seconds=seconds, units_sent=units_sent, units_missed=units_missed)


def _facts(path: MediaPath, password: StreamPassword) -> dict[str, str]:
    return {
        "channel": path.channel,
        "purpose": password.purpose,
        "via": "rtsp",
        "stream_password": password.id,
        "label": password.label,
    }


def _nothing() -> None:
    """A view that was never opened has nothing to cancel."""

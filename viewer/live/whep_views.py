"""The views by WHEP that are open: each is on record from its offer to its end, whatever requests come and go.

A view has no connection of its own: a task follows it until its peer is gone, its login ends, it is deleted, or one of
`OpenViews`' reasons comes. Not here: HTTP (whep), media (gateway.webrtc), what is said beside it (whep_status).

Invariant: whoever is sent a picture has an entry *opened*, and each of these has its *closed*.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from gateway.webrtc import ViewerEnd, WhepSession
from viewer.access import Action, Caller
from viewer.live.open_views import Closing, OpenViews, View
from viewer.live.recorded_view import RecordedView
from viewer.objects import device_object
from viewer.services import Services


@dataclass(frozen=True, slots=True)
class WhepView:
    """One view; `view.ended` says when it is over, and why."""

    session: WhepSession
    view: View
    recorded: RecordedView


class WhepViews:
    """`run` is one task of the app; it parents those that follow the views."""

    def __init__(self, services: Services, open_views: OpenViews) -> None:
        self._services = services
        self._open_views = open_views
        self._views: dict[str, WhepView] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._views)

    async def run(self) -> None:
        """Until cancelled; what is open then is closed on record."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    async def open(
        self, caller: Caller, device: str, channel: str, recorded: RecordedView, offer: bytes
    ) -> WhepSession:
        """Take an offer. Nobody can come to its session before this has returned, for nobody knows its name.

        Raises:
            Refused, LedgerUnavailable: as the guard.
            OfferNotTaken: as `Viewers.open`.
        """
        services, principal = self._services, caller.principal
        view, thing = View(device, caller), device_object(self._services.registry, device)
        session = services.viewers.open(
            device,
            channel,
            offer,
            owner=principal.session_id,
            person=principal.name,
            may_talk=caller.stream_password is None and caller.sees(Action.TALK, thing),
            ended=partial(_end_with_viewer, view),
        )
        started_mono_ns = services.clock.mono_ns()
        try:
            await recorded.open()
        except BaseException:  # whatever it was: without an entry there is no view
            services.viewers.end(session)
            raise
        assert self._tasks is not None
        self._open_views.enter(view)
        self._views[session.id] = WhepView(session, view, recorded)
        self._tasks.create_task(self._follow(session, view, recorded, started_mono_ns), name=f"whep {device}")
        return session

    def find(self, session_id: str, device: str, login: str) -> WhepView | None:
        """The view of this device, for the login that opened it; for others there is none."""
        found = self._views.get(session_id)
        if found is None or (found.session.device, found.session.owner) != (device, login):
            return None
        return None if found.view.ended.done() else found

    async def _follow(self, session: WhepSession, view: View, recorded: RecordedView, started_mono_ns: int) -> None:
        access, password = self._services.access, view.caller.stream_password
        if password is None:
            cancel = access.sessions.on_end(session.owner, view.end_with_session)
        else:
            cancel = access.stream_passwords.on_end(password, view.end_with_session)
        try:
            await view.ended
        finally:
            cancel()
            self._services.viewers.end(session)
            self._open_views.leave(view)
            del self._views[session.id]
            seconds = (self._services.clock.mono_ns() - started_mono_ns) / 1e9
            viewer = session.viewer
            await recorded.close(seconds=seconds, units_sent=viewer.units_sent, units_missed=viewer.units_missed)


def _end_with_viewer(view: View, why: ViewerEnd) -> None:
    view.end(Closing.CODEC_CHANGED if why is ViewerEnd.CODEC_CHANGED else None)

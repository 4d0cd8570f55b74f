"""The views by WHEP that are open: each is on record from its offer to its end, whatever requests come and go.

A view has no connection of its own: a task follows it until its peer is gone, its login ends, it is deleted, or one of
`OpenViews`' reasons comes. Not here: HTTP (whep), media (gateway.webrtc), what is said beside it (whep_status).

Invariant: whoever is sent a picture has an entry *opened*, and each of these has its *closed*.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gateway.webrtc import ViewerEnd, WhepSession
from viewer.access import Action, Caller, WrongStreamPassword
from viewer.live.recorded_view import RecordedView
from viewer.objects import device_object
from viewer.open_views import Closing, OpenViews, View
from viewer.services import Services

OVER_MAX = 1_000  # views that are over, and whose they were: every session's of a full server


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
        self._over: OrderedDict[str, tuple[str, str]] = OrderedDict()  # device and login, by session
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
            WrongStreamPassword: the rights that it had are taken by now.
            Refused, LedgerUnavailable: as the guard.
            OfferNotTaken: as `Viewers.open`.
        """
        view = View(device, caller)
        cancel = self._on_end(view)  # first of all: what is taken from now on is heard of
        try:
            await self._require_rights(caller)
            session = await self._record_and_open(view, channel, recorded, offer)
        except BaseException:  # whatever it was: there is no view
            cancel()
            raise
        assert self._tasks is not None
        self._open_views.enter(view)
        self._views[session.id] = WhepView(session, view, recorded)
        self._tasks.create_task(self._follow(session, view, recorded, cancel), name=f"whep {device}")
        return session

    async def _record_and_open(self, view: View, channel: str, recorded: RecordedView, offer: bytes) -> WhepSession:
        services, caller = self._services, view.caller
        thing = device_object(services.registry, view.device_id)
        session = services.viewers.open(
            view.device_id,
            channel,
            offer,
            owner=caller.principal.session_id,
            person=caller.principal.name,
            may_talk=caller.stream_password is None and caller.sees(Action.TALK, thing),
            ended=partial(_end_with_viewer, view),
        )
        try:
            await recorded.open()
        except BaseException:  # without an entry there is no view
            services.viewers.end(session)
            raise
        return session

    def find(self, session_id: str, device: str, login: str) -> WhepView | None:
        """The view of this device, for the login that opened it; for others there is none."""
        found = self._views.get(session_id)
        mine = found is not None and (found.session.device, found.session.owner) == (device, login)
        return found if mine else None

    def was(self, session_id: str, device: str, login: str) -> bool:
        """Whether this login had such a view not long ago: players say goodbye to what has ended by itself."""
        return self._over.get(session_id) == (device, login)

    async def _follow(
        self, session: WhepSession, view: View, recorded: RecordedView, cancel: Callable[[], None]
    ) -> None:
        started_mono_ns = self._services.clock.mono_ns()
        try:
            await view.ended
        finally:
            self._remember(session)
            cancel()
            self._services.viewers.end(session)
            self._open_views.leave(view)
            del self._views[session.id]
            seconds = (self._services.clock.mono_ns() - started_mono_ns) / 1e9
            viewer = session.viewer
            await recorded.close(seconds=seconds, units_sent=viewer.units_sent, units_missed=viewer.units_missed)

    def _on_end(self, view: View) -> Callable[[], None]:
        """End the view with what its viewer was let in by. Returns what cancels it."""
        access, caller = self._services.access, view.caller
        if caller.stream_password is None:
            return access.sessions.on_end(caller.principal.session_id, view.end_with_session)
        return access.stream_passwords.on_end(caller.stream_password, view.end_with_session)

    async def _require_rights(self, caller: Caller) -> None:
        """A client may have held back its offer for as long as it liked: are its rights still those of its first line?

        Raises:
            WrongStreamPassword: the rights of the password's owner have changed.
        """
        password = caller.stream_password
        if password is None:  # a login ends with its rights
            return
        if await self._services.access.stream_passwords.principal(password) != caller.principal:
            raise WrongStreamPassword

    def _remember(self, session: WhepSession) -> None:
        self._over[session.id] = session.device, session.owner
        if len(self._over) > OVER_MAX:
            self._over.popitem(last=False)


def _end_with_viewer(view: View, why: ViewerEnd) -> None:
    view.end(Closing.CODEC_CHANGED if why is ViewerEnd.CODEC_CHANGED else None)

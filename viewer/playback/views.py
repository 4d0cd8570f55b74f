"""The views of recordings that are open: one person, up to four devices, an interval and a purpose, on record.

A view has no connection of its own. A task follows it until it is deleted, nothing was asked of it in ten minutes, its
login ends, or one of `OpenViews`' reasons comes. It is there for the login that opened it, and for nobody else.
Not here: HTTP (api.playback), how bytes are sent (sending).

Invariant: whoever is sent a byte has an entry *opened* for the device, and each of these has its *closed*.
Bounds: `PERSON_MAX` views of one person, `SENDING_MAX` answers at once to a view, `SEGMENTS_MAX` segments that a view
remembers.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from recorder import FoundSegment, SegmentGroups
from storage import ByteRange, iso_from_ns
from storage.ledger import JsonValue, LedgerUnavailable
from supervision.cases import CaseChanged, TimeSpan
from viewer.access import Action, Caller, EndReason, Object
from viewer.case_at_hand import CaseAtHand, Stretch
from viewer.objects import case_object, device_object
from viewer.open_views import Closing, Ended, OpenViews, View
from viewer.playback.spans import SentSpans
from viewer.services import Services

PERSON_MAX = 16  # four people's work at a desk of four windows; a page holds one
SENDING_MAX = 16  # a browser has six connections; two pages of one login may share a view
IDLE_S = 600  # a page that plays asks every few seconds; one that stands still is opened anew without being asked why
SWEEP_S = 1.0
QUIET_MAX_S = 2.0  # for what is being sent to stop, once the view has ended: at most a piece is being read
SEGMENTS_MAX = 64  # sealed ones, whose facts stay: five hours of one device
OVER_MAX = 1_000  # views that are over, and whose they were

log = structlog.get_logger()


class TooManyViews(Exception):
    """This person has PERSON_MAX views open."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody opens a view of."""

    devices: tuple[str, ...]
    channel: str
    start_utc_ns: int
    end_utc_ns: int
    purpose: str
    at_hand: CaseAtHand

    def stretch(self, device: str) -> Stretch:
        return Stretch(device, TimeSpan(self.start_utc_ns, self.end_utc_ns))


class PlaybackView:
    """One open view. `ended` says when it is over, and why."""

    def __init__(self, wanted: Wanted, caller: Caller, now_mono_ns: int) -> None:
        self.id = secrets.token_hex(8)
        self.wanted = wanted
        self.caller = caller
        self.ended: Ended = asyncio.get_running_loop().create_future()
        self.used_mono_ns = now_mono_ns
        self.sending = 0  # answers under way
        self.looking = 0  # thumbnails that are waited for
        self._sent = {device: (SentSpans(), 0) for device in wanted.devices}
        self._thumbnails = {device: (SentSpans(), 0) for device in wanted.devices}
        self._segments: OrderedDict[str, FoundSegment] = OrderedDict()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def end(self, reason: Closing | None) -> None:
        """The first reason counts; None: who opened it has closed it."""
        if not self.ended.done():
            self.ended.set_result(reason)

    def end_with_session(self, reason: EndReason) -> None:
        self.end(Closing.EXPIRED if reason is EndReason.EXPIRED else Closing.REVOKED)

    def shows(self, found: FoundSegment) -> bool:
        """Whether a segment is of its devices and touches its interval."""
        wanted, fact = self.wanted, found.fact
        mine = found.device in wanted.devices and found.channel == wanted.channel
        return mine and fact.start_utc_ns < wanted.end_utc_ns and fact.end_utc_ns > wanted.start_utc_ns

    def known(self, segment_id: str) -> FoundSegment | None:
        """A sealed segment that was looked up before: it does not change any more."""
        return self._segments.get(segment_id)

    def remember(self, found: FoundSegment) -> None:
        if found.fact.sealed:
            self._segments[found.fact.id] = found
            if len(self._segments) > SEGMENTS_MAX:
                self._segments.popitem(last=False)

    def begin_sending(self) -> None:
        self.sending += 1
        self._quiet.clear()

    def sent(self, device: str, told: SegmentGroups, bytes_: ByteRange) -> None:
        """An answer is over; these bytes went out. Each group that they touch counts as shown."""
        spans, total = self._sent[device]
        end = bytes_.offset + bytes_.length
        for group in told.groups:
            if group.offset < end and group.offset + group.length > bytes_.offset:
                spans.add(group.start_utc_ns, group.end_utc_ns)
        self._sent[device] = spans, total + bytes_.length
        self.sending -= 1
        if not self.sending:
            self._quiet.set()

    def thumbnail_sent(self, device: str, start_utc_ns: int, size_bytes: int) -> None:
        """That of the picture that is shown from this moment on went out."""
        spans, count = self._thumbnails[device]
        spans.add(start_utc_ns, start_utc_ns)
        self._thumbnails[device] = spans, count + 1
        shown, total = self._sent[device]
        self._sent[device] = shown, total + size_bytes

    async def quiet(self) -> None:
        """Once nothing is being sent any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_MAX_S):
                await self._quiet.wait()

    def facts(self) -> dict[str, JsonValue]:
        """What both entries say."""
        wanted = self.wanted
        return {
            "view": self.id,
            "channel": wanted.channel,
            "from": iso_from_ns(wanted.start_utc_ns),
            "to": iso_from_ns(wanted.end_utc_ns),
            "purpose": wanted.purpose,
            **wanted.at_hand.facts(),
        }

    def seen(self, device: str) -> dict[str, JsonValue]:
        """What was sent of a device: spans of placed time, how much that is together, and bytes; of thumbnails how
        many, and between which times they lay."""
        spans, total = self._sent[device]
        thumbnail_spans, thumbnails = self._thumbnails[device]
        return {
            "spans": [[iso_from_ns(start), iso_from_ns(end)] for start, end in spans.spans],
            "seconds": round(spans.length_ns / 1e9, 1),
            "bytes": total,
            "thumbnails": thumbnails,
            "thumbnail_spans": [[iso_from_ns(start), iso_from_ns(end)] for start, end in thumbnail_spans.spans],
        }


class PlaybackViews:
    """`run` is one task of the app; it parents those that follow the views."""

    def __init__(self, services: Services, open_views: OpenViews) -> None:
        self._services = services
        self._open_views = open_views
        self._views: dict[str, PlaybackView] = {}
        self._over: OrderedDict[str, str] = OrderedDict()  # login by view
        self._tasks: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._views)

    async def run(self) -> None:
        """Until cancelled; what is open then is closed on record."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._follow_cases(), name="playback: cases")
            while True:
                await asyncio.sleep(SWEEP_S)
                self._sweep()

    async def require_rights(self, caller: Caller, devices: Sequence[str]) -> None:
        """
        Raises:
            Refused: one of the devices is not for this person to see, or is not there. That is on record.
            LedgerUnavailable: it could not be recorded.
        """
        for device in devices:
            thing = replace(device_object(self._services.registry, device), opened=True)  # which `open` looks at
            if not caller.sees(Action.PLAYBACK_OPEN, thing):
                await caller.enter(thing)

    async def open(self, caller: Caller, wanted: Wanted) -> PlaybackView:
        """Nobody can come to the view before this has returned, for nobody knows its name.

        Raises:
            TooManyViews: of this person.
            Refused, LedgerUnavailable: as the guard; then there is no view.
        """
        name = caller.principal.name
        open_ones = (view for view in self._views.values() if not view.ended.done())
        if sum(view.caller.principal.name == name for view in open_ones) >= PERSON_MAX:
            raise TooManyViews
        view = PlaybackView(wanted, caller, self._services.clock.mono_ns())
        for device in wanted.devices:
            if not caller.sees(Action.PLAYBACK_OPEN, thing := await self._thing(wanted, device)):
                await caller.enter(thing, view.facts())
        self._views[view.id] = view
        # First of all: what is taken from now on is heard of.
        cancel = self._services.access.sessions.on_end(caller.principal.session_id, view.end_with_session)
        try:
            await self._record(view)
        except BaseException:  # whatever it was: there is no view
            cancel()
            del self._views[view.id]
            raise
        assert self._tasks is not None
        parts = [View(device, caller, Action.PLAYBACK_OPEN, view.ended) for device in wanted.devices]
        for part in parts:
            self._open_views.enter(part)
        self._tasks.create_task(self._follow(view, parts, cancel), name=f"playback {view.id}")
        return view

    def find(self, view_id: str, login: str) -> PlaybackView | None:
        """The view, for the login that opened it; being asked for is use. For others there is none."""
        view = self._views.get(view_id)
        if view is None or view.ended.done() or view.caller.principal.session_id != login:
            return None
        if self._is_idle(view):
            view.end(Closing.IDLE)
            return None
        view.used_mono_ns = self._services.clock.mono_ns()
        return view

    def was(self, view_id: str, login: str) -> bool:
        """Whether this login had such a view not long ago."""
        view = self._views.get(view_id)
        return self._over.get(view_id) == login or (view is not None and view.caller.principal.session_id == login)

    async def _record(self, view: PlaybackView) -> None:
        """An entry for each device; one that fails takes back those before it."""
        caller, opened = view.caller, list[str]()
        try:
            for device in view.wanted.devices:
                thing = await self._thing(view.wanted, device)
                if not opened:
                    await caller.enter(thing, view.facts())
                else:
                    await caller.enter_also(Action.PLAYBACK_OPEN, thing, view.facts())
                opened.append(device)
        except BaseException:
            await self._record_end(view, opened, "not_opened")
            raise

    async def _thing(self, wanted: Wanted, device: str) -> Object:
        return await wanted.at_hand.over(device_object(self._services.registry, device), [wanted.stretch(device)])

    async def _follow_cases(self) -> None:
        """A case that was closed, moved, or given other times may no longer open what somebody looks at."""
        missed = 0
        with self._services.bus.subscribe(CaseChanged) as events:
            async for event in events:
                assert isinstance(event, CaseChanged)
                everything = events.missed != missed
                missed = events.missed
                for view in list(self._views.values()):
                    case = view.wanted.at_hand.case
                    if case is not None and (everything or event.case_id in ("", case.id)):
                        await self._look_again(view, case.id)

    async def _look_again(self, view: PlaybackView, case_id: str) -> None:
        case = await self._services.cases.find(case_id)
        known = view.caller.sees(Action.CASE_LOOK_ROUND, case_object(self._services.registry, case_id, case))
        wanted = replace(view.wanted, at_hand=CaseAtHand(self._services, case if known else None))
        for device in wanted.devices:
            if not view.caller.sees(Action.PLAYBACK_OPEN, await self._thing(wanted, device)):
                view.end(Closing.REVOKED)

    async def _follow(self, view: PlaybackView, parts: list[View], cancel: Callable[[], None]) -> None:
        try:
            await asyncio.wait((view.ended,))  # which does not cancel it when this task is
        finally:
            view.end(Closing.SERVER_STOPPING)
            cancel()
            for part in parts:
                self._open_views.leave(part)
            self._over[view.id] = view.caller.principal.session_id
            if len(self._over) > OVER_MAX:
                self._over.popitem(last=False)
            del self._views[view.id]
            await view.quiet()
            reason = view.ended.result()
            await self._record_end(view, view.wanted.devices, "left" if reason is None else reason.value)

    async def _record_end(self, view: PlaybackView, devices: Sequence[str], reason: str) -> None:
        for device in devices:
            try:
                await self._services.ledger.append(
                    principal=view.caller.ledger_name,
                    action="playback.close",
                    subject=device,
                    detail={**view.facts(), **view.seen(device), "reason": reason},
                )
            except LedgerUnavailable as error:
                who = view.caller.ledger_name
                log.error("end of a playback not recorded", device=device, user=who, reason=str(error))

    def _sweep(self) -> None:
        for view in self._views.values():
            if self._is_idle(view):
                view.end(Closing.IDLE)

    def _is_idle(self, view: PlaybackView) -> bool:
        now = self._services.clock.mono_ns()
        if view.sending:
            view.used_mono_ns = now
        return now - view.used_mono_ns >= IDLE_S * 1_000_000_000

"""One listener on the bus for all event sockets: says each thing once, to those who may know it.

Every message is made and encoded once, whoever receives it; statistics once for each role and unit.
A member's queue is bounded: when it is full, everything in it is dropped and a fresh snapshot takes
its place, so a slow tab is late but never wrong.

Not here: the socket (`events`), what the messages look like (`event_messages`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from gateway.registry import Change, CheckpointChanged, DeviceChanged, UnitChanged
from gateway.stream import ChannelChanged, ChannelStatistics
from media import Track
from supervision.cases import CaseChanged
from viewer.access import NOTHING, PUSHES, Kind, Object, Principal, Role, may
from viewer.alarms import AlarmKept, KeptAlarm
from viewer.live import event_messages as messages
from viewer.objects import checkpoint_object, device_object, every_place, unit_object
from viewer.services import Services

PATH = "/ws/events"
STATISTICS_PERIOD_S = 2.0  # the contract with the web app, which takes ten silent seconds for a lost connection
QUEUE_MAX = 1_000  # messages: a restart of 200 devices is some 800 within a few seconds
ALARMS_MAX = 200  # of a snapshot, the newest; what a side panel can still be scrolled through


PlacedChannel = tuple[ChannelStatistics, Object]


class Member:
    """One socket's place in the feed."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.queue: deque[str] = deque()
        self.closing: str | None = None
        self.arrived = asyncio.Event()

    def put(self, text: str) -> bool:
        """False when the queue is full."""
        if len(self.queue) >= QUEUE_MAX:
            return False
        self.queue.append(text)
        self.arrived.set()
        return True

    def close(self, reason: str) -> None:
        """Whatever is queued is dropped; the socket says why and ends. The first reason counts."""
        if self.closing is None:
            self.closing = reason
            self.arrived.set()

    async def next(self) -> str | None:
        """The next message; None once the member is closed."""
        while not self.queue and self.closing is None:
            self.arrived.clear()
            await self.arrived.wait()
        return self.queue.popleft() if self.closing is None else None

    def sees(self, push: str, thing: Object) -> bool:
        return may(self.principal, PUSHES[PATH, push], thing)


class EventFeed:
    """`run` is one task of the app; sockets `join` and `leave`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._members: set[Member] = set()
        # Where things were when they were last spoken of: who saw a thing must learn that it is gone.
        self._places: dict[tuple[Kind, str], Object] = {}
        self._refusals: dict[str, int] = {}
        self._tracks: dict[tuple[str, str], tuple[Track, ...]] = {}  # of each channel, as they were last told

    def join(self, principal: Principal) -> Member:
        """Begins with a snapshot."""
        member = Member(principal)
        self._members.add(member)
        member.put(self._snapshot(member))
        if self._services.stopping.is_set():
            member.close("server_stopping")
        return member

    def leave(self, member: Member) -> None:
        self._members.discard(member)

    async def run(self) -> None:
        """Until cancelled."""
        self._remember_places()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_bus(), name="event feed: bus")
            tasks.create_task(self._tell_statistics(), name="event feed: statistics")
            tasks.create_task(self._await_stop(), name="event feed: stop")

    async def _follow_bus(self) -> None:
        types = (ChannelChanged, AlarmKept, DeviceChanged, CheckpointChanged, UnitChanged, CaseChanged)
        missed = 0
        with self._services.bus.subscribe(*types, limit=QUEUE_MAX) as events:
            async for event in events:
                if events.missed != missed:
                    missed = events.missed
                    self._start_over()
                self._tell(event)

    async def _tell_statistics(self) -> None:
        while True:
            await asyncio.sleep(STATISTICS_PERIOD_S)
            placed = self._placed_channels()
            self._tell_tracks(placed)
            texts: dict[tuple[Role, str | None], str] = {}
            for member in list(self._members):
                sight = member.principal.role, member.principal.unit  # all that the policy looks at
                if sight not in texts:
                    texts[sight] = messages.statistics(_visible(member, "statistics", placed))
                self._put(member, texts[sight])

    async def _await_stop(self) -> None:
        await self._services.stopping.wait()
        for member in list(self._members):
            member.close("server_stopping")

    def _tell(self, event: object) -> None:
        match event:
            case ChannelChanged():
                self._tell_channel(event)
            case AlarmKept():
                push, thing = self._alarm_place(event.alarm)
                self._spread(push, thing, messages.alarm(event.alarm))
            case DeviceChanged() if event.change is Change.SEEN:
                self._tell_refusal(event.device_id)
            case DeviceChanged():
                self._tell_change(Kind.DEVICE, event.device_id, event.change, self._device)
            case CheckpointChanged():
                self._tell_change(Kind.CHECKPOINT, event.checkpoint_id, event.change, self._checkpoint)
            case UnitChanged() if event.change is Change.MOVED:  # everything under it moved along
                self._remember_places()
                self._start_over()
            case UnitChanged():
                self._tell_change(Kind.UNIT, event.unit_id, event.change, self._unit)
            case CaseChanged():
                self._tell_case(event)

    def _tell_case(self, event: CaseChanged) -> None:
        """Whoever saw the case where it was, or sees it where it is. Its id is empty when many came at once."""
        now, before = (Object(Kind.CASE, event.case_id, self._path(unit)) for unit in (event.unit, event.unit_before))
        text = messages.case(event)
        for member in list(self._members):
            if member.sees(Kind.CASE, now) or member.sees(Kind.CASE, before):
                self._put(member, text)

    def _path(self, unit_id: str) -> tuple[str, ...]:
        return self._services.registry.units.path(unit_id)

    def _tell_tracks(self, placed: Iterable[PlacedChannel]) -> None:
        """A channel that is live already may be described anew: pictures behind the sound, another size."""
        told, self._tracks = self._tracks, {(one.device_id, one.channel): one.tracks for one, _ in placed}
        for one, device in placed:
            if one.tracks and told.get((one.device_id, one.channel), one.tracks) != one.tracks:
                self._spread("channel", device, messages.channel(one))

    def _tell_channel(self, event: ChannelChanged) -> None:
        hub = self._services.hub
        if hub.has_channel(event.device_id, event.channel):  # else its device was removed meanwhile
            statistics = hub.channel(event.device_id, event.channel).statistics()
            self._tracks[event.device_id, event.channel] = statistics.tracks
            self._spread("channel", self._device(event.device_id), messages.channel(statistics))

    def _tell_change(self, kind: Kind, thing_id: str, change: Change, find: Callable[[str], Object]) -> None:
        now = find(thing_id)
        before = self._places.get((kind, thing_id), now)
        if now.exists:
            self._places[kind, thing_id] = now
        else:
            self._places.pop((kind, thing_id), None)
            self._refusals.pop(thing_id, None)
        text = messages.registry(kind, thing_id, change)
        gone = messages.registry(kind, thing_id, Change.REMOVED)
        for member in list(self._members):
            if member.sees(kind, now):
                self._put(member, text)
            elif member.sees(kind, before):
                self._put(member, gone)

    def _tell_refusal(self, device_id: str) -> None:
        """Being seen is told by the channels; a refusal is news, for whoever waits for that recorder."""
        device = self._services.registry.devices.find(device_id)
        refusal = device.last_refusal if device is not None else None
        if refusal is not None and self._refusals.get(device_id) != refusal.utc_ns:
            self._refusals[device_id] = refusal.utc_ns
            text = messages.registry(Kind.DEVICE, device_id, Change.SEEN)
            self._spread(Kind.DEVICE, self._device(device_id), text)

    def _spread(self, push: str, thing: Object, text: str) -> None:
        for member in list(self._members):
            if member.sees(push, thing):
                self._put(member, text)

    def _put(self, member: Member, text: str) -> None:
        if not member.put(text):
            member.queue.clear()
            member.put(self._snapshot(member))

    def _start_over(self) -> None:
        for member in list(self._members):
            member.queue.clear()
            member.put(self._snapshot(member))

    def _snapshot(self, member: Member) -> str:
        alarms = [alarm for alarm in self._services.alarms.recent() if member.sees(*self._alarm_place(alarm))]
        return messages.snapshot(_visible(member, "channel", self._placed_channels()), alarms[-ALARMS_MAX:])

    def _placed_channels(self) -> list[PlacedChannel]:
        return [(one, self._device(one.device_id)) for one in self._services.hub.statistics()]

    def _alarm_place(self, alarm: KeptAlarm) -> tuple[str, Object]:
        return ("alarm", self._device(alarm.device_id)) if alarm.device_id else ("server_alarm", NOTHING)

    def _remember_places(self) -> None:
        self._places = {(place.kind, place.id): place for place in every_place(self._services.registry)}

    def _device(self, device_id: str) -> Object:
        return device_object(self._services.registry, device_id)

    def _checkpoint(self, checkpoint_id: str) -> Object:
        return checkpoint_object(self._services.registry, checkpoint_id)

    def _unit(self, unit_id: str) -> Object:
        return unit_object(self._services.registry, unit_id)


def _visible(member: Member, push: str, channels: Iterable[PlacedChannel]) -> list[ChannelStatistics]:
    """The policy is asked once for each place, not for each of its devices: they differ in nothing it looks at."""
    answers: dict[tuple[bool, tuple[str, ...]], bool] = {}
    found = []
    for statistics, device in channels:
        place = device.exists, device.unit_path
        if place not in answers:
            answers[place] = member.sees(push, device)
        if answers[place]:
            found.append(statistics)
    return found

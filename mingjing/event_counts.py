"""What happened since the start, counted from what the bus says: streams that ended, alarms, refused connections.

Nothing is counted where pictures pass. Not here: what is of the moment (metrics, viewer.api.metrics).
"""

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.registry import Change, DeviceChanged, RefusalReason, Registry
from gateway.stream import Alarm, AlarmKind, ChannelChanged, ChannelState
from media import GapCause
from storage.bus import Bus

_ENDS = {cause.name.lower() for cause in GapCause if cause is not GapCause.TALK_ENDED}  # of what devices send


class EventCounts(Collector):
    """`run` is one task of the server. Every label value is there from the start, so that rates begin at zero."""

    def __init__(self, bus: Bus, registry: Registry) -> None:
        self._bus = bus
        self._registry = registry
        self._missed = 0
        self._started = 0
        self._ended: Counter[str] = Counter(dict.fromkeys(sorted(_ENDS), 0))
        self._stalled = 0
        self._alarms: Counter[str] = Counter(dict.fromkeys(AlarmKind, 0))
        self._refused: Counter[str] = Counter(dict.fromkeys(RefusalReason, 0))
        self._told_refusal: dict[str, int] = {}  # device → when it was last refused

    async def run(self) -> None:
        """Until cancelled."""
        with self._bus.subscribe(Alarm, ChannelChanged, DeviceChanged) as events:
            async for event in events:
                self._missed = events.missed
                self._count(event)

    def _count(self, event: object) -> None:
        match event:
            case Alarm():
                self._alarms[event.kind] += 1
            case ChannelChanged():
                self._started += event.state is ChannelState.LIVE
                self._stalled += event.state is ChannelState.STALLED
                if event.state is ChannelState.OFFLINE and event.reason in _ENDS:
                    self._ended[event.reason] += 1
            case DeviceChanged() if event.change is Change.SEEN:
                self._count_refusal(event.device_id)
            case DeviceChanged() if event.change is Change.REMOVED:
                self._told_refusal.pop(event.device_id, None)

    def _count_refusal(self, device_id: str) -> None:
        device = self._registry.devices.find(device_id)
        refusal = device.last_refusal if device is not None else None
        if refusal is not None and self._told_refusal.get(device_id) != refusal.utc_ns:
            self._told_refusal[device_id] = refusal.utc_ns
            self._refused[refusal.reason] += 1

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(
            "mingjing_channels_came_alive", "A channel got pictures: after a start, a return or a stall.", self._started
        )
        yield CounterMetricFamily("mingjing_channels_stalled", "A stream fell silent for five seconds.", self._stalled)
        yield _by("mingjing_streams_ended", "By the cause of the gap that follows.", "cause", self._ended)
        yield _by("mingjing_alarms", "Raised, by kind: docs/guide/alarms.md says what to do.", "kind", self._alarms)
        yield _by("mingjing_refusals", "Known devices refused, by reason.", "reason", self._refused)
        yield CounterMetricFamily(
            "mingjing_events_not_counted", "Events that came too fast to be counted here.", self._missed
        )


def _by(name: str, words: str, label: str, counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, words, labels=[label])
    for value, count in counts.items():
        family.add_metric([str(value)], count)
    return family

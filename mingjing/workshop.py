"""The workers as this server has them: what is logged, alarmed and measured of them.

Not here: what they do (workers), whose sound it is (gateway.sound).
"""

from collections.abc import Iterable

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.sound import channel_of
from gateway.stream import AlarmKind, Hub
from mingjing.settings import Settings
from storage import Clock
from workers import PoolEvent, SoundWorkers, Trouble

log = structlog.get_logger()


def sound_workers(settings: Settings, hub: Hub, clock: Clock) -> SoundWorkers:
    """Those that the operator wants; they start when somebody needs one."""

    def tell(event: PoolEvent) -> None:
        device, channel = channel_of(event.key)
        match event.trouble:
            case Trouble.CRASHED:
                log.warning("worker ended", device=device, channel=channel, last_words=event.words)
            case Trouble.POISONED:
                log.error("sound given up: three workers crashed on it", device=device, channel=channel)
                hub.alarm(AlarmKind.SOUND_GIVEN_UP, device, channel)
            case Trouble.NO_WORKERS:
                log.error("no worker can be started", reason=event.words)
                hub.alarm(AlarmKind.WORKERS_DOWN, words=event.words)

    return SoundWorkers(processes=settings.workers.processes, now_ns=clock.mono_ns, tell=tell)


class WorkerCollector(Collector):
    def __init__(self, workers: SoundWorkers) -> None:
        self._workers = workers

    def collect(self) -> Iterable[Metric]:
        now = self._workers.statistics()
        yield GaugeMetricFamily("mingjing_workers", "Worker processes; none while none is needed.", now.workers)
        yield CounterMetricFamily("mingjing_worker_restarts", "Workers that died.", now.restarts)
        yield CounterMetricFamily("mingjing_worker_failed_starts", "Workers that did not come up.", now.failed_starts)
        yield GaugeMetricFamily("mingjing_sound_transcodes", "Channels whose sound is being made.", now.transcodes)
        yield GaugeMetricFamily(
            "mingjing_sound_poisoned", "Channels whose sound is given to no worker.", len(now.poisoned)
        )
        yield CounterMetricFamily(
            "mingjing_sound_lost_seconds", "Of sound that was not made in time, or died with a worker.", now.lost_s
        )
        yield CounterMetricFamily(
            "mingjing_sound_refused_units", "Frames too long, or nothing that the decoder knows.", now.refused_units
        )

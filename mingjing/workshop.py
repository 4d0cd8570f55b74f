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
from workers import PoolEvent, SoundWorkers, ThumbnailTrouble, ThumbnailWorkers, Trouble

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


def thumbnail_workers(settings: Settings) -> ThumbnailWorkers:
    """Those that the operator wants; the first starts when somebody opens a view of recordings."""

    def tell(trouble: ThumbnailTrouble) -> None:
        if not trouble.key:
            log.error("no worker for thumbnails can be started", reason=trouble.words)
        elif trouble.poisoned:
            words = "thumbnails of a segment given up: three workers died of it"
            log.error(words, segment=trouble.key, last_words=trouble.words)
        else:
            log.warning("worker for thumbnails ended", segment=trouble.key, last_words=trouble.words)

    return ThumbnailWorkers(processes=settings.workers.thumbnails, tell=tell)


class ThumbnailCollector(Collector):
    def __init__(self, workers: ThumbnailWorkers) -> None:
        self._workers = workers

    def collect(self) -> Iterable[Metric]:
        now = self._workers.statistics()
        poisoned = "Segments of which no thumbnail is tried any more: three workers died of each."
        yield GaugeMetricFamily("mingjing_thumbnail_workers", "Processes that make thumbnails.", now.processes)
        yield GaugeMetricFamily("mingjing_thumbnails_waiting", "Thumbnails that are waited for.", now.waiting)
        yield GaugeMetricFamily("mingjing_thumbnails_poisoned", poisoned, len(now.poisoned))
        yield CounterMetricFamily("mingjing_thumbnails_made", "Thumbnails that were made.", now.made)
        yield CounterMetricFamily("mingjing_thumbnails_unreadable", "Pictures that nobody can decode.", now.unreadable)
        yield CounterMetricFamily("mingjing_thumbnails_crowded_out", "Given up for newer ones.", now.crowded_out)
        yield CounterMetricFamily("mingjing_thumbnail_worker_deaths", "Of processes that make them.", now.deaths)


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

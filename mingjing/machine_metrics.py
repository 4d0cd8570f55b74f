"""What the machine has left for us: room on the media disk, and what the archive makes of it.

The process itself (memory, descriptors, CPU) is told by prometheus_client's own collector.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from recorder import ArchiveStatistics, DiskState, disk_space


class MachineCollector(Collector):
    def __init__(self, media: Path, archive: Callable[[], ArchiveStatistics]) -> None:
        self._media = media
        self._archive = archive

    def collect(self) -> Iterable[Metric]:
        archive = self._archive()
        states = GaugeMetricFamily(
            "mingjing_disk_state", "1 for the present state of the media disk; at stop nothing is recorded.",
            labels=["state"],
        )  # fmt: skip
        for state in DiskState:
            states.add_metric([state.value], archive.disk is state)
        yield states
        yield CounterMetricFamily(
            "mingjing_archive_sync_rounds", "Group syncs; about one a second.", archive.sync_rounds
        )
        yield GaugeMetricFamily(
            "mingjing_archive_unended", "Broken segments that wait to be ended.", value=archive.unended
        )
        try:
            space = disk_space(self._media)
        except OSError:
            return  # the disk is gone: alarms say so, and a made-up figure would not
        yield GaugeMetricFamily("mingjing_disk_free_bytes", "On the media disk.", value=space.free_bytes)
        yield GaugeMetricFamily("mingjing_disk_size_bytes", "Of the media disk.", value=space.total_bytes)

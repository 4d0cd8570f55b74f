"""What Prometheus reads of the scrubber. The page of the archive has the rest (viewer.api.archive_scrub)."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from recorder import Scrubber


class ScrubCollector(Collector):
    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(
            "mingjing_scrub_read_bytes", "Of recordings, hashed again since start.", value=self._scrubber.read_bytes
        )
        yield CounterMetricFamily(
            "mingjing_scrub_findings", "Recordings newly found not to be whole since start.", self._scrubber.findings
        )
        now = self._scrubber.round_now
        if now is not None:
            yield GaugeMetricFamily("mingjing_scrub_round", "Number of the round.", value=now.number)
            yield GaugeMetricFamily(
                "mingjing_scrub_round_read_bytes", "Of this round, over restarts.", value=now.read_bytes
            )
            yield GaugeMetricFamily(
                "mingjing_scrub_round_begun_timestamp_seconds", "UTC.", value=now.begun_utc_ns / 1e9
            )

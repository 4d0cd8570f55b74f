"""What Prometheus reads of retention: how much comes in, how much is asked for, and when room will be short."""

from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from recorder.retention import Health

WHYS = ("case", "clip", "hold")
UNKNOWN = float("nan")  # what a dashboard shows as a hole, and no rule fires on


class RetentionCollector(Collector):
    """`health` is None until it was reckoned once, half a minute after the start."""

    def __init__(self, health: Callable[[], Health | None], deleted: Callable[[], int]) -> None:
        self._health = health
        self._deleted = deleted

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily("mingjing_ring_deleted_segments", "Since start.", value=self._deleted())
        health = self._health()
        if health is None:
            stored = capacity = a_day = asked = missing = days = UNKNOWN
            kept_bytes = dict[str, int]()
        else:
            known = health.forecast
            stored, capacity, asked = known.stored_bytes, known.capacity_bytes, known.asked_bytes
            a_day, missing = known.bytes_a_day, health.segments_missing
            days = float("inf") if known.days_left is None else known.days_left
            kept_bytes = {why: sum(one.size_bytes for one in health.kept if one.why == why) for why in WHYS}
        for name, words, value in (
            ("stored_bytes", "Of all recordings.", stored),
            ("capacity_bytes", "That recordings may take before they go for room.", capacity),
            ("bytes_a_day", "Of the last week.", a_day),
            ("asked_bytes", "What policies come to.", asked),
            ("missing_segments", "Without a file.", missing),
            ("days_left", "Until policies ask for more than there is room; +Inf: two years at least.", days),
        ):
            yield GaugeMetricFamily(f"mingjing_archive_{name}", words, value=value)
        kept = GaugeMetricFamily("mingjing_archive_kept_bytes", "By clips, cases and holds.", labels=["why"])
        for why, size in kept_bytes.items():
            kept.add_metric([why], size)
        yield kept

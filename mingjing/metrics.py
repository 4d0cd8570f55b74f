"""What Prometheus reads of the roof: the event loop, the RTSP port, the archive. Of WebRTC: webrtc_metrics.py."""

import asyncio
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.rtsp import RtspListener
from mingjing.loop_lag import BUCKETS_MS, LoopLag
from recorder import Archiver


class RoofCollector(Collector):
    def __init__(self, lag: LoopLag, rtsp: RtspListener, archiver: Archiver) -> None:
        self._lag = lag
        self._rtsp = rtsp
        self._archiver = archiver

    def collect(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily("mingjing_loop_lag_milliseconds", "Of the last minute.", labels=["quantile"])
        for percent, name in ((50, "0.5"), (99, "0.99"), (100, "1")):
            lag.add_metric([name], self._lag.percentile_ms(percent))
        yield lag
        ends = [*(f"{end_ms / 1_000:g}" for end_ms in BUCKETS_MS), "+Inf"]
        yield HistogramMetricFamily(
            "mingjing_loop_lag_seconds",
            "Since start; what came due within a long turn counts too.",
            buckets=list(zip(ends, self._lag.buckets(), strict=True)),
            sum_value=self._lag.total_ms / 1_000,
        )
        yield GaugeMetricFamily("mingjing_asyncio_tasks", "In the event loop.", value=len(asyncio.all_tasks()))
        yield GaugeMetricFamily("mingjing_rtsp_connections", "Open RTSP connections.", value=self._rtsp.connections)
        yield CounterMetricFamily(
            "mingjing_rtsp_refused_connections", "Closed at once, over the limit.", value=self._rtsp.refused_connections
        )
        yield CounterMetricFamily(
            "mingjing_rtsp_displaced_connections",
            "Cut off before they had proved anything, for others needed the place.",
            value=self._rtsp.displaced_connections,
        )
        yield CounterMetricFamily(
            "mingjing_udp_strange_datagrams", "On the media ports, from nobody.", value=self._rtsp.strange_datagrams
        )
        archive = self._archiver.statistics()
        yield GaugeMetricFamily("mingjing_archive_runs", "Streams being archived.", value=archive.runs)
        yield GaugeMetricFamily("mingjing_archive_held_bytes", "In memory, not yet written.", value=archive.held_bytes)
        yield CounterMetricFamily("mingjing_archive_taken_bytes", "Taken since start.", value=archive.taken_bytes)
        yield GaugeMetricFamily(
            "mingjing_archive_dropped", "Fragments not taken by the streams that are open.", value=archive.dropped
        )
        yield GaugeMetricFamily(
            "mingjing_archive_unsynced_seconds",
            "Age of the oldest footage that is not durable yet; 0 when all is.",
            value=archive.unsynced_ns / 1e9,
        )
        yield GaugeMetricFamily("mingjing_archive_last_sync_seconds", "Duration.", value=archive.last_sync_ns / 1e9)
        yield GaugeMetricFamily(
            "mingjing_archive_longest_turn_seconds", "Since start.", value=archive.longest_turn_ns / 1e9
        )
        yield GaugeMetricFamily(
            "mingjing_archive_rows_waiting", "Sealed segments without rows yet.", value=self._archiver.rows_waiting
        )

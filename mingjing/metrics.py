"""What Prometheus reads of the roof: the event loop, the RTSP port, the archive."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.rtsp import RtspListener
from mingjing.loop_lag import LoopLag


class RoofCollector(Collector):
    def __init__(self, lag: LoopLag, rtsp: RtspListener) -> None:
        self._lag = lag
        self._rtsp = rtsp

    def collect(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily("mingjing_loop_lag_milliseconds", "Of the last minute.", labels=["quantile"])
        for percent, name in ((50, "0.5"), (99, "0.99"), (100, "1")):
            lag.add_metric([name], self._lag.percentile_ms(percent))
        yield lag
        yield GaugeMetricFamily("mingjing_rtsp_connections", "Open RTSP connections.", value=self._rtsp.connections)

"""What Prometheus reads, collected when it reads it. No secrets: counts, rates and device ids."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.stream import ChannelState
from viewer.services import Services


class HouseCollector(Collector):
    """Live channels, ledger and sessions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        yield from self._channels()
        ledger = self._services.ledger.statistics()
        yield CounterMetricFamily("mingjing_ledger_entries", "Entries of the audit log.", value=ledger.entries)
        yield CounterMetricFamily(
            "mingjing_ledger_failures", "Entries that could not be made durable since start.", value=ledger.failures
        )
        yield GaugeMetricFamily("mingjing_sessions", "People logged in.", value=self._services.access.sessions.count)

    def _channels(self) -> Iterable[Metric]:
        statistics = self._services.hub.statistics()
        states = GaugeMetricFamily("mingjing_channels", "Channels by state.", labels=["state"])
        counted = Counter(channel.state for channel in statistics)
        for state in ChannelState:
            states.add_metric([state], counted[state])
        yield states
        labels = ["device", "channel"]
        bitrate = GaugeMetricFamily("mingjing_channel_bitrate_kbps", "Received, last two seconds.", labels=labels)
        delay = GaugeMetricFamily("mingjing_channel_delay_seconds", "Against the device's own RTP time.", labels=labels)
        viewers = GaugeMetricFamily("mingjing_channel_viewers", "Live viewers.", labels=labels)
        units = CounterMetricFamily("mingjing_channel_units", "Access units received.", labels=labels)
        lost = CounterMetricFamily("mingjing_channel_lost_packets", "Packets missing by number.", labels=labels)
        dropped = CounterMetricFamily(
            "mingjing_channel_dropped_units", "Came before any parameter sets; nobody could decode them.", labels=labels
        )
        for channel in statistics:
            of = [channel.device_id, channel.channel]
            bitrate.add_metric(of, channel.bitrate_kbps)
            delay.add_metric(of, channel.delay_s)
            viewers.add_metric(of, channel.viewers)
            units.add_metric(of, channel.units)
            lost.add_metric(of, channel.lost_packets)
            dropped.add_metric(of, channel.dropped_units)
        yield from (bitrate, delay, viewers, units, lost, dropped)
        missed = CounterMetricFamily(
            "mingjing_viewer_missed_units", "Left out for viewers who were too slow.", labels=["via"]
        )
        for kind, count in self._services.hub.missed_units.items():
            missed.add_metric([kind], count)
        yield missed


def registry_with_house(services: Services) -> CollectorRegistry:
    """The roof's own metrics and ours, read together."""
    both = CollectorRegistry(auto_describe=False)
    both.register(services.metrics)
    both.register(HouseCollector(services))
    return both

"""What Prometheus reads of WebRTC: the port and its kernel buffers, connections, repairs, viewers, talks.

Nothing is counted here where packets pass: rooms count, and this reads.
"""

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.webrtc import Peers, Publishers, Shown, Talks, UdpPort, Viewers

_REPAIRS = ("asked", "repaired", "unrepaired")


class WebRtcCollector(Collector):
    def __init__(self, peers: Peers, publishers: Publishers, viewers: Viewers, talks: Talks) -> None:
        self._peers = peers
        self._publishers = publishers
        self._viewers = viewers
        self._talks = talks

    def collect(self) -> Iterable[Metric]:
        yield from _port(self._peers.port)
        yield _by("strange_datagrams", "Of nobody.", "why", self._peers.dropped)
        yield GaugeMetricFamily("mingjing_webrtc_peers", "Sessions, connected or about to be.", value=len(self._peers))
        yield _by("failed_connections", "Answers that nobody came to, or not to the end.", "why", self._peers.failed)
        yield _by("ended_connections", "By the other side, or by its silence.", "why", self._peers.ended)
        yield from self._publishing()
        yield from self._watching()
        yield from self._talking()

    def _publishing(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("mingjing_webrtc_publishers", "WHIP sessions.", value=len(self._publishers))
        counts = self._publishers.counts()
        repairs = {what: counts.get(what, 0) for what in _REPAIRS}
        yield _by("repairs", "Packets of devices: asked for again, come again, and not.", "what", repairs)
        yield _by("refused_packets", "Of devices: by SRTP, or not in the answer.", "why", self._publishers.refused())
        yield _count("asked_pictures", "Key pictures asked of devices.", counts.get("pictures_asked", 0))
        yield _count("damaged_units", "Pictures of devices that are not whole.", counts.get("damaged_units", 0))

    def _watching(self) -> Iterable[Metric]:
        viewers = GaugeMetricFamily("mingjing_webrtc_viewers", "WHEP sessions, by what is shown.", labels=["shown"])
        by_shown = self._viewers.shown()
        for shown in Shown:
            viewers.add_metric([shown], by_shown.get(shown, 0))
        yield viewers
        counts = self._viewers.counts()
        yield _count("resent_packets", "Sent to viewers again.", counts.get("resent_packets", 0))
        yield _count("poor_links", "Times that a viewer's link was found poor.", counts.get("poor_links", 0))

    def _talking(self) -> Iterable[Metric]:
        talks, counts = self._talks, self._viewers.counts()
        yield GaugeMetricFamily("mingjing_webrtc_talks", "Devices that somebody talks to.", value=len(talks))
        yield _by("ended_talks", "By why they ended.", "why", {str(why): count for why, count in talks.ended.items()})
        yield _by(
            "refused_talks",
            "Presses of the key that nothing came of.",
            "why",
            {str(why): count for why, count in talks.refused.items()},
        )
        yield _count("unheard_packets", "Of microphones that nobody listened to.", counts.get("unheard_packets", 0))


def _port(port: UdpPort) -> Iterable[Metric]:
    counted = port.statistics
    yield _count("received_datagrams", "Since start.", counted.received)
    yield _count("overflowed_datagrams", "Came, and found the receive buffer full.", port.overflowed)
    yield _count("sent_datagrams", "Since start.", counted.sent)
    unsent = {"full": counted.dropped, "failed": counted.failed}
    yield _by("unsent_datagrams", "The send buffer was full, or there was no way.", "why", unsent)
    yield _count("uncut_datagrams", "Of batches that the kernel did not cut: four times the work.", counted.uncut)
    buffers = GaugeMetricFamily("mingjing_webrtc_buffer_bytes", "As the kernel gave them.", labels=["buffer"])
    buffers.add_metric(["receive"], port.receive_buffer_bytes)
    buffers.add_metric(["send"], port.send_buffer_bytes)
    yield buffers


def _count(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"mingjing_webrtc_{name}", words, value=value)


def _by(name: str, words: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"mingjing_webrtc_{name}", words, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family

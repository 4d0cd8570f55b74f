"""When the certificates end that this server shows, for Prometheus.

They are read once, at the start, for what was loaded then is what is shown until the next one. Not here: serving
with them (http_server, gateway.rtsp).
"""

from collections.abc import Iterable, Mapping

import structlog
from cryptography import x509
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mingjing.settings import Certificate, Settings

log = structlog.get_logger()


class CertificateCollector(Collector):
    """`https` and `rtsps`, as far as they are configured."""

    def __init__(self, settings: Settings) -> None:
        shown = {"https": settings.http_certificate, "rtsps": settings.rtsp_certificate}
        self._ends = _ends({door: certificate for door, certificate in shown.items() if certificate is not None})

    def collect(self) -> Iterable[Metric]:
        ends = GaugeMetricFamily(
            "mingjing_certificate_end_timestamp_seconds",
            "Unix time at which the first certificate of the chain ends.",
            labels=["door"],
        )
        for door, end_s in self._ends.items():
            ends.add_metric([door], end_s)
        yield ends


def _ends(shown: Mapping[str, Certificate]) -> dict[str, float]:
    ends = {}
    for door, certificate in shown.items():
        try:
            chain = x509.load_pem_x509_certificates(certificate.chain.read_bytes())
        except (OSError, ValueError) as error:  # OpenSSL, which serves with it, has read it all the same
            log.warning("a certificate's end is not known", door=door, path=str(certificate.chain), error=str(error))
            continue
        ends[door] = min(one.not_valid_after_utc.timestamp() for one in chain)
    return ends

"""One track on its way from the wire to the hub: packets in, access units on.

The hot path of the house. Per row of packets it adds one call to what `media.rtp` does, and nothing
else: no await, no object, no log line.
"""

from collections.abc import Callable

from gateway.stream import Publication
from media.rtp import TrackReceiver
from media.rtsp import Bounds, Buffer

REPORT_INTERVAL_NS = 5_000_000_000  # RFC 3550, 6.2: five seconds between receiver reports


class TrackFeed:
    """Feeds one track of a publication from one RTP session."""

    __slots__ = ("_offer_index", "_publication", "_receiver", "_report_due_ns", "_send_report", "_told_report")

    def __init__(self, receiver: TrackReceiver, send_report: Callable[[bytes], None]) -> None:
        self._receiver = receiver
        self._send_report = send_report
        self._publication: Publication | None = None
        self._offer_index = 0
        self._report_due_ns = 0
        self._told_report = 0

    def attach(self, publication: Publication, offer_index: int) -> None:
        """Begin as the track that was offered at this place; until now packets were dropped."""
        self._offer_index = offer_index
        self._publication = publication

    def rtp_row(self, buffer: Buffer, bounds: Bounds, mono_ns: int, utc_ns: int) -> None:
        """RTP packets in a row, in place."""
        publication = self._publication
        if publication is None:
            return
        for unit in self._receiver.receive_row(buffer, bounds, mono_ns, utc_ns):
            publication.push(self._offer_index, unit)

    def rtp(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> None:
        """One RTP packet, in place."""
        publication = self._publication
        if publication is None:
            return
        for unit in self._receiver.receive(buffer, start, end, mono_ns, utc_ns):
            publication.push(self._offer_index, unit)

    def rtcp(self, buffer: Buffer, start: int, end: int, mono_ns: int) -> None:
        """One compound RTCP packet, in place."""
        self._receiver.receive_rtcp(buffer, start, end, mono_ns)
        self._tell_report()

    def _tell_report(self) -> None:
        report = self._receiver.sender_report
        if report is not None and report.received_mono_ns != self._told_report and self._publication is not None:
            self._told_report = report.received_mono_ns
            self._publication.sender_report(self._offer_index, report.ntp, report.rtp_time, report.received_mono_ns)

    def tick(self, mono_ns: int) -> None:
        """Give up on packets that never came, and report reception to the device when it is time."""
        publication = self._publication
        if publication is None:
            return
        self._tell_report()  # some devices send RTCP among the RTP packets
        for unit in self._receiver.due(mono_ns):
            publication.push(self._offer_index, unit)
        if mono_ns >= self._report_due_ns:
            self._report_due_ns = mono_ns + REPORT_INTERVAL_NS
            self._send_report(self._receiver.receiver_report(mono_ns))

    def finish(self) -> None:
        """Hand on what is complete, and stop."""
        publication, self._publication = self._publication, None
        if publication is not None:
            for unit in self._receiver.flush():
                publication.push(self._offer_index, unit)

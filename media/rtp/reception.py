"""How well a source is received: jitter, and the report block we owe it (RFC 3550, 6.4.1 and A.3, A.8)."""

from media.rtp.packet import SEQUENCE_MASK
from media.rtp.rtcp import ReportBlock, SenderReport

_NS = 1_000_000_000
_LOST_MAX = 0x7F_FFFF  # 24-bit signed on the wire


class Reception:
    """Figures of the present source; the receiver owns the totals and hands them in."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._jitter = 0.0
        self._transit: int | None = None  # arrival less RTP time, in the track's clock
        self._packets_before = 0
        self._lost_before = 0
        self._packets_reported = 0
        self._lost_reported = 0

    @property
    def jitter(self) -> int:
        return int(self._jitter)

    def arrive(self, rtp_time: int, mono_ns: int) -> None:
        """The first packet of an RTP time has come.

        Measured once a unit, not once a packet: the packets of one picture share their RTP time, and
        their spread on the wire is the picture's size, not the network's jitter.
        """
        transit = mono_ns * self._clock_rate // _NS - rtp_time
        if self._transit is not None:
            # modulo 2^32, signed: RTP time wraps, and arrival does not
            step = ((transit - self._transit + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
            self._jitter += (abs(step) - self._jitter) / 16
        self._transit = transit

    def restart(self, packets: int, lost: int) -> None:
        """Another source, or the same one counting anew, after so many packets received and lost."""
        self._jitter = 0.0
        self._transit = None
        self._packets_before = self._packets_reported = packets
        self._lost_before = self._lost_reported = lost

    def report(
        self, ssrc: int, packets: int, lost: int, expected: int, sender_report: SenderReport | None, mono_ns: int
    ) -> ReportBlock:
        """The block to send now. `packets` and `lost` are totals, `expected` the next sequence number."""
        interval = packets - self._packets_reported + lost - self._lost_reported
        fraction = (lost - self._lost_reported) * 256 // interval if interval > 0 else 0
        self._packets_reported, self._lost_reported = packets, lost
        count = packets - self._packets_before + lost - self._lost_before
        first_sequence = (expected - count) & SEQUENCE_MASK
        last_report = delay = 0
        if sender_report is not None:
            last_report = sender_report.ntp >> 16 & 0xFFFF_FFFF
            delay = max(0, mono_ns - sender_report.received_mono_ns) * 65_536 // _NS
        return ReportBlock(
            ssrc=ssrc,
            fraction_lost=min(255, fraction),
            lost=min(_LOST_MAX, lost - self._lost_before),
            highest_sequence=first_sequence + count - 1,
            jitter=self.jitter,
            last_report=last_report,
            delay=delay,
        )

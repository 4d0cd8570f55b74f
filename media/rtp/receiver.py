"""One track's RTP and RTCP in, access units out.

The packet path: with 200 devices some 36,800 packets a second come through here, so the plain
packet (known source, next in order, no padding or extension) is a few lines over the caller's
buffer, and everything else is handled apart. Over TCP a read brings a picture's packets in a row:
`receive_row` looks at their headers in one loop and hands their payloads on together. Nothing here
is a task, a clock or a log; times are handed in.

Not here: where packets come from (gateway.rtsp), what their times mean (media.timeline), what is
done about loss (gateway.stream).

Bounds: `UDP_PACKETS_MAX` packets wait for order, `PROOF_PACKETS` for proof, one unit of at most
`UNIT_MAX_BYTES` is open. Nothing a device sends raises; what is wrong with it is in `statistics`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from media.access_unit import AccessUnit
from media.rtp import rtcp
from media.rtp.depacketizer import Bounds, Closing, Depacketizer
from media.rtp.formats import depacketizer
from media.rtp.packet import (
    HEADER_SIZE,
    MARKER,
    PAYLOAD_TYPE_MASK,
    PLAIN,
    RTCP_TYPES,
    SEQUENCE_MASK,
    Buffer,
    payload_bounds,
    unpack_header,
)
from media.rtp.probation import Probation
from media.rtp.reception import Reception
from media.rtp.reorder import UDP_AGE_MAX_NS, UDP_PACKETS_MAX, UDP_START_WAIT_NS, ReorderBuffer
from media.rtp.rtcp import SenderReport
from media.track import Codec


@dataclass(frozen=True, slots=True)
class ReceiverStatistics:
    """Counts since the track began, over all its sources."""

    packets: int  # accepted, in order
    bytes: int  # of those packets, RTP header included
    lost: int
    duplicates: int  # dropped: their number had passed, seen before or too late
    reordered: int  # came after a packet with a later number, but in time
    restarts: int  # the sender's sequence numbers began anew, unannounced
    strangers: int  # packets of another payload type or SSRC than the stream's
    source_changes: int  # strangers that became the stream
    malformed: int  # packets or parts of their payload that broke RTP or the payload format
    malformed_rtcp: int
    oversized: int  # access units given up because they passed a limit
    jitter: int  # in the track's clock (RFC 3550, 6.4.1), measured at the first packet of each RTP time
    closing: Closing
    payload_type: int
    ssrc: int | None


class TrackReceiver:
    """Receives one track of one stream.

    `fmtp` are the format's parameters of the SDP. `reorder` is for UDP: packets may come in another
    order than they were sent; nothing comes out for the first `start_wait_ns` then.
    """

    def __init__(
        self,
        codec: Codec,
        payload_type: int,
        clock_rate: int,
        fmtp: Mapping[str, str],
        *,
        reorder: bool,
        start_wait_ns: int = UDP_START_WAIT_NS,
    ) -> None:
        self._payload_type = payload_type
        self._ssrc = -1  # none yet
        self._depacketizer: Depacketizer = depacketizer(codec, clock_rate, fmtp)
        self._push = self._depacketizer.push
        self._push_row = self._depacketizer.push_row
        self._reorder = ReorderBuffer(
            max_packets=UDP_PACKETS_MAX if reorder else 0,
            max_age_ns=UDP_AGE_MAX_NS if reorder else 0,
            start_wait_ns=start_wait_ns if reorder else 0,
        )
        self._probation = Probation()
        self._reception = Reception(clock_rate)
        self._sender_report: SenderReport | None = None
        self._goodbye = False
        self._rtp_time = -1  # of the newest packet, so that jitter is measured once a unit
        self._packets = 0
        self._bytes = 0
        self._lost = 0
        self._strangers = 0
        self._source_changes = 0
        self._malformed = 0
        self._malformed_rtcp = 0

    def receive(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> Sequence[AccessUnit]:
        """Take the RTP packet in `buffer[start:end]`, received now; nothing of the buffer is kept.

        Returns the access units it completed: mostly none, mostly one at a marker.
        """
        reorder = self._reorder
        if end - start > HEADER_SIZE:
            first, second, sequence, rtp_time, ssrc = unpack_header(buffer, start)
            if (
                sequence == reorder.expected
                and ssrc == self._ssrc
                and second & PAYLOAD_TYPE_MASK == self._payload_type
                and first == PLAIN
                and not reorder.held
            ):
                reorder.expected = (sequence + 1) & SEQUENCE_MASK
                self._packets += 1
                self._bytes += end - start
                if rtp_time != self._rtp_time:
                    self._rtp_time = rtp_time
                    self._reception.arrive(rtp_time, mono_ns)
                return self._push(buffer, start + HEADER_SIZE, end, rtp_time, second & MARKER, mono_ns, utc_ns)
        return self._receive_unusual(buffer, start, end, mono_ns, utc_ns)

    def receive_row(self, buffer: Buffer, bounds: Bounds, mono_ns: int, utc_ns: int) -> Sequence[AccessUnit]:
        """Take RTP packets in a row, received now, each of `buffer[start:end]`; nothing of the buffer is kept.

        The same as `receive` for each of them, and much cheaper.
        """
        unpack = unpack_header
        reorder, ssrc, marked = self._reorder, self._ssrc, self._payload_type | MARKER
        expected = -1 if reorder.held else reorder.expected
        units: list[AccessUnit] = []  # not a tuple that grows: a read may bring 7,000 sounds of one byte
        row: list[tuple[int, int]] = []
        row_time = -1
        for start, end in bounds:
            payload = start + HEADER_SIZE
            if payload < end:
                first, second, sequence, rtp_time, source = unpack(buffer, start)
                if sequence == expected and source == ssrc and first == PLAIN and second | MARKER == marked:
                    if rtp_time != row_time:
                        if row:
                            units += self._receive_plain(buffer, row, row_time, 0, mono_ns, utc_ns)
                            row = []
                        row_time = rtp_time
                    row.append((payload, end))
                    expected = sequence + 1 & SEQUENCE_MASK
                    if second == marked:
                        units += self._receive_plain(buffer, row, rtp_time, MARKER, mono_ns, utc_ns)
                        row = []
                    continue
            if row:
                units += self._receive_plain(buffer, row, row_time, 0, mono_ns, utc_ns)
                row = []
            units += self._receive_unusual(buffer, start, end, mono_ns, utc_ns)
            ssrc, marked = self._ssrc, self._payload_type | MARKER
            expected = -1 if reorder.held else reorder.expected
        if row:
            units += self._receive_plain(buffer, row, row_time, 0, mono_ns, utc_ns)
        return units

    def _receive_plain(
        self, buffer: Buffer, row: Bounds, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        """Payloads of plain packets of one RTP time."""
        count = len(row)
        self._reorder.expected = self._reorder.expected + count & SEQUENCE_MASK
        self._packets += count
        self._bytes += sum([end - start for start, end in row]) + count * HEADER_SIZE
        if rtp_time != self._rtp_time:
            self._rtp_time = rtp_time
            self._reception.arrive(rtp_time, mono_ns)
        return self._push_row(buffer, row, rtp_time, marker, mono_ns, utc_ns)

    def receive_rtcp(self, buffer: Buffer, start: int, end: int, mono_ns: int) -> None:
        """Take the RTCP packet in `buffer[start:end]`.

        Its SSRC is not compared: some devices report under another one than they send with, and the
        channel or port already says whose report it is.
        """
        news = rtcp.parse(buffer, start, end, mono_ns)
        self._malformed_rtcp += news.malformed
        self._goodbye = self._goodbye or news.goodbye
        if news.sender_report is not None:
            self._sender_report = news.sender_report

    def due(self, mono_ns: int) -> Sequence[AccessUnit]:
        """What comes free because something has been waited for too long. Ask some ten times a second (UDP)."""
        return self._drain(mono_ns) if self._reorder.held else ()

    def flush(self) -> Sequence[AccessUnit]:
        """The stream has ended: all that waits, and the open unit as far as it came."""
        return [*self._drain(0, everything=True), *self._depacketizer.flush()]

    @property
    def sender_report(self) -> SenderReport | None:
        """The newest one of the present source."""
        return self._sender_report

    @property
    def goodbye(self) -> bool:
        """The device has said by RTCP BYE that it stops."""
        return self._goodbye

    def receiver_report(self, mono_ns: int) -> bytes:
        """The RTCP packet to send now: an RR over the interval since the last call, and our CNAME."""
        if self._ssrc < 0:
            return rtcp.build_receiver_report(own_ssrc(0), None)
        block = self._reception.report(
            self._ssrc, self._packets, self._lost, self._reorder.expected, self._sender_report, mono_ns
        )
        return rtcp.build_receiver_report(own_ssrc(self._ssrc), block)

    def statistics(self) -> ReceiverStatistics:
        return ReceiverStatistics(
            packets=self._packets,
            bytes=self._bytes,
            lost=self._lost,
            duplicates=self._reorder.duplicates,
            reordered=self._reorder.reordered,
            restarts=self._reorder.restarts,
            strangers=self._strangers,
            source_changes=self._source_changes,
            malformed=self._malformed + self._depacketizer.malformed,
            malformed_rtcp=self._malformed_rtcp,
            oversized=self._depacketizer.oversized,
            jitter=self._reception.jitter,
            closing=self._depacketizer.closing,
            payload_type=self._payload_type,
            ssrc=None if self._ssrc < 0 else self._ssrc,
        )

    def _receive_unusual(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> Sequence[AccessUnit]:
        """The first packet, one out of order, one with padding or extension, a stranger, or no RTP at all."""
        if end - start > 1 and buffer[start + 1] in RTCP_TYPES and buffer[start + 1] != self._payload_type | MARKER:
            self.receive_rtcp(buffer, start, end, mono_ns)  # some devices send both on one channel (RFC 5761)
            return ()
        bounds = payload_bounds(buffer, start, end)
        if bounds is None:
            self._malformed += 1
            return ()
        _, second, sequence, rtp_time, ssrc = unpack_header(buffer, start)
        if second & PAYLOAD_TYPE_MASK != self._payload_type or (ssrc != self._ssrc and self._ssrc >= 0):
            return self._receive_stranger(buffer, start, end, mono_ns, utc_ns)
        self._ssrc = ssrc
        self._probation.clear()
        packet = (bytes(buffer[bounds[0] : bounds[1]]), rtp_time, second & MARKER, mono_ns, utc_ns)
        self._reorder.offer(sequence, packet)
        return self._drain(mono_ns)

    def _receive_stranger(
        self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        self._strangers += 1
        proven = self._probation.watch(buffer, start, end, mono_ns, utc_ns, self._packets)
        if not proven:
            return ()
        units: list[AccessUnit] = []
        _, second, _, _, ssrc = unpack_header(proven[0][0])
        if ssrc != self._ssrc:
            units.extend(self.flush())
            self._reorder.forget()
            self._reception.restart(self._packets, self._lost)
            if self._sender_report is not None and self._sender_report.ssrc != ssrc:
                self._sender_report = None  # told the RTP clock of the source before
        self._source_changes += 1
        self._payload_type = second & PAYLOAD_TYPE_MASK
        self._ssrc = ssrc
        for packet, packet_mono_ns, packet_utc_ns in proven:
            units.extend(self.receive(packet, 0, len(packet), packet_mono_ns, packet_utc_ns))
        return units

    def _drain(self, mono_ns: int, *, everything: bool = False) -> Sequence[AccessUnit]:
        """Everything whose turn it is, in order."""
        units: list[AccessUnit] = []
        restarts = self._reorder.restarts
        while (taken := self._reorder.take(mono_ns, everything=everything)) is not None:
            lost, (payload, rtp_time, marker, packet_mono_ns, packet_utc_ns) = taken
            if lost:
                self._lost += lost
                self._depacketizer.lose(lost)
            elif restarts != self._reorder.restarts:
                restarts = self._reorder.restarts
                self._reception.restart(self._packets, self._lost)
                self._depacketizer.lose(0)
            self._packets += 1
            self._bytes += HEADER_SIZE + len(payload)
            if rtp_time != self._rtp_time:
                self._rtp_time = rtp_time
                self._reception.arrive(rtp_time, packet_mono_ns)
            units.extend(self._push(payload, 0, len(payload), rtp_time, marker, packet_mono_ns, packet_utc_ns))
        return units


def own_ssrc(theirs: int) -> int:
    """Ours only has to differ from the device's: there are two on the line."""
    return theirs ^ 0x4D4A_4D4A

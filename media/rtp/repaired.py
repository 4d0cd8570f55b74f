"""One track of a WebRTC publisher: a `TrackReceiver` that asks for what is missing, and says how it hears.

A session calls `receive` for each decrypted packet, and when `feedback_at_ns` has come, `feedback_due`,
which has everything that is to be said: receiver report, NACK, PLI and transport-wide feedback.

The packet path is `receive`: Chromium puts a header extension into every packet, so the plain packet
here is one with or without extension, next in order. It costs the header, one look at the extension
and one entry of an arrival; no object, await, log or exception.

Not here: decryption (media.srtp), which source belongs to which track (the session), sockets.

Bounds: `REPAIR_PACKETS_MAX` packets of at most `PACKET_MAX_BYTES` wait for order and repairs, no longer than
`PATIENCE_MAX_NS`. Nothing a device sends raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from media.access_unit import AccessUnit
from media.rtp.cutting import has_sets
from media.rtp.feedback import build_nack, build_picture_loss, parse_feedback
from media.rtp.header_extension import (
    EXTENSION_BEGINNING_SIZE,
    ONE_BYTE,
    transport_sequence,
    unpack_extension_beginning,
)
from media.rtp.nacks import ROUND_TRIP_NS, NackGenerator
from media.rtp.packet import (
    HEADER_SIZE,
    MARKER,
    PAYLOAD_TYPE_MASK,
    PLAIN,
    SEQUENCE_MASK,
    Buffer,
    payload_bounds,
    unpack_header,
)
from media.rtp.receiver import TrackReceiver, own_ssrc
from media.rtp.reorder import DROPOUT_MAX, MISORDER_ALL, MISORDER_MAX, UDP_START_WAIT_NS, ReorderBuffer
from media.rtp.rtcp import build_receiver_report
from media.rtp.rtx import RTX_HEADER_SIZE, unwrap_rtx
from media.rtp.transport_feedback import TransportArrivals
from media.track import Codec

PACKET_MAX_BYTES = 2_048  # longer than any datagram that the Internet carries whole; longer is counted as malformed
REPAIR_PACKETS_MAX = 1_024  # 9 Mbit/s for as long as the longest patience: 1.2 MB a track, 2 MiB at the worst
REPORT_INTERVAL_NS = 1_000_000_000  # libwebrtc's of video; RFC 3550's five are too slow for its rate control
PICTURE_REQUEST_INTERVAL_NS = 500_000_000  # a key picture is ten others: more often would choke the link that lost one
# Browsers and phones make a key picture when asked, and else none for minutes. A viewer, a segment and a search begin
# with one. Recorders have them at most 4 s apart by themselves, and are never asked.
KEY_PICTURES_APART_NS = 5_000_000_000
BESIDE_TRANSPORT_MAX = (
    280  # bytes; of 1,200 transport-wide feedback takes 830, report and name 52. Else it waits a call
)

_EXTENDED = PLAIN | 0x10  # a header extension and nothing else unusual
_SETS_FMTP = ("sprop-parameter-sets", "sprop-sps")  # RFC 6184, 8.1; RFC 7798, 7.1
_VIDEO = (Codec.H264, Codec.H265)


@dataclass(frozen=True, slots=True)
class RepairStatistics:
    """Counts since the track began; those of `ReceiverStatistics` are after repair."""

    asked: int  # numbers named in a NACK, each time
    repaired: int
    unrepaired: int
    overruns: int  # holes too long to ask for
    useless: int  # retransmissions of what nobody missed, or that came too late
    pictures_asked: int  # PLI sent
    round_trip_ns: int


class RepairedReceiver(TrackReceiver):
    """Receives one track of a WebRTC publisher.

    `rtx_payload_type`, `nack` and `picture_loss` are what the SDP agreed on; `transport_element` is the id of the
    transport-wide number's header extension (0: none), whose arrivals all tracks of a session note in `transport`.
    """

    def __init__(
        self,
        codec: Codec,
        payload_type: int,
        clock_rate: int,
        fmtp: Mapping[str, str],
        *,
        rtx_payload_type: int = -1,
        nack: bool = True,
        picture_loss: bool = True,
        transport: TransportArrivals | None = None,
        transport_element: int = 0,
        round_trip_ns: int = ROUND_TRIP_NS,
        start_wait_ns: int = UDP_START_WAIT_NS,
    ) -> None:
        super().__init__(codec, payload_type, clock_rate, fmtp, reorder=True, start_wait_ns=start_wait_ns)
        self._nacks = NackGenerator(round_trip_ns=round_trip_ns)
        if nack:
            self._reorder = ReorderBuffer(
                max_packets=REPAIR_PACKETS_MAX,
                max_age_ns=self._nacks.patience_ns,
                start_wait_ns=start_wait_ns,
                misorder_max=MISORDER_ALL,
            )
        self.feedback_at_ns = 0  # when `feedback_due` next has something to say; at once, as nothing was said yet
        self._nack = nack
        self._rtx_payload_type = rtx_payload_type
        self._transport = transport if transport_element else None
        self._transport_element = transport_element
        self._transport_head = transport_element << 4 | 1  # of the number as the first element of one byte's head
        self._report_at_ns = 0
        self._codec = codec
        self._video = codec in _VIDEO
        self._sets_known = any(name.lower() in _SETS_FMTP for name in fmtp)
        self._asks_pictures = picture_loss and self._video
        self._picture_wanted = False
        self._picture_seen = False  # a key picture has come whole
        self._picture_at_ns = 0  # not before
        self._key_picture_ns = 0  # when the newest came
        self._lost_noted = 0
        self._restarts_noted = 0
        self._useless = 0
        self._pictures_asked = 0

    def receive(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> Sequence[AccessUnit]:
        """Take the RTP packet in `buffer[start:end]`, received now; nothing of the buffer is kept.

        The same as `TrackReceiver.receive`, and retransmissions may be among them.
        """
        if end - start > HEADER_SIZE:
            first, second, sequence, rtp_time, ssrc = unpack_header(buffer, start)
            payload = start + HEADER_SIZE
            if first == _EXTENDED and payload + EXTENSION_BEGINNING_SIZE <= end:
                profile, words, head, number = unpack_extension_beginning(buffer, payload)
                payload += 4 + 4 * words
                transport = self._transport
                if transport is not None and payload <= end:
                    if head == self._transport_head and profile == ONE_BYTE and words:  # nothing else was agreed on
                        transport.arrive(number, mono_ns)
                        if transport.feedback_at_ns < self.feedback_at_ns:
                            self.feedback_at_ns = transport.feedback_at_ns
                    else:
                        self._note_transport(buffer, start + HEADER_SIZE, payload, mono_ns)
                first = PLAIN
            reorder = self._reorder
            if (
                sequence == reorder.expected
                and ssrc == self._ssrc
                and second & PAYLOAD_TYPE_MASK == self._payload_type
                and first == PLAIN
                and payload < end
                and not reorder.held
            ):
                reorder.expected = (sequence + 1) & SEQUENCE_MASK
                self._packets += 1
                self._bytes += end - start
                if rtp_time != self._rtp_time:
                    self._rtp_time = rtp_time
                    self._reception.arrive(rtp_time, mono_ns)
                units = self._push(buffer, payload, end, rtp_time, second & MARKER, mono_ns, utc_ns)
                if units and self._video:
                    self._look_at(units)
                return units
        return self._receive_out_of_order(buffer, start, end, mono_ns, utc_ns)

    def due(self, mono_ns: int) -> Sequence[AccessUnit]:
        """What comes free because a repair has been waited for too long. Ask some fifty times a second."""
        if not (self._reorder.held or self._picture_wanted):
            return ()
        return self._noticed(self._drain(mono_ns))

    def flush(self) -> Sequence[AccessUnit]:
        """As ever; another source may follow, whose first picture is a matter of its own."""
        self._nacks.forget()
        self._sets_known = self._sets_known or self._picture_seen
        self._picture_seen = False
        return super().flush()

    def receive_rtcp(self, buffer: Buffer, start: int, end: int, mono_ns: int) -> None:
        """Take the RTCP packet in `buffer[start:end]`, as far as it is of this track's source.

        All tracks of a session share its port, and a peer may report on several sources in one packet (RFC 8108).
        """
        told = parse_feedback(buffer, start, end, mono_ns)
        self._malformed_rtcp += told.malformed
        for report in told.sender_reports:
            if self._ssrc in (report.ssrc, -1):
                self._sender_report = report
        self._goodbye = self._goodbye or self._ssrc in told.goodbyes or (self._ssrc < 0 and bool(told.goodbyes))

    @property
    def picture_seen(self) -> bool:
        """A key picture of the present source has come whole."""
        return self._picture_seen

    def want_key_picture(self) -> None:
        """A viewer waits for one: it is asked of the device with the next feedback, as often as is right."""
        if self._asks_pictures and not self._picture_wanted:
            self._picture_wanted = True
            self.feedback_at_ns = min(self.feedback_at_ns, self._picture_at_ns)

    def feedback_due(self, mono_ns: int) -> bytes:
        """The RTCP to send now, one datagram of at most 1,200 bytes, in the clear; empty when there is nothing to say.

        Cheap before `feedback_at_ns`.
        """
        if mono_ns < self.feedback_at_ns:
            return b""
        own, theirs = own_ssrc(max(0, self._ssrc)), max(0, self._ssrc)
        report = b""
        if mono_ns >= self._report_at_ns:
            report = self.receiver_report(mono_ns)
            self._report_at_ns = mono_ns + REPORT_INTERVAL_NS
        said = b""
        if self._nacks.next_ns and mono_ns >= self._nacks.next_ns:
            asked = self._nacks.due(mono_ns)
            if asked:
                said += build_nack(own, theirs, asked)
        if self._picture_wanted and mono_ns >= self._picture_at_ns and self._ssrc >= 0:
            said += build_picture_loss(own, theirs)
            self._pictures_asked += 1
            self._picture_at_ns = mono_ns + PICTURE_REQUEST_INTERVAL_NS
        transport = self._transport
        if transport is not None and len(said) <= BESIDE_TRANSPORT_MAX and transport.due(mono_ns):
            said += transport.feedback(own, theirs, mono_ns)
        self._plan()
        if said and not report:  # RFC 3550, 6.1: feedback alone would need a=rtcp-rsize on both sides
            report = build_receiver_report(own, None)
        return report + said

    def repairs(self) -> RepairStatistics:
        nacks = self._nacks
        return RepairStatistics(
            asked=nacks.asked,
            repaired=nacks.repaired,
            unrepaired=nacks.unrepaired,
            overruns=nacks.overruns,
            useless=self._useless,
            pictures_asked=self._pictures_asked,
            round_trip_ns=nacks.round_trip_ns,
        )

    def _receive_out_of_order(
        self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        """A packet that waits or was waited for, a retransmission, or anything unusual."""
        if end - start > PACKET_MAX_BYTES:
            self._malformed += 1
            return ()
        if self._transport is not None and end > start and buffer[start] & _EXTENDED == _EXTENDED != buffer[start]:
            # With padding, as probes of the link are: untold, they would be lost packets to the sender.
            bounds = payload_bounds(buffer, start, end)
            if bounds is not None:
                at = start + HEADER_SIZE + 4 * (buffer[start] & 0x0F)
                self._note_transport(buffer, at, bounds[0], mono_ns)
        if end - start >= HEADER_SIZE:
            _, second, sequence, _, ssrc = unpack_header(buffer, start)
            kind = second & PAYLOAD_TYPE_MASK
            if kind == self._rtx_payload_type:  # without NACK only probes: five in a row would be a new source
                return self._receive_again(buffer, start, end, mono_ns, utc_ns) if self._nack else ()
            known = kind == self._payload_type and (ssrc == self._ssrc or self._ssrc < 0)
            if self._nack and known and payload_bounds(buffer, start, end) is not None:
                self._arrived(sequence, mono_ns)
        return self._noticed(self._receive_unusual(buffer, start, end, mono_ns, utc_ns))

    def _receive_again(self, buffer: Buffer, start: int, end: int, mono_ns: int, utc_ns: int) -> Sequence[AccessUnit]:
        """A retransmission (RFC 4588): the packet as it was first, but for its header extensions."""
        bounds = payload_bounds(buffer, start, end)
        if bounds is None:
            self._malformed += 1
            return ()
        sequence = unwrap_rtx(buffer, *bounds)
        if sequence < 0 or self._ssrc < 0:
            return ()  # a probe of the link; or nobody knows yet what it repeats
        if (sequence - self._reorder.expected) & SEQUENCE_MASK >= DROPOUT_MAX or sequence in self._reorder.held:
            self._useless += 1
            self._nacks.came_again(sequence, mono_ns)
            return ()
        self._arrived(sequence, mono_ns)
        _, second, _, rtp_time, _ = unpack_header(buffer, start)
        payload = bytes(buffer[bounds[0] + RTX_HEADER_SIZE : bounds[1]])
        self._reorder.offer(sequence, (payload, rtp_time, second & MARKER, mono_ns, utc_ns))
        return self._noticed(self._drain(mono_ns))

    def _note_transport(self, buffer: Buffer, start: int, end: int, mono_ns: int) -> None:
        """Note the arrival of a packet whose header extension is `buffer[start:end]`."""
        transport = self._transport
        number = transport_sequence(buffer, start, end, self._transport_element)
        if transport is not None and number >= 0:
            transport.arrive(number, mono_ns)
            if transport.feedback_at_ns < self.feedback_at_ns:
                self.feedback_at_ns = transport.feedback_at_ns

    def _arrived(self, sequence: int, mono_ns: int) -> None:
        nacks, reorder = self._nacks, self._reorder
        overruns = nacks.overruns
        if reorder.begins and 0 < (reorder.expected - sequence) & SEQUENCE_MASK <= MISORDER_MAX:
            nacks.began_before(sequence, reorder.expected, mono_ns)
        elif nacks.arrived(sequence, reorder.expected, mono_ns):
            reorder.max_age_ns = nacks.patience_ns
        if nacks.overruns != overruns:
            self.want_key_picture()
        if nacks.next_ns:
            self.feedback_at_ns = min(self.feedback_at_ns, nacks.next_ns)

    def _noticed(self, units: Sequence[AccessUnit]) -> Sequence[AccessUnit]:
        """What came out of the unusual way: was something given up, and is a key picture needed?"""
        lost, restarts = self._lost, self._reorder.restarts
        if restarts != self._restarts_noted:
            self._nacks.forget()
        if lost != self._lost_noted:
            self._nacks.give_up(self._reorder.expected)
        if (lost, restarts) != (self._lost_noted, self._restarts_noted):
            self._lost_noted, self._restarts_noted = lost, restarts
            self.want_key_picture()
        if self._picture_wanted:  # perhaps since before the source was known
            self.feedback_at_ns = min(self.feedback_at_ns, self._picture_at_ns)
        if units and self._video:
            self._look_at(units)
        return units

    def _look_at(self, units: Sequence[AccessUnit]) -> None:
        """Once a picture: does what comes decode, and is the next key picture due?"""
        for unit in units:
            if unit.key and not unit.damaged and (self._picture_seen or self._decodes(unit)):
                self._picture_wanted = False
                self._picture_seen = True
                self._key_picture_ns = unit.received_mono_ns
            elif (
                unit.damaged
                or unit.lost_packets
                or not self._picture_seen
                or unit.received_mono_ns - self._key_picture_ns >= KEY_PICTURES_APART_NS
            ):
                self.want_key_picture()

    def _decodes(self, unit: AccessUnit) -> bool:
        """Whether a first key picture has its parameter sets: what was lost before the first packet, nobody misses."""
        return self._sets_known or has_sets(self._codec, unit.payload)

    def _plan(self) -> None:
        """When `feedback_due` next has something to say."""
        at_ns = self._report_at_ns
        if self._nacks.next_ns:
            at_ns = min(at_ns, self._nacks.next_ns)
        if self._picture_wanted and self._ssrc >= 0:
            at_ns = min(at_ns, self._picture_at_ns)
        if self._transport is not None and self._transport.arrivals:
            at_ns = min(at_ns, self._transport.feedback_at_ns)
        self.feedback_at_ns = at_ns

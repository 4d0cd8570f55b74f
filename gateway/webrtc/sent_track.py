"""One track on its way to one viewer: its SSRC, its numbers, its protection, and what of it is sent again.

The packet path of WHEP: once a picture and viewer `protect` and one `send`, of payloads that all viewers share.
Not here: what a viewer is sent (viewer), what is in a unit (outlet), sockets (port).

Invariants: no two SSRCs of a session are alike, for they share a key (RFC 3711, 9.1); `ViewerRepairs` and `SrtpSender`
count the same packets, from the same first number on.
"""

import secrets
from collections.abc import Sequence

from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.port import Address, UdpPort
from media.fmp4 import ntp_from_utc_ns
from media.rtp import SenderReport, SentHistory, ViewerRepairs, build_goodbye, build_sender_report, wrap_rtx
from media.sdp import ChosenMedia, Sent
from media.srtp import FIRST_SEQUENCE_MAX, SessionKeys, SrtpSender

_HEADER_BYTES = 12


class SentTrack:
    """Made for the answer; `key` makes it able to send."""

    def __init__(self, chosen: ChosenMedia, history: SentHistory, sent: Sent) -> None:
        self.chosen = chosen
        self.time_shift = 0  # what is added to the RTP times of the units that are sent
        self.last_rtp_time: int | None = None  # not wrapped
        self.sent = sent
        self._payload_type = chosen.format.payload_type
        self._rtx_payload_type = chosen.rtx_payload_type
        self._first_sequence = secrets.randbelow(FIRST_SEQUENCE_MAX + 1)
        self._repairs = ViewerRepairs(history, sequence=self._first_sequence)
        self._sender: SrtpSender | None = None
        self._rtx_sender: SrtpSender | None = None
        self._overhead = 0  # bytes of a datagram beside its payload
        self._packets = 0
        self.octets = 0  # of payload that were sent, repairs apart

    @property
    def ssrc(self) -> int:
        return self.sent.ssrc

    @property
    def repaired(self) -> int:
        """Packets that were sent again."""
        return self._repairs.answered

    def key(self, keys: SessionKeys, tag_bytes: int) -> None:
        """The keys of our direction are known."""
        self._sender = SrtpSender(keys, self.sent.ssrc, self._first_sequence)
        self._overhead = _HEADER_BYTES + tag_bytes
        if self.sent.rtx_ssrc is not None:
            self._rtx_sender = SrtpSender(keys, self.sent.rtx_ssrc, secrets.randbelow(FIRST_SEQUENCE_MAX + 1))

    def follow(self, history: SentHistory, time_shift: int) -> None:
        """What is sent from now on is in this history, at times that are so much less than the viewer's."""
        self.time_shift = time_shift
        self._repairs.follow(history, time_shift)

    def send(self, unit: CutUnit, port: UdpPort, address: Address) -> None:
        """Protect a unit for this viewer and send it."""
        # Hot: once a picture and viewer.
        sender, payloads = self._sender, unit.payloads
        assert sender is not None
        self.last_rtp_time = rtp_time = unit.rtp_time + self.time_shift
        if unit.number < 0:
            self._repairs.send_own(unit.cuts(rtp_time))
        else:
            self._repairs.send(unit.number, len(payloads))
        self._packets += len(payloads)
        self.octets += unit.size_bytes
        buffers = sender.protect(payloads, rtp_time, self._payload_type, mark_last=unit.marked)
        runs, overhead = unit.runs, self._overhead
        if len(runs) == 1:
            port.send(buffers, address, runs[0][2] + overhead)
            return
        for first, end, size in runs:
            port.send(buffers[2 * first : 2 * end], address, size + overhead)

    def send_again(
        self, nacked: Sequence[int], mono_ns: int, round_trip_ns: int, port: UdpPort, address: Address
    ) -> None:
        """Answer a NACK: by RTX where that was agreed on, else by the very bytes that were sent."""
        rtx, sender = self._rtx_sender, self._sender
        assert sender is not None
        for sequence, (payload, rtp_time, marker) in self._repairs.answer(nacked, mono_ns, round_trip_ns):
            if rtx is not None and self._rtx_payload_type is not None:
                wrapped = wrap_rtx(sequence & 0xFFFF, payload)
                packet = rtx.protect((wrapped,), rtp_time, self._rtx_payload_type, mark_last=bool(marker))
            else:
                packet = sender.protect_again(
                    sequence & 0xFFFF, payload, rtp_time, self._payload_type, marked=bool(marker)
                )
            port.send(packet, address)

    def forget_own(self) -> None:
        """What was sent at times of its own is not sent again any more."""
        self._repairs.forget_own()

    def report(self, utc_ns: int, rtp_time: int) -> bytes:
        """A sender report: this instant by both clocks, and what was sent so far."""
        counts = self._packets & 0xFFFF_FFFF, self.octets & 0xFFFF_FFFF
        wrapped = rtp_time & 0xFFFF_FFFF
        return build_sender_report(SenderReport(ntp_from_utc_ns(utc_ns), wrapped, 0, self.sent.ssrc, *counts))

    def goodbye(self) -> bytes:
        """The end of the source (RFC 3550, 6.6), to stand behind a report."""
        return build_goodbye(self.sent.ssrc)

"""One track of a WHIP publisher on its way out: numbered, protected, sent by the picture, and again where it was lost.

Payloads are shared by all devices and packetized once; what a device adds to a packet is twelve bytes of header, a
transport-wide number and a ciphertext. Packets of one size go out in one call that the kernel cuts (UDP_SEGMENT).

Not here: when (player.py), the connection (whip_link.py).
"""

import random
from collections.abc import Callable, Sequence

from media.rtp import SenderReport, SentHistory, ViewerRepairs, build_sender_report, transport_extension, wrap_rtx
from media.srtp import SrtcpSender, SrtpSender
from mingjing.webrtc_client import BATCH_MAX_BYTES, SEGMENTS_MAX
from storage import Clock

ROUND_TRIP_NS = 40_000_000  # a repair is not sent twice within half of it; a server asks again after a whole one

_MASK_32 = 0xFFFF_FFFF
_MARKER = 0x80

Send = Callable[[Sequence[bytes], int], bool]


class TransportNumbers:
    """Numbers all packets of a session in a header extension; `element` 0: nobody wants them."""

    def __init__(self, element: int) -> None:
        self._element = element
        self._next = 0

    def take(self, count: int) -> list[bytes]:
        """Extensions for so many packets; none where there are no numbers."""
        if not self._element:
            return []
        first, self._next = self._next, self._next + count
        return [transport_extension(self._element, first + place & 0xFFFF) for place in range(count)]


class WebRtcSender:
    """A `Sender`; `marks` where the last packet of a unit has the marker: a picture.

    `repairs` sends what was lost, under a number of its own (RTX); None: the server did not want it. Each datagram is
    lost with probability `loss`, repairs too; the lost ones keep their numbers.
    """

    def __init__(
        self,
        send: Send,
        media: SrtpSender,
        ssrc: int,
        payload_type: int,
        numbers: TransportNumbers,
        reports: SrtcpSender,
        *,
        repairs: SrtpSender | None,
        rtx_payload_type: int,
        marks: bool,
        loss: float,
        chance: random.Random,
        clock: Clock,
    ) -> None:
        self._send = send
        self._media = media
        self._ssrc = ssrc
        self._payload_type = payload_type
        self._numbers = numbers
        self._reports = reports
        self._repairs = repairs
        self._rtx_payload_type = rtx_payload_type
        self._marks = marks
        self._loss = loss
        self._chance = chance
        self._clock = clock
        self._history = SentHistory()
        self._sent = ViewerRepairs(self._history, sequence=media.next_sequence)
        self.packets = self.octets = self.packets_dropped = self.packets_repaired = 0

    def send(self, payloads: Sequence[bytes], rtp_time: int) -> bool:
        # Hot: once a picture and device.
        count = len(payloads)
        extensions = self._numbers.take(count)
        buffers = self._media.protect(
            payloads, rtp_time, self._payload_type, mark_last=self._marks, extensions=extensions
        )
        if self._repairs is not None:
            cuts = [(payload, rtp_time, 0) for payload in payloads]
            cuts[-1] = (payloads[-1], rtp_time, _MARKER if self._marks else 0)
            self._sent.send(self._history.append(cuts, self._clock.mono_ns()), count)
        self.packets += count
        self.octets += sum(map(len, payloads))
        return self._put(buffers)

    def repair(self, nacked: Sequence[int], now_ns: int) -> None:
        """Send again what the server asks for, as far as it is still here."""
        if self._repairs is None:
            return
        for sequence, (payload, rtp_time, marker) in self._sent.answer(nacked, now_ns, ROUND_TRIP_NS):
            wrapped = wrap_rtx(sequence & 0xFFFF, payload)
            extensions = self._numbers.take(1)
            self.packets_repaired += self._put(
                self._repairs.protect(
                    (wrapped,), rtp_time, self._rtx_payload_type, mark_last=bool(marker), extensions=extensions
                )
            )

    def report(self, ntp: int, rtp_time: int) -> None:
        packets, octets = self.packets & _MASK_32, self.octets & _MASK_32
        said = build_sender_report(SenderReport(ntp, rtp_time & _MASK_32, 0, self._ssrc, packets, octets))
        if not self._send((self._reports.protect(said),), 0):
            self.packets_dropped += 1

    def _put(self, buffers: list[bytes]) -> bool:
        """Send packets, header and ciphertext in turn, in as few calls as their sizes allow; whether all went out."""
        dropped = 0
        if self._loss:
            kept = [place for place in range(0, len(buffers), 2) if self._chance.random() >= self._loss]
            dropped = len(buffers) // 2 - len(kept)
            buffers = [buffer for place in kept for buffer in buffers[place : place + 2]]
        start = 0
        while start < len(buffers):
            end, size = _batch(buffers, start)
            if not self._send(buffers[start:end], size if end - start > 2 else 0):
                dropped += (end - start) // 2
            start = end
        self.packets_dropped += dropped
        return not dropped


def _batch(buffers: Sequence[bytes], start: int) -> tuple[int, int]:
    """Where the packets end that the kernel can cut out of one message, and their size: the last may be shorter."""
    size = len(buffers[start]) + len(buffers[start + 1])
    stop = min(len(buffers), start + 2 * min(SEGMENTS_MAX, BATCH_MAX_BYTES // size))
    end = start + 2
    while end < stop:
        following = len(buffers[end]) + len(buffers[end + 1])
        if following > size:
            break
        end += 2
        if following < size:
            break
    return end, size

"""Opus (RFC 7587) and G.711 (RFC 3551, 4.5.14): one packet is one access unit.

A G.711 unit is as long as the device made its packet, mostly 20 to 100 ms. The marker only tells
the begin of a talkspurt and ends nothing.
"""

from collections.abc import Sequence

from media.access_unit import AccessUnit
from media.rtp.depacketizer import Closing, SoundDepacketizer
from media.rtp.packet import Buffer


class FrameDepacketizer(SoundDepacketizer):
    """Payload in, the same bytes out. An empty payload (a keep-alive) is no unit."""

    def __init__(self) -> None:
        self.malformed = 0
        self.oversized = 0
        self.closing = Closing.MARKER
        self._lost = 0

    def push(
        self, buffer: Buffer, start: int, end: int, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        if start == end:
            return ()
        lost, self._lost = self._lost, 0
        return (AccessUnit((bytes(buffer[start:end]),), rtp_time, mono_ns, utc_ns, True, lost),)

    def lose(self, packets: int) -> None:
        self._lost += packets

    def flush(self) -> Sequence[AccessUnit]:
        return ()


def packetize_g711(samples: bytes, *, payload_bytes_max: int) -> list[bytes]:
    """One frame as RTP payloads: a packet each, so a frame over the limit becomes several of its own."""
    return [samples[at : at + payload_bytes_max] for at in range(0, len(samples), payload_bytes_max)]

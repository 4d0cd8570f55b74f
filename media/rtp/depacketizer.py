"""What every payload format offers to the receiver."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from media.access_unit import AccessUnit
from media.rtp.packet import Buffer


class Closing(StrEnum):
    """What ends a picture of a stream."""

    MARKER = "marker"  # the marker bit, as the payload formats want it; a new RTP time if it was lost
    RTP_TIME = "rtp_time"  # only a new RTP time: this stream has sent on after a marker


Bounds = Sequence[tuple[int, int]]  # start and end of each in one buffer, in order


class Depacketizer(Protocol):
    """Payloads of one track in sequence order in, access units out. Never raises on what a device sends."""

    malformed: int  # payloads, or parts of them, that broke their format and were left out
    oversized: int  # units given up because they passed a limit
    closing: Closing

    def push(
        self, buffer: Buffer, start: int, end: int, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        """Take the payload in `buffer[start:end]`; nothing of the buffer is kept."""

    def push_row(
        self, buffer: Buffer, bounds: Bounds, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        """Take payloads in a row that share their RTP time; only the last may have the marker."""

    def lose(self, packets: int) -> None:
        """So many packets are missing before the next one; with 0, nobody can say how many."""

    def flush(self) -> Sequence[AccessUnit]:
        """The source has ended: what is open is all that will come."""


class SoundDepacketizer:
    """What those of sound share: a row is one packet mostly, and nothing is won by taking more together."""

    def push(
        self, buffer: Buffer, start: int, end: int, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        raise NotImplementedError

    def push_row(
        self, buffer: Buffer, bounds: Bounds, rtp_time: int, marker: int, mono_ns: int, utc_ns: int
    ) -> Sequence[AccessUnit]:
        return [
            unit for start, end in bounds for unit in self.push(buffer, start, end, rtp_time, marker, mono_ns, utc_ns)
        ]

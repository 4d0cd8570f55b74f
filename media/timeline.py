"""Where a unit stands in time (docs/design/timeline.md)."""

from typing import NamedTuple


class Placement(NamedTuple):
    """Where one access unit stands. A tuple and not a dataclass: 5,000 are made a second."""

    pts: int  # ticks of the track's clock since the stream's anchor; runs on over jumps; may go back among B-frames
    rtp_time: int  # extended beyond 32 bits, as the device counted
    placed_utc_ns: int
    device_ntp: int  # 64-bit NTP of the device's own clock at this unit, by its last SR; 0 when it has not said
    delay_ns: int  # receive minus RTP time, less the smallest of the last minutes
    hole_ns: int  # RTP time passed over beyond the usual interval: media that was never there; 0 mostly
    reanchored: bool  # RTP time jumped as no clock does; placed time goes on by receive time


class TrackTimeline:
    def place(self, rtp_time: int, received_mono_ns: int, received_utc_ns: int) -> Placement:
        """Place the next unit, in decode order."""
        raise NotImplementedError

    def sender_report(self, ntp: int, rtp_time: int, received_mono_ns: int) -> None:
        """Take in an RTCP SR of this track (RFC 3550, 6.4.1)."""
        raise NotImplementedError


class Timeline:
    """One a stream."""

    def track(self, clock_rate: int) -> TrackTimeline:
        """A new track of the stream; tracks share the anchor."""
        raise NotImplementedError

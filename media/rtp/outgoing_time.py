"""RTP time of one track on its way out: the device's own, shifted by a constant, over all of its streams.

Within a stream every stamp keeps its exact distance. When a device comes back, or its clock jumps, RTP time goes on
by placed time, so that a receiver sees a pause and no new source.

Not here: headers and numbers (sender; gateway.webrtc).
"""

from media.rtp.packet import RTP_TIME_MASK

_NS_PER_S = 1_000_000_000


class OutgoingTime:
    """One a channel and track. `rtp_time` is where it begins, any of 32 bits; times that come out are not wrapped."""

    def __init__(self, clock_rate: int, rtp_time: int) -> None:
        self.reordered = False  # in this stream a picture was to be shown before one that came earlier: B-frames
        self._clock_rate = clock_rate
        self._offset: int | None = None  # outgoing less the device's RTP time; None until the next unit says
        self._highest = rtp_time  # outgoing, not wrapped
        self._newest = (0, rtp_time)  # placed UTC and outgoing RTP time of the newest unit

    def break_off(self) -> None:
        """The next unit is of another stream: its RTP time says nothing of how long the pause was."""
        self._offset = None
        self.reordered = False

    def of_unit(self, rtp_time: int, placed_utc_ns: int, *, jumped: bool = False) -> int:
        """The outgoing RTP time of the next unit.

        `rtp_time` is the device's, extended; `jumped` says that it does not continue the unit before.
        """
        if self._offset is None or jumped:
            placed_ns, newest = self._newest
            passed = (placed_utc_ns - placed_ns) * self._clock_rate // _NS_PER_S if placed_ns else 0
            self._offset = max(newest + passed, self._highest + 1) - rtp_time
        outgoing = rtp_time + self._offset
        if outgoing > self._highest:
            self._highest = outgoing
        elif outgoing < self._highest:
            self.reordered = True
        self._newest = placed_utc_ns, outgoing
        return outgoing

    def at(self, placed_utc_ns: int) -> int | None:
        """The outgoing RTP time of an instant, not wrapped; None before the first unit."""
        placed_ns, outgoing = self._newest
        if not placed_ns:
            return None
        return outgoing + (placed_utc_ns - placed_ns) * self._clock_rate // _NS_PER_S

    def placed_at(self, rtp_time: int) -> int:
        """The instant of an outgoing RTP time of the last hours (RFC 3550: 32 bits); the reverse of `at`."""
        placed_ns, outgoing = self._newest
        behind = (outgoing - rtp_time) & RTP_TIME_MASK
        if behind > RTP_TIME_MASK >> 1:  # shown later than the newest: a B-frame is the newest
            behind -= RTP_TIME_MASK + 1
        return placed_ns - behind * _NS_PER_S // self._clock_rate

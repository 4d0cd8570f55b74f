"""Where media is missing within a stream, told from placed times and packet counters.

Late is not missing: a stall that bursts later leaves no hole in RTP time and so no gap. A slower
picture rate is not a gap either: until `PAUSE_MIN_NS` the last picture stands. Where RTP time jumped there
is one, however short: a device whose clock jumps every minute would else lose time that nobody can find.
"""

from media import AccessUnit, GapCause, Placement

PAUSE_MIN_NS = 1_000_000_000  # a picture a second is the slowest rate recorders offer; a longer hole is a pause
LOSS_MIN_INTERVALS = 1.5  # one interval is the distance to the next unit; half of one more is jitter of the sender
FIRST_INTERVAL_NS = 40_000_000  # 25 pictures a second, until the stream has shown its own rate


class GapDetector:
    """Follows one track. `reorder_depth` widens the step that B-frames make without any loss."""

    def __init__(self, reorder_depth: int = 0) -> None:
        self.reorder_depth = reorder_depth
        self.placed_end_ns = 0  # where the footage of this track ends by now
        self._newest_ns = 0
        self._interval_ns = FIRST_INTERVAL_NS

    def missing_before(self, unit: AccessUnit, placement: Placement) -> tuple[GapCause, int] | None:
        """Cause and start (placed UTC, ns) of the gap that ends with this unit, if there is one."""
        if not self._newest_ns:
            return None
        step_ns = placement.placed_utc_ns - self._newest_ns
        usual_ns = (self.reorder_depth + LOSS_MIN_INTERVALS) * self._interval_ns
        if placement.reanchored:  # what is between nobody can say: it is no slower picture rate (I7)
            return (GapCause.RTP_JUMP, self.placed_end_ns) if step_ns > usual_ns else None
        if step_ns > self._interval_ns and step_ns - self._interval_ns >= PAUSE_MIN_NS:
            cause = GapCause.PACKET_LOSS if unit.lost_packets else GapCause.DEVICE_PAUSED
            return cause, self.placed_end_ns
        if unit.lost_packets and step_ns > usual_ns:
            return GapCause.PACKET_LOSS, self.placed_end_ns
        return None

    def passed(self, placement: Placement, duration_ns: int) -> None:
        """Take note of a unit that was kept, and how long it stands."""
        self._interval_ns = duration_ns or self._interval_ns
        self._newest_ns = max(self._newest_ns, placement.placed_utc_ns)
        self.placed_end_ns = self._newest_ns + self._interval_ns

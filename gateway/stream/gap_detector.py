"""Where media is missing within a stream, told from placed times and packet counters.

Late is not missing: a stall that bursts later leaves no hole in RTP time and so no gap. A slower
picture rate is not a gap either: until `PAUSE_MIN_NS` the last picture stands. Where RTP time jumped there
is one, however short: a device whose clock jumps every minute would else lose time that nobody can find.
"""

from collections.abc import Callable

from media import AccessUnit, GapCause, Placement

PAUSE_MIN_NS = 1_000_000_000  # a picture a second is the slowest rate recorders offer; a longer hole is a pause
LOSS_MIN_INTERVALS = 1.5  # one interval is the distance to the next unit; half of one more is jitter of the sender
ROUNDING_NS = 1  # ticks fall between nanoseconds: as many of them are now and then one nanosecond more
BACK_UNITS = 250  # how far back pictures are shown is the greatest of the last 250 to 500: some ten seconds
FIRST_INTERVAL_NS = 40_000_000  # 25 pictures a second, until the stream has shown its own rate


class GapDetector:
    """Follows one track. `reorder_depth` widens the step that B-frames make without any loss; where they are shown
    farther back than that many pictures (a pyramid of three has a depth of two), it is learned from the last of them.

    `began_ns` gives the placed begin of the stream, once its first unit is placed.
    """

    def __init__(self, began_ns: Callable[[], int], reorder_depth: int = 0) -> None:
        self.reorder_depth = reorder_depth
        self._began_ns = began_ns
        self.placed_end_ns = 0  # where the footage of this track ends by now
        self._newest_ns = 0
        self._back_ns = 0  # how far behind the newest a picture has been shown
        self._back_next_ns = 0  # by the units that will be the last ones at the next turn
        self._back_count = 0
        self._interval_ns = FIRST_INTERVAL_NS

    def missing_before(self, unit: AccessUnit, placement: Placement) -> tuple[GapCause, int, int] | None:
        """Cause, start and end (placed UTC, ns) of the gap before this unit, if there is one.

        B-frames that follow the unit are shown before it: the gap leaves room for them.
        """
        placed_ns = placement.placed_utc_ns
        if not self._newest_ns:  # the other track was first, and this one announced like it
            began_ns = self._began_ns()
            late = placed_ns - began_ns >= PAUSE_MIN_NS
            return (GapCause.DEVICE_PAUSED, began_ns, placed_ns) if late else None
        step_ns = placed_ns - self._newest_ns
        missing_min_ns = LOSS_MIN_INTERVALS * self._interval_ns
        if step_ns <= missing_min_ns:  # nearly always, and without a look at B-frames
            return None
        if step_ns <= missing_min_ns + max(self.reorder_depth * self._interval_ns, self._back_ns):
            return None
        if placement.reanchored:  # what is between nobody can say: it is no slower picture rate (I7)
            cause = GapCause.RTP_JUMP
        elif unit.lost_packets:
            cause = GapCause.PACKET_LOSS
        elif step_ns - self._interval_ns >= PAUSE_MIN_NS:
            cause = GapCause.DEVICE_PAUSED
        else:
            return None
        end_ns = placed_ns - max(self._back_ns, self.reorder_depth * self._interval_ns)
        return (cause, self.placed_end_ns, end_ns) if self.placed_end_ns < end_ns else None

    def missing_at_end(self, end_ns: int) -> tuple[GapCause, int, int] | None:
        """The gap up to the end of the stream, where this track ended long before it."""
        start_ns = self.placed_end_ns or self._began_ns()
        return (GapCause.DEVICE_PAUSED, start_ns, end_ns) if end_ns - start_ns >= PAUSE_MIN_NS else None

    def passed(self, placement: Placement, duration_ns: int) -> None:
        """Take note of a unit that was kept, and how long it stands."""
        self._interval_ns = duration_ns or self._interval_ns
        placed_ns = placement.placed_utc_ns
        if placed_ns >= self._newest_ns:
            self._newest_ns = placed_ns
        else:
            self._back_next_ns = max(self._back_next_ns, self._newest_ns - placed_ns + ROUNDING_NS)
            self._back_ns = max(self._back_ns, self._back_next_ns)
        self._back_count += 1
        if self._back_count == BACK_UNITS:
            self._back_ns = self._back_next_ns
            self._back_next_ns = self._back_count = 0
        self.placed_end_ns = self._newest_ns + self._interval_ns

"""How two tracks of one device fit together by their sender reports (RFC 3550, 6.4.1).

A report ties the RTP time of its track to the device's wall clock, right or wrong; two reports by the
same clock tie the tracks to each other. Whether that clock was set in between shows in the receive
times, for reports are sent the moment they are written.

The track of the stream's first unit leads, the other follows. Nothing placed is moved: an error is
mended on the units to come. Forward it may be stepped over at once, which leaves a hole; backward it
is slewed, so that no two frames fall on one another.
"""

from typing import NamedTuple, Protocol

TOGETHER_NS = 200_000_000  # reports written within this are a pair: devices report all their tracks in one go …
PAIR_LATE_NS = 1_000_000_000  # … if they are received within this, or else a stall lies between
JITTER_APART_NS = 50_000_000  # what receive times of others may differ by: clocks are set by less than 1 s, too
DEAD_BAND_NS = 5_000_000  # the times in reports jitter by this much
STEP_NS = 40_000_000  # a forward error beyond one picture is stepped over
EARLY_MAX_NS = 1_000_000_000  # sound overtakes pictures by the length of the encoder's queue, never by more
LATE_MAX_NS = 8_000_000_000  # nor does it lag by more: such reports are not of one clock
LEADER_EXPLAINS_NS = 250_000_000  # how exactly its own lateness must explain an error for the leader to move: B-frames

_NTP_HALF = 1 << 63
_NTP_MASK = (1 << 64) - 1


class SenderReport(NamedTuple):
    """`rtp_time` is extended like that of the track's units."""

    ntp: int
    rtp_time: int
    received_mono_ns: int


class AlignedTrack(Protocol):
    """What alignment asks of a track. Delays are receive time less position."""

    last_delay_ns: int

    @property
    def smallest_delay_ns(self) -> int: ...

    @property
    def report(self) -> SenderReport | None: ...

    def position_ns(self, rtp_time: int) -> int: ...

    def step(self, by_ns: int) -> None: ...

    def owe(self, by_ns: int) -> None: ...


def ntp_difference_ns(later: int, earlier: int) -> int:
    """Signed difference of two 64-bit NTP times, over the change of era as well."""
    return ((later - earlier + _NTP_HALF & _NTP_MASK) - _NTP_HALF) * 1_000_000_000 >> 32


def error_ns(leader: AlignedTrack, follower: AlignedTrack, differ_max_ns: int = JITTER_APART_NS) -> int | None:
    """How much later the follower should stand; None where the reports do not say.

    `differ_max_ns` is for reports that are no pair.
    """
    ours, theirs = leader.report, follower.report
    if ours is None or theirs is None:
        return None
    between_ns = ntp_difference_ns(theirs.ntp, ours.ntp)
    received_ns = theirs.received_mono_ns - ours.received_mono_ns
    together = abs(between_ns) <= TOGETHER_NS and abs(received_ns) <= PAIR_LATE_NS
    if not together and abs(between_ns - received_ns) > differ_max_ns:
        return None  # the clock was set in between, or the link stood
    return leader.position_ns(ours.rtp_time) + between_ns - follower.position_ns(theirs.rtp_time)


def believable(leader: AlignedTrack, follower: AlignedTrack, error: int) -> bool:
    """Whether the follower, moved by `error`, would be about as late as the leader."""
    quickest_ns = leader.smallest_delay_ns
    latest_ns = max(quickest_ns, leader.last_delay_ns)
    return quickest_ns - EARLY_MAX_NS <= follower.last_delay_ns - error <= latest_ns + LATE_MAX_NS


def first_correction_ns(leader: AlignedTrack, follower: AlignedTrack) -> int:
    """How much later the reports put a follower's first unit than its receive time does; nothing is placed yet."""
    error = error_ns(leader, follower, PAIR_LATE_NS)  # better than nothing, and mended by the next pair
    return error if error is not None and believable(leader, follower, error) else 0


def fit(leader: AlignedTrack, follower: AlignedTrack) -> None:
    """Mend what the newest reports show."""
    error = error_ns(leader, follower)
    if error is None:
        return
    if abs(error) <= DEAD_BAND_NS:
        follower.owe(0)
    elif error < -STEP_NS and _explains(leader, error):
        leader.step(-error)  # its RTP clock stood still for so long, while the other one's ran on
    elif error < -LEADER_EXPLAINS_NS and _later_than_explained(leader, error):
        return  # a stall, whose burst may hide that its clock stood: a report soon after it will show
    elif believable(leader, follower, error):
        if error > STEP_NS:
            follower.step(error)
        else:
            follower.owe(error)


def _later_than_explained(leader: AlignedTrack, error: int) -> bool:
    return leader.last_delay_ns + error - leader.smallest_delay_ns > LEADER_EXPLAINS_NS


def _explains(leader: AlignedTrack, error: int) -> bool:
    unexplained_ns = abs(leader.last_delay_ns + error - leader.smallest_delay_ns)
    return unexplained_ns <= min(LEADER_EXPLAINS_NS, -error // 2)

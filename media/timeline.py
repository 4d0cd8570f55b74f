"""Where a unit stands in time (docs/design/timeline.md).

Three clocks come with a unit: RTP time, receive time, and the device's own clock by RTCP SR. None
is corrected by another. Out of RTP and receive time one more is made, once: placed time, by which
footage is ordered, searched and synchronised.

    position = RTP progress since the stream's first unit (the anchor)
    placed   = anchor UTC + position + slew, the slew following the smallest delay at 1000 ppm at most

Wall time is read at the anchor only, so a step of the server's clock moves nothing. Delays are
monotonic receive time minus position.

Not here: from how long a hole is a gap (`gateway.stream`), decode times (`media.decode_order`).
Limits: a jump smaller than `JUMP_LOOK_S` ahead counts as a hole, unless the next unit undoes it; a
device whose RTP clock runs at a wrong rate is placed at that rate.
"""

from typing import NamedTuple

from media.alignment import SenderReport, first_correction_ns, fit
from media.delay_window import SLICE_NS, SLICES, DelayWindow

NS_PER_S = 1_000_000_000
CLOCK_RATE_MAX = 1_000_000  # Hz; the fastest in use is 192,000

BACKWARD_MAX_S = 1  # B-frames step back by a few pictures: 0.6 s at 5 fps; more is a jump. Until an interval is known
JUMP_LOOK_S = 1  # a step ahead beyond the usual interval and this long is compared with the receive time
EARLY_MAX_NS = NS_PER_S  # a unit cannot be this much quicker than the quickest of the last minutes: it is a jump
HOLE_MAX_S = 600  # longer silence is a jump even where the clocks agree: who knows what the device counted
SLEW_PPM = 1_000  # twice the drift of a poor crystal (500 ppm), and inaudible
AHEAD_MAX_MS = 100  # behind a jump, frames that come early stand one after another; but not without end
USUAL_INTERVAL_MAX_S = 1  # a device at less than one picture a second shows a hole each time
RUN_OF_B_FRAMES_MAX = 16  # H.264 and H.265, A.4: pictures; a run of any length has a depth of 1 without a pyramid
USUAL_INTERVAL_UNITS = 16  # the usual interval is the greatest of the last 16 to 32: B-frames come in steps

ALIGN_SLEW_DIVISOR = 20  # alignment moves by 5 % of the progress: half a second in ten, and no frame twice
SENDER_REPORT_NEAR_S = 30  # a report whose RTP time is farther from the units belongs to another count

_WRAP = 1 << 32
_HALF = 1 << 31
_MASK = _WRAP - 1
_NTP_MASK = (1 << 64) - 1
_SLEW_PER_S = SLEW_PPM * NS_PER_S // 1_000_000
_FRESH_NS = SLICE_NS * SLICES


class Placement(NamedTuple):
    """Where one access unit stands. A tuple and not a dataclass: 5,000 are made a second."""

    pts: int  # ticks of the track's clock since the stream's anchor; runs on over jumps; may go back among B-frames
    rtp_time: int  # extended beyond 32 bits, as the device counted; begins above 2^32, a jump counts forward
    placed_utc_ns: int
    device_ntp: int  # 64-bit NTP of the device's own clock at this unit, by its last SR; 0 when it has not said
    delay_ns: int  # receive minus RTP time, less the smallest of the last minutes
    hole_ns: int  # RTP time passed over beyond the usual interval: media that was never there; 0 mostly
    reanchored: bool  # RTP time jumped as no clock does; placed time goes on by receive time


class _Suspect(NamedTuple):
    """A step ahead that took much less time than it says: a jump, if the next one goes back farther than B-frames."""

    rtp_time: int  # of the unit that went ahead
    left: tuple[int, int, int]  # the count before it: RTP time, pts, receive time
    owed: int  # of alignment, in that count
    usual: int  # the interval of that count; all in ticks
    back_max: int


class TrackTimeline:
    """One track of a stream; made by `Timeline.track`. Plain ints and locals, for `place` runs once a unit."""

    def __init__(self, timeline: "Timeline", clock_rate: int) -> None:
        self._timeline = timeline
        self._clock_rate = clock_rate
        self._backward_max = BACKWARD_MAX_S * clock_rate
        self._jump_look = JUMP_LOOK_S * clock_rate
        self._ahead_max = AHEAD_MAX_MS * clock_rate // 1_000
        self._rtp_time = -1  # extended, of the last unit
        self._highest = 0  # extended, of all units
        self._offset = 0  # pts less extended RTP time
        self._owed = 0  # ticks of alignment still to be slewed in
        self._owed_ns = 0
        self._step_ns = 0  # alignment to be stepped over by the next unit that goes ahead
        self._slew_ns = 0
        self._usual = 0  # ticks: greatest advance of the last units
        self._usual_next = 0  # of those that will be the last ones at the next turn
        self._usual_count = 0
        self._ahead = BACKWARD_MAX_S * clock_rate  # ticks: the last advance
        self._reorders = False  # pictures have come that stand before one decoded earlier
        self._suspect: _Suspect | None = None  # the last one
        self._before: tuple[int, int, int] | None = None  # RTP time, pts, receive time where the last jump left a count
        self._report: SenderReport | None = None
        self._window = DelayWindow()
        self.unit_ticks = 0  # how long a unit lasts, where that is known: of sound not every one is placed
        self.reorder_depth: int | None = None  # of pictures, by their SPS
        self.picture_ticks = 0  # how long the last picture lasts; a tick where its decode time had to be made up
        self.holds_step = False  # the next unit belongs to what was cut already: no step of alignment before it
        self.last_mono_ns = 0
        self.last_delay_ns = 0  # receive less position, of the last unit

    @property
    def smallest_delay_ns(self) -> int:
        """Receive less position, the smallest of the last minutes."""
        return self._window.smallest_ns

    @property
    def report(self) -> SenderReport | None:
        """The newest report that fits the units; None after a jump, until the next."""
        return self._report

    @property
    def anchor_utc_ns(self) -> int:
        """Placed begin of the stream; 0 before its first unit."""
        return self._timeline.anchor_utc_ns

    @property
    def step_due(self) -> bool:
        """Whether the next unit that goes ahead steps over a hole of alignment."""
        return self._step_ns > 0

    def place(self, rtp_time: int, received_mono_ns: int, received_utc_ns: int) -> Placement:
        """Place the next unit in decode order. `rtp_time` is the 32-bit value of its packets."""
        last = self._rtp_time
        if last < 0:
            return self._place_first(rtp_time, received_mono_ns, received_utc_ns)
        extended = last + ((rtp_time - last + _HALF & _MASK) - _HALF)
        advance = extended - self._highest
        hole_ns = 0
        jumped = False
        if advance > 0:
            usual = self._usual
            if advance > usual:
                if advance > usual + self._jump_look:
                    jumped = self._is_jump(extended, received_mono_ns)
                if self._before is not None and not jumped:
                    jumped = self._returns(extended, advance, received_mono_ns)
                if usual and not jumped:
                    hole_ns = (advance - usual) * NS_PER_S // self._clock_rate
                    self._look_at(extended, advance, received_mono_ns)
        elif advance:
            # B-frames go back behind the picture that went ahead before them, and by less. Sound never does.
            jumped = (
                self.unit_ticks > 0 or advance <= -min(self._ahead, self._backward_max) or self._undoes_suspect(advance)
            )
            self._reorders |= not jumped
        if jumped:
            extended = last + (rtp_time - last & _MASK)
            advance = self._reanchor(extended, received_mono_ns)
        elif advance > 0:
            if advance > self._usual_next:
                self._usual_next = min(advance, USUAL_INTERVAL_MAX_S * self._clock_rate)
                self._usual = max(self._usual, self._usual_next)
            self._usual_count += 1
            if self._usual_count == USUAL_INTERVAL_UNITS:
                self._usual = self._usual_next
                self._usual_next = self._usual_count = 0
            if self._owed:
                self._pay(advance)
            if self._step_ns and not self.holds_step:
                hole_ns += self._step()
            self._highest = extended
            self._ahead = advance
        self._rtp_time = extended
        return self._placement(extended, advance, received_mono_ns, hole_ns, jumped)

    def sender_report(self, ntp: int, rtp_time: int, received_mono_ns: int) -> None:
        """Take in an RTCP SR of this track (RFC 3550, 6.4.1). None without wall time or of another count."""
        if not ntp:
            return
        if self._rtp_time < 0:
            self._report = SenderReport(ntp, rtp_time & _MASK, received_mono_ns)  # made fit by the first unit
        elif self._adopt(SenderReport(ntp, rtp_time, received_mono_ns)):
            self._timeline.reported(self)

    def position_ns(self, rtp_time: int) -> int:
        """Position in the stream of an extended RTP time."""
        return (rtp_time + self._offset) * NS_PER_S // self._clock_rate

    def step(self, by_ns: int) -> None:
        """Move what comes from the next advance on later, at once: the difference is a hole."""
        self._step_ns = by_ns  # not at once: B-frames would be torn from their pictures

    def owe(self, by_ns: int) -> None:
        """Move what comes from now on, little by little. Replaces what was owed before."""
        before_ns = self._owed_ns
        self._set_owed(by_ns * self._clock_rate // NS_PER_S)
        self._window.shift(before_ns - self._owed_ns)

    def _place_first(self, rtp_time: int, mono_ns: int, utc_ns: int) -> Placement:
        extended = _WRAP + (rtp_time & _MASK)
        position_ns = self._timeline.join(self, mono_ns, utc_ns)
        self._offset = position_ns * self._clock_rate // NS_PER_S - extended
        self._rtp_time = self._highest = extended
        report, self._report = self._report, None
        if report is not None and self._adopt(report):
            self.last_delay_ns = mono_ns - self._timeline.anchor_mono_ns - position_ns
            self._offset += self._timeline.first_correction_ns(self) * self._clock_rate // NS_PER_S
        self._slew_ns = self._timeline.slew_ns
        return self._placement(extended, 0, mono_ns, 0, False)

    def _placement(self, extended: int, advance: int, mono_ns: int, hole_ns: int, jumped: bool) -> Placement:
        timeline = self._timeline
        rate = self._clock_rate
        pts = extended + self._offset
        position_ns = pts * NS_PER_S // rate
        delay_ns = mono_ns - timeline.anchor_mono_ns - position_ns
        self.last_mono_ns = mono_ns
        self.last_delay_ns = delay_ns
        # As it will be once alignment is paid: else the smallest of the last minutes would be one from before.
        delay_ns -= self._owed_ns
        window = self._window
        if self._suspect is not None and self._suspect.rtp_time == extended:
            delay_ns = max(delay_ns, window.smallest_ns)  # if the way has become quicker, the next unit will show it
        if window.observe(delay_ns, mono_ns):
            timeline.find_target(mono_ns)
        slew_ns = self._slew_ns
        owed_ns = timeline.target_ns - slew_ns
        if owed_ns and advance > 0:
            most_ns = advance * _SLEW_PER_S // rate
            slew_ns += most_ns if owed_ns > most_ns else -most_ns if owed_ns < -most_ns else owed_ns
            self._slew_ns = timeline.slew_ns = slew_ns
        report = self._report
        return Placement(
            pts,
            extended,
            timeline.anchor_utc_ns + position_ns + slew_ns,
            0 if report is None else report.ntp + (extended - report.rtp_time << 32) // rate & _NTP_MASK,
            delay_ns - window.smallest_ns,
            hole_ns,
            jumped,
        )

    def _is_jump(self, extended: int, mono_ns: int) -> bool:
        """Whether a step ahead puts the unit before the time it can have been sent."""
        if extended - self._highest > HOLE_MAX_S * self._clock_rate:
            return True
        return self._early_ns(extended, mono_ns) > EARLY_MAX_NS

    def _early_ns(self, extended: int, mono_ns: int) -> int:
        """How much quicker a unit would be than the quickest of the last minutes."""
        delay_ns = mono_ns - self._timeline.anchor_mono_ns - self.position_ns(extended) - self._owed_ns
        return self._window.smallest_ns - delay_ns

    def _look_at(self, extended: int, advance: int, mono_ns: int) -> None:
        """Remember a step ahead beyond the usual interval if most of its time has not passed."""
        if self._early_ns(extended, mono_ns) * self._clock_rate * 2 > advance * NS_PER_S:
            pictures = 0 if self.reorder_depth == 0 else RUN_OF_B_FRAMES_MAX
            left = (self._highest, self._highest + self._offset, self.last_mono_ns)
            back_max = pictures * max(self.picture_ticks, self._usual)
            self._suspect = _Suspect(extended, left, self._owed, self._usual, back_max)

    def _undoes_suspect(self, advance: int) -> bool:
        """Whether a step back shows that the step ahead right before it was a jump."""
        suspect = self._suspect
        return suspect is not None and suspect.rtp_time == self._highest and -advance > suspect.back_max

    def _reanchor(self, extended: int, mono_ns: int) -> int:
        """Go on in the count before the last jump where the unit is of that one, else by receive time.

        Gives the progress in ticks: less than 0 for a picture that is shown before one of the other count. What has to
        stand later than it should, so as not to fall on what there is, is owed.
        """
        highest_pts = next_pts = self._highest + self._offset
        left_pts, left_mono_ns = self._rtp_time + self._offset + self._owed, self.last_mono_ns
        suspect, self._suspect = self._suspect, None
        if suspect is not None and suspect.rtp_time == self._highest:
            self._before = suspect.left
            _, next_pts, left_mono_ns = suspect.left
            left_pts = next_pts + suspect.owed
            self._usual = self._usual_next = suspect.usual
        usual = self.unit_ticks or self._usual or 1
        floor = highest_pts if self._before is None else max(highest_pts, self._before[1])
        back = self._back_in_count(extended, mono_ns)
        wanted = self._by_receive_time(mono_ns, left_pts, left_mono_ns, next_pts + usual) if back is None else back
        behind = 0  # the highest of the unit's own count
        if back is not None and self._reorders and back > floor - usual:
            pts = back
            behind = max(0, self._before[1] - back) if self._before else 0
        else:
            apart = usual if not self._reorders and floor + usual - wanted <= self._ahead_max else 1
            pts = max(wanted, floor + apart)
        self._before = (self._highest, highest_pts, self.last_mono_ns)
        self._highest = extended + behind
        # B-frames behind a picture that stands behind the other count itself: both together no farther than B-frames.
        self._ahead = min(self._usual, self._backward_max - max(0, floor - pts - behind))
        self._offset = pts - extended
        self._set_owed(wanted - pts)
        self._step_ns = 0
        self._report = None  # it speaks of the count before
        return pts - highest_pts

    def _back_in_count(self, extended: int, mono_ns: int) -> int | None:
        """Where the unit stands if the last jump was one for a while (or B-frames straddle it)."""
        if self._before is None:
            return None
        left_rtp_time, left_pts, left_mono_ns = self._before
        progress = (extended - left_rtp_time + _HALF & _MASK) - _HALF
        elapsed = (mono_ns - left_mono_ns) * self._clock_rate // NS_PER_S
        return left_pts + progress if abs(progress - elapsed) <= self._usual + self._ahead_max else None

    def _returns(self, extended: int, advance: int, mono_ns: int) -> bool:
        """Whether a step ahead that looks like a hole undoes a small jump back: the time for a hole has not passed."""
        passed = (mono_ns - self.last_mono_ns) * self._clock_rate // NS_PER_S
        return passed < advance - self._ahead_max and self._back_in_count(extended, mono_ns) is not None

    def _by_receive_time(self, mono_ns: int, left_pts: int, left_mono_ns: int, next_pts: int) -> int:
        """As late as the last unit; in a burst at the usual pace, but no quicker than the quickest of the last minutes.

        The pace alone would have a device that jumps with each picture run ahead by all jitter of its link.
        """
        rate = self._clock_rate
        as_late = left_pts + (mono_ns - left_mono_ns) * rate // NS_PER_S
        as_quick = (mono_ns - self._timeline.anchor_mono_ns - self._window.smallest_ns) * rate // NS_PER_S
        return max(as_late, min(next_pts, as_quick))

    def _step(self) -> int:
        """Take the step that is due; gives its length in ns."""
        by_ns, self._step_ns = self._step_ns, 0
        self._suspect = None  # it was before the step
        self._offset += by_ns * self._clock_rate // NS_PER_S
        self._set_owed(0)
        self._before = None
        if self.last_delay_ns - self._window.smallest_ns < by_ns // 2:
            self._window.shift(-by_ns)  # it was wrong from the begin; else only since the track's clock stood still
        return by_ns

    def _set_owed(self, ticks: int) -> None:
        self._owed = ticks
        self._owed_ns = ticks * NS_PER_S // self._clock_rate

    def _pay(self, advance: int) -> None:
        most = advance // ALIGN_SLEW_DIVISOR
        paid = max(-most, min(most, self._owed))
        self._set_owed(self._owed - paid)
        self._offset += paid

    def _adopt(self, report: SenderReport) -> bool:
        rtp_time = self._rtp_time + ((report.rtp_time - self._rtp_time + _HALF & _MASK) - _HALF)
        if abs(rtp_time - self._rtp_time) > SENDER_REPORT_NEAR_S * self._clock_rate:
            return False
        self._report = SenderReport(report.ntp, rtp_time, report.received_mono_ns)
        return True


class Timeline:
    """One a stream: the anchor and the slew that its tracks share, and how they fit together.

    The track of the first unit leads. Another is put beside it by the sender reports of both where they
    are known, else by receive time, and moved when they become known.
    """

    def __init__(self, utc_offset_ns: int | None = None) -> None:
        self.anchor_mono_ns = 0
        self.anchor_utc_ns = 0
        self._utc_offset_ns = utc_offset_ns  # of monotonic time where the stream began; None: the unit's receive UTC
        self.target_ns = 0  # what the slew goes towards: the smallest delay of the last minutes
        self.slew_ns = 0
        self._tracks: list[TrackTimeline] = []  # in the order of their first units

    def track(self, clock_rate: int) -> TrackTimeline:
        """A new track of the stream, in ticks of `clock_rate` Hz.

        Raises:
            ValueError: a clock rate that no codec of ours has.
        """
        if not 1 <= clock_rate <= CLOCK_RATE_MAX:
            raise ValueError(f"clock rate {clock_rate} Hz is not between 1 and {CLOCK_RATE_MAX}")
        return TrackTimeline(self, clock_rate)

    def close(self) -> None:
        """No unit comes any more: hold no track, as each of them holds this."""
        self._tracks.clear()

    def join(self, track: TrackTimeline, mono_ns: int, utc_ns: int) -> int:
        """Position of a track's first unit by receive time; the stream's first unit is the anchor."""
        if not self._tracks:
            self.anchor_mono_ns = mono_ns
            self.anchor_utc_ns = utc_ns if self._utc_offset_ns is None else mono_ns + self._utc_offset_ns
            position_ns = 0
        else:
            newest = max(self._tracks, key=lambda other: other.last_mono_ns)
            position_ns = mono_ns - self.anchor_mono_ns - newest.last_delay_ns  # as late as what came last
        self._tracks.append(track)
        return position_ns

    def first_correction_ns(self, track: TrackTimeline) -> int:
        """How much later the reports put the first unit of a track than its receive time does."""
        leader = self._tracks[0]
        return 0 if track is leader else first_correction_ns(leader, track)

    def find_target(self, mono_ns: int) -> None:
        """The smallest delay of the tracks that are alive."""
        self.target_ns = min(
            track.smallest_delay_ns for track in self._tracks if mono_ns - track.last_mono_ns < _FRESH_NS
        )

    def reported(self, track: TrackTimeline) -> None:
        """A track has a new report: see whether the tracks still fit."""
        leader = self._tracks[0]
        for follower in self._tracks[1:]:
            if track is leader or track is follower:
                fit(leader, follower)

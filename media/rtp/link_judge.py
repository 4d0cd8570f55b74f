"""Whether a viewer's link carries what it is sent, from what the viewer says of it.

Loss is taken from transport-wide feedback where the viewer sends it, else from receiver reports; both count
what the network lost, repaired or not. So loss alone is no harm: a viewer that asks for what it lost, and does not
give up again and again and ask for a key picture instead, is whole a round trip later. Where a link is too thin,
repairs make it thinner, and viewers do give up. Beside loss: the round trip, which grows before packets are lost
where a queue is long, as on 4G, and the bandwidth by REMB.

The judgement falls fast and rises slowly: two poor seconds bring it down, quiet ones bring it back on trial, and
a trial that fails makes the next wait twice as long. So a link that is too thin for the full stream does not swing.

Not here: what a viewer is sent on a poor link (gateway.webrtc). Bounds: a few numbers.
"""

from collections.abc import Collection
from enum import StrEnum

from media.rtp.feedback import Feedback
from media.rtp.rtcp import ReportBlock, round_trip_ns

_NS_PER_S = 1_000_000_000
WINDOW_NS = _NS_PER_S  # what is judged at a time: receiver reports come about once a second
WINDOW_PACKETS_MIN = 20  # under this one lost packet is 5 %: the window goes on
WINDOW_MAX_NS = 3 * _NS_PER_S  # ... but no longer, or a viewer of key pictures only would never be judged
LOSS_POOR = 0.10  # not made whole: of 7 packets a picture more than half miss one
LOSS_GOOD = 0.03  # not made whole; between the two nothing changes
LOSS_COLLAPSED = 0.40  # made whole or not, one such second is enough: repairs would take two thirds of the link
WORD_NS = 3 * _NS_PER_S  # how long it counts that a viewer asked for what it lost, or gives up: the longest window
# A viewer that gives up wants a key picture again and again until one comes whole; that is once. Once is a hitch, and
# its picture is back with the key picture: key pictures alone for seconds would be the worse. Twice is a link.
GIVES_UP_ONCE_NS = 2 * _NS_PER_S
GIVES_UP_AGAIN_NS = 10 * _NS_PER_S
ROUND_TRIP_POOR_NS = 800_000_000  # repairs come too late, and so does the picture
ROUND_TRIP_GOOD_NS = 400_000_000
# Of what is sent. REMB is 0.85 of what came in the last second whenever a receiver sees its queue grow; one hitch of a
# clean path between two key pictures is enough for that (seen in Chromium, with no packet lost). So it is no word by
# itself unless it is far below; with a link that also loses or holds back, it is.
BANDWIDTH_POOR = 0.85
BANDWIDTH_COLLAPSED = 0.5
POOR_WINDOWS = 2  # in a row
# Sent to, and no word that anything came. Browsers report once a second, who keeps to RFC 3550 (6.3.1) each 6 s at the
# latest.
SILENCE_NS = 10 * _NS_PER_S
QUIET_NS = 8 * _NS_PER_S  # good on a poor link before the full stream is tried
QUIET_MAX_NS = 64 * _NS_PER_S  # ... at most, after trials that failed
TRIAL_NS = 10 * _NS_PER_S  # good with the full stream before the link counts as good


class LinkState(StrEnum):
    """What a viewer can be sent."""

    GOOD = "good"
    POOR = "poor"  # key pictures only, or the sub stream
    RECOVERED = "recovered"  # the full stream again, on trial


class LinkJudge:
    """Judges one viewer's link. Times are monotonic ns, but for the NTP time that report blocks are measured by."""

    def __init__(self, mono_ns: int) -> None:
        self.state = LinkState.GOOD
        self.loss = 0.0  # of the last window
        self.round_trip_ns: int | None = None
        self.jitter = 0  # in the track's clock, by the last report block
        self.bandwidth_bps: int | None = None
        self._began_ns = mono_ns  # the window
        self._unheard_ns: int | None = None  # when the first was sent since the last word that something came
        self._packets = 0
        self._lost = 0.0
        self._asked_until_ns = mono_ns  # the viewer asks for what it lost
        self._gave_up_until_ns = mono_ns  # ... or wanted a key picture instead, more than once
        self._gave_up_ns: int | None = None  # when it last began to
        self._transport = False  # the viewer sends transport-wide feedback: its reports would count losses twice
        self._highest: dict[int, int] = {}  # by SSRC, of the last report
        self._poor_windows = 0
        self._good_since_ns = mono_ns
        self._quiet_ns = QUIET_NS

    def send(self, mono_ns: int) -> None:
        """Something is sent to the viewer now: it owes us a word. Once a unit.

        In a pause of its channel nothing is sent, browsers leave the source out of their reports after a while,
        and that says nothing of the link.
        """
        if self._unheard_ns is None:
            self._unheard_ns = mono_ns

    def hear(self, told: Feedback, ssrcs: Collection[int], ntp: int, mono_ns: int) -> None:
        """Take what the viewer said, received now. Only what is about `ssrcs`, those that it is sent, counts."""
        if not told.nacked.keys().isdisjoint(ssrcs):
            self._asked_until_ns = mono_ns + WORD_NS
        if not told.pictures_wanted.isdisjoint(ssrcs):
            before_ns, ago_ns = self._gave_up_ns, 0 if self._gave_up_ns is None else mono_ns - self._gave_up_ns
            if before_ns is None or ago_ns >= GIVES_UP_ONCE_NS:
                self._gave_up_ns = mono_ns
                if before_ns is not None and ago_ns < GIVES_UP_AGAIN_NS:
                    self._gave_up_until_ns = mono_ns + WORD_NS
        for feedback in told.transport:
            self._transport = True
            self._packets += len(feedback.arrivals)
            self._lost += feedback.lost
            if feedback.lost < len(feedback.arrivals):
                self._unheard_ns = None
        for block in told.reports:
            if block.ssrc in ssrcs:
                self._hear_block(block, ntp)
        if told.bandwidth_bps is not None:
            self.bandwidth_bps = told.bandwidth_bps

    def judge(self, sent_bps: int, mono_ns: int) -> LinkState:
        """The state now; ask some times a second. `sent_bps` is what the viewer is sent at present."""
        passed_ns = mono_ns - self._began_ns
        silent = self._unheard_ns is not None and mono_ns - self._unheard_ns >= SILENCE_NS
        if passed_ns < WINDOW_NS or (self._packets < WINDOW_PACKETS_MIN and passed_ns < WINDOW_MAX_NS):
            return self.state
        if self._packets:
            self.loss = min(1.0, max(0.0, self._lost / self._packets))
        elif not silent:
            return self.state  # nothing was said of this window yet
        self._began_ns, self._packets, self._lost = mono_ns, 0, 0.0
        harm = 0.0 if self._gave_up_until_ns <= mono_ns < self._asked_until_ns else self.loss
        round_trip = self.round_trip_ns or 0
        strained = harm > LOSS_GOOD or round_trip > ROUND_TRIP_GOOD_NS
        enough_bps = (BANDWIDTH_POOR if strained else BANDWIDTH_COLLAPSED) * sent_bps
        thin = self.bandwidth_bps is not None and self.bandwidth_bps < enough_bps
        collapsed = silent or self.loss >= LOSS_COLLAPSED
        poor = collapsed or thin or harm >= LOSS_POOR or round_trip >= ROUND_TRIP_POOR_NS
        good = not poor and harm <= LOSS_GOOD and round_trip <= ROUND_TRIP_GOOD_NS
        self._poor_windows = self._poor_windows + 1 if poor else 0
        if not good:
            self._good_since_ns = mono_ns
        self._turn(mono_ns, collapsed=collapsed)
        return self.state

    def _turn(self, mono_ns: int, *, collapsed: bool) -> None:
        good_ns = mono_ns - self._good_since_ns
        if self.state is LinkState.POOR:
            if good_ns >= self._quiet_ns:
                self.state = LinkState.RECOVERED
                self._good_since_ns = mono_ns
        elif collapsed or self._poor_windows >= POOR_WINDOWS:
            if self.state is LinkState.RECOVERED:
                self._quiet_ns = min(2 * self._quiet_ns, QUIET_MAX_NS)
            self.state = LinkState.POOR
            self._good_since_ns = mono_ns
        elif self.state is LinkState.RECOVERED and good_ns >= TRIAL_NS:
            self.state = LinkState.GOOD
            self._quiet_ns = QUIET_NS

    def _hear_block(self, block: ReportBlock, ntp: int) -> None:
        self.jitter = block.jitter
        measured = round_trip_ns(block, ntp)
        if measured is not None:
            before = self.round_trip_ns
            self.round_trip_ns = measured if before is None else before + (measured - before) // 4
        before_highest = self._highest.get(block.ssrc)
        self._highest[block.ssrc] = block.highest_sequence
        if block.highest_sequence != before_highest:  # the same again: it lives, and nothing comes through to it
            self._unheard_ns = None
        if before_highest is None or self._transport:
            return
        came = (block.highest_sequence - before_highest) & 0xFFFF_FFFF
        if came < 0x8000:  # else the peer counts anew, or makes it up
            self._packets += came
            self._lost += came * block.fraction_lost / 256

"""How one viewer's link does: the judgement, what it is judged by, and when it is told.

Not here: the judgement itself (media.rtp.LinkJudge), what a viewer is shown by it (picture_feed).
"""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.webrtc.picture_feed import Shown
from media.rtp import Feedback, LinkJudge, LinkState

LOOK_INTERVAL_NS = 250_000_000
RATE_WINDOW_NS = 2_000_000_000  # of what is sent: a group of pictures or two, so that a key picture alone is no rate
TOLD_AGAIN_NS = 5_000_000_000  # while not good

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LinkNews:
    """A viewer's link as it is now."""

    state: LinkState
    shown: Shown
    loss: float
    round_trip_ns: int | None
    units_missed: int


class ViewerLink:
    """Of one viewer. Times are monotonic ns; `ntp` as in `LinkJudge`."""

    def __init__(self, mono_ns: int) -> None:
        self.falls = 0  # times that it was found poor
        self._judge = LinkJudge(mono_ns)
        self.look_at_ns = mono_ns  # when `look` is due
        self._sent = (mono_ns, 0)  # when the rate's window began, and octets until then
        self._rate_bps = 0
        self._octets = 0
        self._told: tuple[LinkState, Shown] = (LinkState.GOOD, Shown.FULL)
        self._told_ns = mono_ns

    @property
    def state(self) -> LinkState:
        return self._judge.state

    @property
    def round_trip_ns(self) -> int | None:
        return self._judge.round_trip_ns

    def hear(self, told: Feedback, ssrcs: Collection[int], ntp: int, mono_ns: int) -> None:
        self._judge.hear(told, ssrcs, ntp, mono_ns)

    def look(self, octets: int, mono_ns: int) -> bool:
        """Judge anew. `octets` is what was sent since the beginning. True: the state changed."""
        self.look_at_ns = mono_ns + LOOK_INTERVAL_NS
        if octets != self._octets:
            self._octets = octets
            self._judge.send(mono_ns)
        began_ns, before = self._sent
        if mono_ns - began_ns >= RATE_WINDOW_NS:
            self._rate_bps = (octets - before) * 8 * _NS_PER_S // (mono_ns - began_ns)
            self._sent = mono_ns, octets
        state_before = self._judge.state
        state = self._judge.judge(self._rate_bps, mono_ns)
        self.falls += state is LinkState.POOR and state_before is not state
        return state is not state_before

    def news(self, shown: Shown, units_missed: int, mono_ns: int) -> LinkNews | None:
        """What is to be told now: a change, or that it is still not good."""
        changed = (self._judge.state, shown) != self._told
        good = self._judge.state is LinkState.GOOD and shown is Shown.FULL
        if not changed and (good or mono_ns - self._told_ns < TOLD_AGAIN_NS):
            return None
        self._told, self._told_ns = (self._judge.state, shown), mono_ns
        return self.now(shown, units_missed)

    def now(self, shown: Shown, units_missed: int) -> LinkNews:
        judge = self._judge
        return LinkNews(judge.state, shown, judge.loss, judge.round_trip_ns, units_missed)

"""When a viewer's link is told of, and what it is judged by."""

from gateway.webrtc.picture_feed import Shown
from gateway.webrtc.viewer_link import LOOK_INTERVAL_NS, RATE_WINDOW_NS, TOLD_AGAIN_NS, ViewerLink
from media.rtp import Feedback, LinkState, ReportBlock

SSRC = 7


def seconds(
    link: ViewerLink, count: float, *, from_ns: int, loss: float = 0.0, bandwidth_bps: int | None = None
) -> int:
    """So long at 1.5 Mbit/s and a report a second; returns when it is then."""
    now_ns = from_ns
    for step in range(round(count * 4)):
        now_ns += LOOK_INTERVAL_NS
        if step % 4 == 3:
            block = ReportBlock(SSRC, round(loss * 256), 0, now_ns // LOOK_INTERVAL_NS * 40, 0, 0, 0)
            link.hear(Feedback(reports=[block], bandwidth_bps=bandwidth_bps), {SSRC}, 0, now_ns)
        link.look(now_ns * 1_500_000 // 8 // 1_000_000_000, now_ns)
    return now_ns


def test_a_good_link_is_no_news_and_a_poor_one_is_told_once_and_then_now_and_then() -> None:
    link = ViewerLink(0)
    now_ns = seconds(link, 3, from_ns=0)
    assert link.news(Shown.FULL, 0, now_ns) is None
    now_ns = seconds(link, 4, from_ns=now_ns, loss=0.3)
    news = link.news(Shown.KEY_PICTURES, 5, now_ns)
    assert news is not None
    assert (news.state, news.shown, news.units_missed, link.falls) == (LinkState.POOR, Shown.KEY_PICTURES, 5, 1)
    assert link.news(Shown.KEY_PICTURES, 6, now_ns + TOLD_AGAIN_NS - 1) is None
    assert link.news(Shown.SUB, 6, now_ns + 1) is not None  # what is shown has changed
    assert link.news(Shown.SUB, 7, now_ns + 1 + TOLD_AGAIN_NS) is not None
    assert link.news(Shown.SUB, 7, now_ns + 2 + TOLD_AGAIN_NS) is None


def test_the_rate_that_bandwidth_is_measured_by_is_of_seconds_and_not_of_a_key_picture() -> None:
    for bandwidth_bps, state in ((1_000_000, LinkState.GOOD), (500_000, LinkState.POOR)):
        link = ViewerLink(0)
        seconds(link, RATE_WINDOW_NS / 1e9 + 4, from_ns=0, bandwidth_bps=bandwidth_bps)
        assert link.state is state

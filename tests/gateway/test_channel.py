from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.stream.channel import Channel
from gateway.stream.reader import StreamEnd, StreamInfo, StreamInit
from gateway.stream.state import ChannelChanged, ChannelState
from media import Fragment, Gap, GapCause
from media.fmp4 import ntp_from_utc_ns
from tests.gateway.fragments import SECOND_NS, START_MONO_NS, START_UTC_NS, VIDEO, picture


@dataclass
class Diary:
    """A reader that writes down what it is told."""

    lines: list[str] = field(default_factory=list)

    def channel_changed(self, change: ChannelChanged) -> None:
        self.lines.append(change.state.value + (f" {change.reason}" if change.reason else ""))

    def delay_changed(self, seconds: float) -> None:
        self.lines.append(f"delay {seconds:.1f}")

    def stream_started(self, stream: StreamInfo) -> None:
        self.lines.append(f"started {stream.stream_id}")

    def init_changed(self, init: StreamInit) -> None:
        self.lines.append(f"init {init.version}")

    def fragment(self, fragment: Fragment) -> None:
        self.lines.append(str(fragment.sequence))

    def gap(self, gap: Gap) -> None:
        seconds = (gap.end_utc_ns - gap.start_utc_ns) / SECOND_NS
        self.lines.append(f"gap {gap.sequence} {gap.cause.name.lower()} {seconds:.1f}")

    def stream_ended(self, end: StreamEnd) -> None:
        self.lines.append(f"ended {end.cause.name.lower()}")

    def take(self) -> list[str]:
        taken, self.lines = self.lines, []
        return taken


def stream(name: str) -> StreamInfo:
    return StreamInfo(name, "dev1", "main", "node", 1, START_UTC_NS, START_MONO_NS)


def end_of(name: str, cause: GapCause, at_s: float) -> StreamEnd:
    return StreamEnd(name, cause, START_UTC_NS + int(at_s * SECOND_NS), START_MONO_NS)


def a_channel(publish: Callable[[ChannelChanged], None] = lambda change: None) -> Channel:
    return Channel("dev1", "main", START_UTC_NS, publish)


def test_a_viewer_who_comes_late_gets_everything_since_the_last_key_frame_at_once() -> None:
    channel = a_channel()
    channel.stream_started(stream("s1"), [])
    channel.init_changed(StreamInit(1, (VIDEO,)))
    for fragment in (picture(1, key=True), picture(2), picture(3, key=True), picture(4)):
        channel.fragment(fragment)
    diary = Diary()
    channel.subscribe(diary)
    channel.fragment(picture(5))
    assert diary.take() == ["live", "started s1", "init 1", "3", "4", "5"]


def test_viewers_keep_their_place_through_takeover_and_are_told_the_gap() -> None:
    channel = a_channel()
    diary = Diary()
    channel.subscribe(diary)
    channel.stream_started(stream("s1"), [])
    channel.init_changed(StreamInit(1, (VIDEO,)))
    channel.fragment(picture(1, key=True))
    assert diary.take() == ["offline", "connecting", "started s1", "init 1", "live", "1"]

    channel.stream_ended(end_of("s1", GapCause.TAKEOVER, 0.04), START_UTC_NS)
    channel.stream_started(stream("s2"), [])
    channel.init_changed(StreamInit(1, (VIDEO,)))
    channel.fragment(picture(1, key=True, at_s=2.54))
    assert diary.take() == [
        "ended takeover",
        "offline takeover",
        "connecting",
        "started s2",
        "init 1",
        "live",
        "gap 0 takeover 2.5",
        "1",
    ]


def test_the_archive_is_called_before_any_viewer() -> None:
    channel, order = a_channel(), []

    class Named(Diary):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        def fragment(self, fragment: Fragment) -> None:
            order.append(self._name)

    channel.subscribe(Named("viewer"))
    channel.stream_started(stream("s1"), [Named("archive")])
    channel.fragment(picture(1, key=True))
    assert order == ["archive", "viewer"]


def test_a_viewer_who_left_is_told_nothing_more() -> None:
    channel, diary = a_channel(), Diary()
    subscription = channel.subscribe(diary)
    assert channel.viewers == 1
    subscription.close()
    subscription.close()
    channel.change(ChannelState.CODEC_NOT_SUPPORTED, START_UTC_NS, "VP8")
    assert diary.take() == ["offline"]
    assert channel.viewers == 0


def test_rates_are_those_of_the_last_interval() -> None:
    channel = a_channel()
    channel.stream_started(stream("s1"), [])
    channel.sample(START_MONO_NS)
    for n in range(50):
        channel.fragment(picture(n + 1, key=n == 0, size=1_000))
    channel.sample(START_MONO_NS + 2 * SECOND_NS)
    statistics = channel.statistics()
    assert statistics.fps == 25.0
    assert statistics.bitrate_kbps == 200.0


def test_a_delay_is_told_when_it_changes_noticeably() -> None:
    channel, diary = a_channel(), Diary()
    channel.subscribe(diary)
    diary.take()
    for delay_ms in (100, 200, 2_000, 2_100, 0):
        channel.take_delay(delay_ms * 1_000_000)
        channel.tell_delay()
    assert diary.take() == ["delay 2.0", "delay 0.0"]


def test_a_burst_after_a_stall_tells_its_delay_once_though_it_is_over_before_the_next_turn() -> None:
    channel, diary = a_channel(), Diary()
    channel.subscribe(diary)
    diary.take()
    for delay_ms in range(8_000, -1, -40):
        channel.take_delay(delay_ms * 1_000_000)
    assert diary.take() == ["delay 8.0"]
    channel.tell_delay()
    assert diary.take() == ["delay 0.0"]


def test_a_takeover_without_any_time_between_is_told_as_a_gap_of_no_length() -> None:
    channel, diary = a_channel(), Diary()
    channel.subscribe(diary)
    channel.stream_started(stream("s1"), [])
    channel.init_changed(StreamInit(1, (VIDEO,)))
    channel.fragment(picture(1, key=True))
    channel.stream_ended(end_of("s1", GapCause.TAKEOVER, 0.04), START_UTC_NS)
    channel.stream_started(stream("s2"), [])
    channel.init_changed(StreamInit(1, (VIDEO,)))
    channel.fragment(picture(1, key=True, at_s=0.01))
    assert "gap 0 takeover 0.0" in diary.take()


def test_how_wrong_the_devices_clock_is_can_be_asked_once_it_has_said() -> None:
    channel = a_channel()
    channel.stream_started(stream("s1"), [])
    channel.fragment(picture(1, key=True))
    channel.sample(START_MONO_NS)
    assert channel.statistics().clock_offset_s is None

    an_hour_fast = ntp_from_utc_ns(START_UTC_NS + 3_600 * SECOND_NS)
    channel.fragment(replace(picture(2), device_ntp=an_hour_fast))
    channel.sample(START_MONO_NS + SECOND_NS)
    assert channel.statistics().clock_offset_s == 3_600.0

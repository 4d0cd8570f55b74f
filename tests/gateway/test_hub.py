from gateway.stream import Alarm, ChannelState, Hub, Publication, VideoOffer
from media import AccessUnit, Codec, GapCause
from storage import UlidFactory
from storage.bus import MemoryBus
from tests.gateway.fragments import SECOND_NS, START_MONO_NS, START_UTC_NS


class Now:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.passed_ns = 0

    def utc_ns(self) -> int:
        return START_UTC_NS + self.passed_ns

    def mono_ns(self) -> int:
        return START_MONO_NS + self.passed_ns


def a_hub(now: Now) -> Hub:
    return Hub(node_id="test", clock=now, new_id=UlidFactory(now), bus=MemoryBus())


def begin(hub: Hub) -> Publication:
    return hub.publish("dev1", "main", [VideoOffer(Codec.H264, 90_000, ())], lambda cause: None)


def undecodable(now: Now) -> AccessUnit:
    """A slice, and never a parameter set."""
    return AccessUnit((b"\x41\x9a\x00",), 0, now.mono_ns(), now.utc_ns(), key=False)


def test_units_that_nobody_can_decode_are_counted_at_once_and_are_no_stall() -> None:
    now = Now()
    hub = a_hub(now)
    publication = begin(hub)
    for _ in range(10):
        now.passed_ns += SECOND_NS
        publication.push(0, undecodable(now))
        hub.tick()
    (channel,) = hub.statistics()
    assert channel.dropped_units == 10
    assert channel.state is ChannelState.CONNECTING


def test_a_second_call_with_a_codec_we_cannot_carry_does_not_darken_a_channel_that_is_sent() -> None:
    hub = a_hub(Now())
    publication = begin(hub)
    hub.refuse_codec("dev1", "main", "MP4V-ES")
    assert hub.channel("dev1", "main").state is ChannelState.CONNECTING

    hub.end(publication, GapCause.DEVICE_STOPPED)
    hub.refuse_codec("dev1", "main", "MP4V-ES")
    assert hub.channel("dev1", "main").state is ChannelState.CODEC_NOT_SUPPORTED


def test_a_channel_that_falls_silent_is_stalled_and_raises_one_alarm() -> None:
    now = Now()
    bus = MemoryBus()
    hub = Hub(node_id="test", clock=now, new_id=UlidFactory(now), bus=bus)
    with bus.subscribe(Alarm) as alarms:
        begin(hub)
        for _ in range(8):
            now.passed_ns += SECOND_NS
            hub.tick()
        assert hub.channel("dev1", "main").state is ChannelState.STALLED
        assert len(alarms._events) == 1

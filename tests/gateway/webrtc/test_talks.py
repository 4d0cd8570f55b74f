"""Talking to a device: who has it, what it is sent, what is kept of it. The device is scripted, the port is real."""

from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from gateway.stream import TALK_CHANNEL, Alarm, ChannelChanged
from gateway.webrtc.talks import TALK_INTERVAL_NS, TALK_MAX_NS, NoTalk, Talk, TalkEnd, Talks
from media import AccessUnit, AudioConfig, Codec, GapCause
from media.rtp import parse_feedback
from media.sdp import audio_config
from media.srtp import SrtcpReceiver, SrtpReceiver, split_keying_material
from tests.gateway.leftovers import counting_leftovers
from tests.gateway.webrtc.rig import until
from tests.gateway.webrtc.test_publishers import OFFER, Recorder, Side, live, side
from tests.storage.manual_clock import ManualClock

__all__ = ["side"]

FRAME_MS = 20
LISTENS = OFFER.replace("BUNDLE 0", "BUNDLE 0 1").replace(
    "a=setup:actpass\r\n",
    "a=setup:actpass\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=setup:actpass\r\n",
)


def config(codec: Codec, rate: int, channels: int) -> AudioConfig:
    made = audio_config(codec, rate, channels, "")
    assert made is not None
    return made


OPUS = config(Codec.OPUS, 48_000, 2)


class Device(Recorder):
    """One that plays what it is sent. `heard` is (sequence, RTP time, marker, payload)."""

    def keys(self) -> None:
        assert self.dtls.keys is not None
        _, server = split_keying_material(self.dtls.keys.profile, self.dtls.keys.material)
        self._srtp, self._srtcp = SrtpReceiver(server), SrtcpReceiver(server)
        self.heard: list[tuple[int, int, bool, bytes]] = []
        self.reports: list[tuple[int, int, int]] = []

    async def hear(self) -> None:
        """Take one datagram."""
        datagram = await self.receive()
        if 192 <= datagram[1] <= 223:
            plain = self._srtcp.unprotect(datagram, 0, len(datagram))
            assert plain is not None
            told = parse_feedback(plain, 0, len(plain), 0)
            self.reports += [(one.ssrc, one.rtp_time, one.packets) for one in told.sender_reports]
            return
        packet = self._srtp.unprotect(datagram, 0, len(datagram))
        assert packet is not None
        assert packet[1] & 0x7F == 111
        number, time = int.from_bytes(packet[2:4]), int.from_bytes(packet[4:8])
        self.heard.append((number, time, packet[1] > 0x7F, bytes(packet[12:])))

    async def hear_all(self, count: int) -> list[tuple[int, int, bool, bytes]]:
        """This many packets more."""
        behind = len(self.heard) + count
        while len(self.heard) < behind:
            await self.hear()
        return self.heard[behind - count :]


class Speech:
    """Frames of one press, as a microphone hands them on; RTP time begins anywhere in each."""

    def __init__(self, side: Side, rtp_time: int) -> None:
        self._side = side
        self._rtp_time = rtp_time
        self.said: list[bytes] = []

    def frames(self, count: int) -> list[AccessUnit]:
        made = []
        for _ in range(count):
            self._side.house.clock.advance(FRAME_MS / 1_000)
            clock = self._side.house.clock
            self.said.append(b"\xfc" + len(self.said).to_bytes(2))
            made.append(AccessUnit((self.said[-1],), self._rtp_time, clock.mono_ns(), clock.utc_ns(), key=True))
            self._rtp_time = self._rtp_time + 48 * FRAME_MS & 0xFFFF_FFFF
        return made


@pytest.fixture
async def talks(side: Side) -> Talks:
    return Talks(side.hub, side.publishers, side.house.clock)


@pytest.fixture
async def device(side: Side) -> AsyncIterator[Device]:
    one = await live(side, LISTENS)
    one.__class__ = Device
    assert isinstance(one, Device)
    one.keys()
    yield one
    one.close()


def begun(talks: Talks, speaker: str = "first", ended: Callable[[Talk], None] = lambda _: None) -> Talk:
    assert isinstance(talks.clock, ManualClock)
    talks.clock.advance(1)  # behind the one before
    talk = talks.begin("dev1", speaker, OPUS, ended)
    assert isinstance(talk, Talk)
    return talk


def opened(talks: Talks, speaker: str = "first", ended: Callable[[Talk], None] = lambda _: None) -> Talk:
    talk = begun(talks, speaker, ended)
    talk.open()
    return talk


async def test_the_answer_names_the_source_by_which_the_device_is_talked_to(device: Device) -> None:
    loudspeaker = device.session.publisher.loudspeaker
    assert loudspeaker is not None
    answer = device.session.answer.decode()
    assert f"a=ssrc:{loudspeaker.sent.ssrc} cname:" in answer
    assert answer.count("a=sendrecv") == answer.count("a=recvonly") == 1


async def test_what_is_said_is_played_from_its_first_frame_and_kept(side: Side, talks: Talks, device: Device) -> None:
    speech = Speech(side, 0xFFFF_F000)  # RTP time wraps within
    talk = opened(talks)
    for frame in speech.frames(25):
        talk.say([frame])
    heard = await device.hear_all(25)
    talk.end(TalkEnd.RELEASED)
    assert [payload for *_, payload in heard] == speech.said
    assert [marked for _, _, marked, _ in heard] == [True, *[False] * 24]
    first, began, *_ = heard[0]
    assert [(number, time) for number, time, *_ in heard] == [
        (first + place & 0xFFFF, began + 960 * place & 0xFFFF_FFFF) for place in range(25)
    ]
    [_, tape] = side.tapes  # its pictures' and the talk's
    assert (tape.sounds(), tape.end.cause, tape.end.stream_id) == (25, GapCause.TALK_ENDED, talk.stream)
    assert b"".join(fragment.data for fragment in tape.fragments).count(speech.said[24]) == 1
    assert (talk.units, talk.seconds) == (25, 0.5)


async def test_a_device_sees_a_pause_between_two_talks_and_no_new_source(
    side: Side, talks: Talks, device: Device
) -> None:
    for rtp_time in (12_345, 9_000_000):
        talk = opened(talks)
        talk.say(Speech(side, rtp_time).frames(2))
        talk.end(TalkEnd.RELEASED)
        side.house.clock.advance(9 - 2 * FRAME_MS / 1_000)
    one, two, three, four = await device.hear_all(4)
    assert [b - a & 0xFFFF for (a, *_), (b, *_) in ((one, two), (two, three), (three, four))] == [1, 1, 1]
    assert [marked for _, _, marked, _ in (one, two, three, four)] == [True, False, True, False]
    assert three[1] - one[1] & 0xFFFF_FFFF == 480_000


async def test_a_device_is_told_the_clock_of_what_it_hears_while_somebody_speaks(
    side: Side, talks: Talks, device: Device
) -> None:
    side.publishers.tick()  # nobody speaks: nothing to report
    speech, talk = Speech(side, 0), opened(talks)
    talk.say(speech.frames(3))
    side.publishers.tick()
    await device.hear_all(3)
    while not device.reports:
        await device.hear()
    side.house.clock.advance(6)
    talk.say(speech.frames(1))
    side.publishers.tick()
    while len(device.reports) < 2:
        await device.hear()
    (ssrc, first, three), (_, second, four) = device.reports
    assert device.session.publisher.loudspeaker is not None
    assert (ssrc, three, four) == (device.session.publisher.loudspeaker.sent.ssrc, 3, 4)
    assert second - first & 0xFFFF_FFFF == 48_000 * 6 + 960


async def test_a_device_has_one_who_talks_and_all_who_follow_it_know_who(talks: Talks, device: Device) -> None:
    told: list[str | None] = []
    following = talks.follow("dev1", lambda talk: told.append(talk and talk.speaker))
    first = begun(talks)
    assert told == []  # not on record yet
    assert talks.begin("dev1", "second", OPUS, lambda _: None) is NoTalk.BUSY
    first.open()
    assert (told, talks.speaker("dev1"), len(talks)) == (["first"], "first", 1)
    first.end(TalkEnd.RELEASED)
    first.end(TalkEnd.TIME_OVER)
    opened(talks, "second").end(TalkEnd.VIEW_ENDED)
    following.close()
    opened(talks).end(TalkEnd.RELEASED)
    assert told == ["first", None, "second", None]
    assert talks.speaker("dev1") is None
    assert (talks.ended[TalkEnd.RELEASED], talks.ended[TalkEnd.TIME_OVER], talks.refused[NoTalk.BUSY]) == (2, 0, 1)


async def test_a_key_that_is_stuck_gives_the_device_back(side: Side, talks: Talks, device: Device) -> None:
    over: list[Talk] = []
    talk = opened(talks, ended=over.append)
    side.house.clock.advance(TALK_MAX_NS / 1e9 - 1)
    talks.tick()
    assert not over
    side.house.clock.advance(1)
    talks.tick()
    assert over == [talk]
    assert (talk.end_reason, talk.seconds) == (TalkEnd.TIME_OVER, 60)
    talk.say(Speech(side, 0).frames(5))
    assert (talk.units, len(talks)) == (0, 0)


async def test_a_key_that_chatters_is_not_followed(side: Side, talks: Talks, device: Device) -> None:
    opened(talks).end(TalkEnd.RELEASED)
    for _ in range(3):
        side.house.clock.advance(TALK_INTERVAL_NS / 1e9 / 4)
        assert talks.begin("dev1", "first", OPUS, lambda _: None) is NoTalk.TOO_SOON
    side.house.clock.advance(TALK_INTERVAL_NS / 1e9 / 4)
    assert isinstance(talks.begin("dev1", "first", OPUS, lambda _: None), Talk)
    assert len(side.tapes) == 3  # its pictures', and two


async def test_nothing_is_passed_on_before_it_is_on_record(side: Side, talks: Talks, device: Device) -> None:
    talk = begun(talks)
    talk.say(Speech(side, 0).frames(5))
    talk.end(TalkEnd.NOT_RECORDED)
    talk.open()
    talk.say(Speech(side, 0).frames(5))
    assert (talk.units, talk.seconds) == (0, 0)
    assert side.tapes[-1].fragments == []
    opened(talks).say(Speech(side, 7).frames(1))
    assert len(await device.hear_all(1)) == 1  # and nothing before it
    assert device.heard[0][3] == b"\xfc\x00\x00"


@pytest.mark.parametrize("way", ["leaves", "disabled", "comes again", "server stops"])
async def test_a_device_that_goes_ends_the_talk(side: Side, talks: Talks, device: Device, way: str) -> None:
    over: list[Talk] = []
    talk = opened(talks, ended=over.append)
    talk.say(Speech(side, 0).frames(3))
    match way:
        case "leaves":
            device.say_goodbye()
            await until(lambda: over)
        case "disabled":
            side.hub.end_device("dev1", GapCause.DISABLED)
        case "comes again":
            (await live(side)).close()
        case "server stops":
            side.hub.end_all(GapCause.SERVER_STOPPED)
    assert (over, talk.end_reason, len(talks)) == ([talk], TalkEnd.DEVICE_GONE, 0)
    assert side.tapes[1].end.cause is GapCause.TALK_ENDED  # whatever ended the stream of its pictures


async def test_who_cannot_be_talked_to_and_why(side: Side, talks: Talks) -> None:
    assert talks.begin("dev1", "first", OPUS, lambda _: None) is NoTalk.DEVICE_NOT_SENDING
    deaf = await live(side)  # offers no sound, as one that offers `sendonly`
    assert talks.begin("dev1", "first", OPUS, lambda _: None) is NoTalk.DEVICE_CANNOT
    deaf.say_goodbye()
    await until(lambda: not side.hub.is_sending("dev1", "main"))
    hears = await live(side, LISTENS)
    assert talks.begin("dev1", "first", config(Codec.PCM_ALAW, 8_000, 1), lambda _: None) is NoTalk.OTHER_CODEC
    assert talks.why_not("dev1", config(Codec.OPUS, 48_000, 1)) is None
    assert not len(talks)
    for one in (deaf, hears):
        one.close()


async def test_a_talk_is_no_news_of_the_device(side: Side, talks: Talks, device: Device) -> None:
    """Neither is it online by it, nor offline at its end; and none of its channels is one to be watched."""
    bus = side.hub._bus
    with bus.subscribe(Alarm, ChannelChanged) as events:
        talk = opened(talks)
        talk.say(Speech(side, 0).frames(10))
        side.house.clock.advance(30)
        assert {one.channel for one in side.hub.statistics()} == {"main"}
        talk.end(TalkEnd.RELEASED)
        assert not [event for event in events._events if event.channel == TALK_CHANNEL]


async def test_a_talk_leaves_nothing_behind(side: Side, talks: Talks) -> None:
    with counting_leftovers() as left:
        for end in (lambda talk: talk.end(TalkEnd.RELEASED), lambda _: side.hub.end_device("dev1", GapCause.DISABLED)):
            device = await live(side, LISTENS)
            talk = opened(talks)
            talk.say(Speech(side, 0).frames(3))
            end(talk)
            del talk
            device.say_goodbye()
            await until(partial(_swept, side))
            device.close()
            del device
    assert not left


def _swept(side: Side) -> bool:
    side.house.clock.advance(0.05)
    side.publishers.tick()
    return not len(side.publishers) and not len(side.peers)

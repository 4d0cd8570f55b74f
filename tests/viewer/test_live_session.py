"""What a live session sends and leaves out, over a transport whose buffer the test holds."""

import json

import pytest

from gateway.sound import SoundReplacements
from gateway.stream import Hub, StreamInfo, StreamInit
from gateway.stream.backlog import BACKLOG_BYTES_MAX
from media import AUDIO_TRACK_ID, AudioConfig, Codec, Track
from media.fmp4 import parse_fragment, parse_init
from storage import SystemClock, UlidFactory
from storage.bus import MemoryBus
from tests.gateway.fragments import START_MONO_NS, START_UTC_NS, VIDEO, picture, sound
from tests.gateway.no_sound import no_sounds
from tests.gateway.webrtc.camera import Camera
from viewer.live.messages import heard_listening
from viewer.live.session import BACKLOG_BYTES_MIN, LiveSession
from workers import SoundWorkers


class Socket:
    """The seam of a `FrameWriter`: keeps what was written, and pretends what is buffered."""

    def __init__(self) -> None:
        self.texts: list[dict[str, object]] = []
        self.binaries: list[bytes] = []
        self.missed: list[int] = []
        self.backlog = 0
        self.aborted = False

    def text(self, payload: bytes) -> None:
        self.texts.append(json.loads(payload))

    def binary(self, payload: bytes) -> None:
        self.binaries.append(payload)

    def buffered_bytes(self) -> int:
        return self.backlog

    def abort(self) -> None:
        self.aborted = True

    def sequences(self) -> list[int]:
        return [int.from_bytes(data[:8], "big") for data in self.binaries if data[4:8] != b"ftyp"]


def started(socket: Socket, *tracks: Track, opened_s: float = 0.0) -> LiveSession:
    opened_mono_ns = START_MONO_NS + int(opened_s * 1e9)
    sound_here = no_sounds().of("dev1", "main")
    session = LiveSession(socket, lambda: None, socket.missed.append, opened_mono_ns, sound_here)
    session.stream_started(StreamInfo("S", "dev1", "main", "node", 1, START_UTC_NS, START_MONO_NS))
    session.init_changed(StreamInit(1, tracks or (VIDEO,)))
    return session


def test_init_is_told_in_words_and_then_in_one_segment_a_track() -> None:
    socket = Socket()
    started(socket)
    assert socket.texts[0]["type"] == "init"
    assert socket.texts[0]["tracks"][0]["mime"] == 'video/mp4; codecs="avc3.42c00d"'
    assert [data[4:8] for data in socket.binaries] == [b"ftyp"]


def test_sound_that_no_browser_plays_is_named_and_not_sent() -> None:
    socket = Socket()
    alaw = Track(AUDIO_TRACK_ID, AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000))
    session = started(socket, VIDEO, alaw)
    session.fragment(picture(1, key=True))
    session.fragment(sound(2))
    assert socket.texts[0]["tracks"][1]["codec"] == "pcm_alaw"
    assert socket.texts[0]["tracks"][1]["mime"] is None
    assert socket.sequences() == [1]


def test_a_reader_with_too_many_bytes_jumps_to_the_next_key_frame_and_is_told() -> None:
    socket = Socket()
    session = started(socket)
    session.fragment(picture(1, key=True))
    socket.backlog = BACKLOG_BYTES_MAX + 1
    session.fragment(picture(2, at_s=0.04))
    session.fragment(picture(3, key=True, at_s=0.08))
    socket.backlog = 0
    session.fragment(picture(4, at_s=0.12))
    session.fragment(picture(5, key=True, at_s=0.16))
    session.fragment(picture(6, at_s=0.20))
    assert socket.sequences() == [1, 5, 6]
    assert socket.texts[-1] == {"type": "lag", "missed_units": 3, "resumed_at_seq": 5}
    assert session.units_missed == 3


def test_a_long_link_with_a_small_backlog_is_not_slow() -> None:
    socket = Socket()
    session = started(socket)
    socket.backlog = BACKLOG_BYTES_MIN
    for n in range(1, 20):
        session.fragment(picture(n, key=n == 1, at_s=float(n)))
    assert socket.sequences() == list(range(1, 20))


def test_who_opens_late_in_a_long_group_of_pictures_gets_all_of_it() -> None:
    """15 s of it at once: by the age of its pictures the viewer was cut off as one who had taken nothing."""
    socket = Socket()
    session = started(socket, opened_s=15.0)
    session.fragment(picture(1, key=True))
    for n in range(2, 16):
        socket.backlog = n * 100_000  # nothing is taken before the loop's next turn
        session.fragment(picture(n, at_s=float(n)))
    assert socket.sequences() == list(range(1, 16))
    for n in range(16, 21):  # and then it is as slow as any other
        session.fragment(picture(n, at_s=float(n)))
    assert socket.sequences() == list(range(1, 19))
    assert not socket.aborted


def test_a_reader_who_takes_nothing_is_dropped() -> None:
    socket = Socket()
    session = started(socket)
    socket.backlog = BACKLOG_BYTES_MAX + 1
    for n in range(1, 16):
        session.fragment(picture(n, at_s=float(n)))
    assert socket.aborted


def test_what_a_reader_missed_counts_also_when_it_leaves_before_it_caught_up() -> None:
    socket = Socket()
    session = started(socket)
    session.fragment(picture(1, key=True))
    socket.backlog = BACKLOG_BYTES_MAX + 1
    session.fragment(picture(2, at_s=0.04))
    session.fragment(picture(3, at_s=0.08))
    assert session.units_missed == sum(socket.missed) == 2


def test_a_channel_of_sound_alone_goes_on_with_whatever_comes_next() -> None:
    socket = Socket()
    opus = Track(AUDIO_TRACK_ID, AudioConfig(Codec.OPUS, 48_000, 2, "opus", b"", 48_000))
    session = started(socket, opus)
    session.fragment(sound(1))
    socket.backlog = BACKLOG_BYTES_MAX + 1
    session.fragment(sound(2))
    socket.backlog = 0
    session.fragment(sound(3))
    assert socket.texts[-1] == {"type": "lag", "missed_units": sound(2).unit_count, "resumed_at_seq": 3}
    assert session.units_sent == 2 * sound(1).unit_count


ALAW = AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)


def test_sound_is_replaced_in_words_and_bytes_and_made_only_while_somebody_listens() -> None:
    clock = SystemClock()
    hub = Hub(node_id="test", clock=clock, new_id=UlidFactory(clock), bus=MemoryBus())
    workers = SoundWorkers(processes=1, now_ns=clock.mono_ns, tell=lambda event: None)
    sound_here = SoundReplacements(hub, workers, clock).of("dev1", "main")
    socket = Socket()
    session = LiveSession(socket, lambda: None, socket.missed.append, clock.mono_ns(), sound_here, listening=False)
    hub.subscribe("dev1", "main", session)
    camera = Camera(hub, sound=ALAW)
    camera.pictures(2)
    camera.sound(800)
    camera.pictures(2)
    camera.sound(800)
    told = next(text for text in socket.texts if text["type"] == "init")["tracks"][1]
    assert told == {
        "id": 2,
        "kind": "audio",
        "codec": "opus",
        "mime": 'audio/mp4; codecs="opus"',
        "timescale": 48_000,
        "replaces": "pcm_alaw",
        "sample_rate": 48_000,
        "channels": 1,
    }
    header = parse_init(socket.binaries[1]).tracks[0]
    assert (header.id, header.entry, header.timescale) == (2, "Opus", 48_000)
    assert {parse_fragment(data).track_id for data in socket.binaries[2:]} == {1}

    assert workers.statistics().transcodes == 0
    for _ in range(2):
        session.listen(True)
        assert workers.statistics().transcodes == 1
    session.listen(False)
    assert workers.statistics().transcodes == 0
    session.listen(True)
    session.close()
    assert workers.statistics().transcodes == 0


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ('{"type":"listen","on":true}', True),
        ('{"type":"listen","on":false}', False),
        *(
            (said, None)
            for said in ("", "null", "[]", "{", '{"type":"listen"}', '{"type":"listen","on":1}', "[" * 9_999)
        ),
        (None, None),
    ],
)
def test_a_viewer_can_say_that_it_listens_and_nothing_else(said: str | None, heard: bool | None) -> None:
    assert heard_listening(said) is heard

"""One channel and its RTSP viewers: packetized once, shared, and going on when the device comes back."""

from itertools import pairwise

from gateway.rtsp.outlet import Outlet
from gateway.rtsp.way import DatagramWay, InterleavedWay
from gateway.stream import LiveUnit, StreamEnd, StreamInfo, StreamInit
from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, AudioConfig, Codec, GapCause, Track, VideoConfig
from storage import SystemClock

VIDEO = VideoConfig(Codec.H264, 16, 16, "avc3.42001e", (b"\x67\x42\x00\x1e", b"\x68\xce"), 0)
SOUND = AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)
TRACKS = (Track(VIDEO_TRACK_ID, VIDEO), Track(AUDIO_TRACK_ID, SOUND))
STREAM = StreamInfo("s", "dev1", "main", "n", 1, 1, 1)
END = StreamEnd("s", GapCause.OFFLINE, 1, 1)
SECOND_NS = 1_000_000_000


class Pipe:
    """A transport that keeps what it is given, and takes it away when told."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting = 0
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.aborted = True


class Stage:
    def __init__(self, tracks=TRACKS) -> None:
        self.outlet = Outlet(SystemClock())
        self.n = 0
        self.missed: list[int] = []
        self.start(tracks)

    def start(self, tracks=TRACKS) -> None:
        self.outlet.stream_started(STREAM)
        self.outlet.init_changed(StreamInit(1, tracks))

    def picture(self, key=False, at_s=None) -> None:
        self.n += 1
        at_ns = round((self.n * 0.04 if at_s is None else at_s) * SECOND_NS) + SECOND_NS
        payload = (b"\x65" + bytes(3_000),) if key else (b"\x41" + bytes(100),)
        self.outlet.unit(
            LiveUnit(VIDEO_TRACK_ID, payload, 3_600 * self.n, at_ns, at_ns, key, False, 3_600 * self.n, at_ns)
        )

    def sound(self) -> None:
        at_ns = round(self.n * 0.04 * SECOND_NS) + SECOND_NS
        self.outlet.unit(
            LiveUnit(AUDIO_TRACK_ID, (bytes(160),), 320 * self.n, at_ns, at_ns, True, False, 320 * self.n, at_ns)
        )

    def viewer(self, layout=((VIDEO_TRACK_ID, 0), (AUDIO_TRACK_ID, 2))):
        pipe, ended = Pipe(), []
        way = InterleavedWay(pipe, layout, ended.append, self.missed.append)
        way.begin(self.outlet.gop, {})
        self.outlet.join(way)
        return pipe, way, ended


def packets(pipe: Pipe) -> list[tuple[int, bytes]]:
    """(channel, packet) of everything written, reports left out."""
    data, found = b"".join(pipe.written), []
    while data:
        size = int.from_bytes(data[2:4], "big")
        if data[1] % 2 == 0:
            found.append((data[1], data[4 : 4 + size]))
        data = data[4 + size :]
    return found


def sequences(pipe: Pipe, channel: int = 0) -> list[int]:
    return [int.from_bytes(packet[2:4], "big") for where, packet in packets(pipe) if where == channel]


def rtp_times(pipe: Pipe) -> list[int]:
    return list(dict.fromkeys(int.from_bytes(packet[4:8], "big") for where, packet in packets(pipe) if where == 0))


def test_viewers_of_the_usual_channels_are_written_the_very_same_bytes_once_a_picture():
    stage = Stage()
    (one, _, _), (other, _, _) = stage.viewer(), stage.viewer()
    stage.picture(key=True)
    stage.sound()
    stage.picture()
    assert len(one.written) == 2
    assert all(mine is theirs for mine, theirs in zip(one.written, other.written, strict=True))


def test_other_channels_are_other_bytes_of_the_same_packets():
    stage = Stage()
    usual, _, _ = stage.viewer()
    strange, _, _ = stage.viewer(((VIDEO_TRACK_ID, 6), (AUDIO_TRACK_ID, 8)))
    picture_only, _, _ = stage.viewer(((VIDEO_TRACK_ID, 0),))
    stage.picture(key=True)
    stage.sound()
    stage.picture()
    assert [packet for _, packet in packets(usual)] == [packet for _, packet in packets(strange)]
    assert {channel for channel, _ in packets(strange)} == {6, 8}
    assert {channel for channel, _ in packets(picture_only)} == {0}


def test_who_comes_later_is_given_what_the_first_one_had_since_the_key_picture():
    stage = Stage()
    first, _, _ = stage.viewer()
    stage.picture(key=True)
    stage.picture()
    later, _, _ = stage.viewer()
    assert packets(later) == packets(first)
    stage.picture()
    assert sequences(later) == sequences(first)


def test_a_key_picture_without_its_parameter_sets_is_given_them():
    stage = Stage()
    pipe, _, _ = stage.viewer()
    stage.picture(key=True)
    assert [packet[12:] for _, packet in packets(pipe)][:2] == list(VIDEO.parameter_sets)


def test_after_a_pause_nothing_is_sent_twice():
    stage = Stage()
    pipe, way, _ = stage.viewer()
    stage.picture(key=True)
    stage.outlet.leave(way)
    stage.picture()
    way.begin(stage.outlet.gop, {})
    stage.outlet.join(way)
    stage.picture()  # no beginning for who has missed one
    before = sequences(pipe)
    stage.picture(key=True)
    assert sequences(pipe)[: len(before)] == before
    assert len(set(sequences(pipe))) == len(sequences(pipe))
    assert way.units_sent == 2


def test_a_device_that_comes_back_goes_on_in_the_same_session():
    stage = Stage()
    pipe, _, ended = stage.viewer()
    stage.picture(key=True)
    stage.outlet.stream_ended(END)
    stage.start()
    stage.n = 90_000  # another origin of its clock
    stage.picture(key=True, at_s=10.04)
    found = sequences(pipe)
    assert [after - before & 0xFFFF for before, after in pairwise(found)] == [1] * (len(found) - 1)
    first, second = rtp_times(pipe)
    assert second - first & 0xFFFF_FFFF == 900_000  # ten seconds
    assert not ended


def test_another_codec_ends_the_viewers_in_order():
    stage = Stage()
    pipe, _, ended = stage.viewer()
    stage.picture(key=True)
    other = VideoConfig(Codec.H265, 16, 16, "hev1.1.6.L93.B0", (), 0)
    stage.start((Track(VIDEO_TRACK_ID, other), TRACKS[1]))
    assert ended
    assert pipe.written[-1][5] == 200  # a sender report, and in its compound the BYE
    assert bytes((203,)) in pipe.written[-1]
    assert {sender.track.config.codec for sender in stage.outlet.senders.values()} == {Codec.H265, Codec.PCM_ALAW}


def test_a_slow_viewer_misses_until_the_next_key_picture_and_is_given_up_when_it_stops():
    stage = Stage()
    pipe, way, _ = stage.viewer()
    stage.picture(key=True)
    pipe.waiting = 3 << 20
    stage.picture()
    pipe.waiting = 0
    stage.picture()
    assert (way.units_sent, way.units_missed, stage.missed) == (1, 2, [1, 1])
    stage.picture(key=True)
    assert way.units_sent == 2
    pipe.waiting = 3 << 20
    way.tick(1)
    way.tick(11 * SECOND_NS)
    assert pipe.aborted


def test_a_viewer_who_caught_up_between_two_pictures_has_not_been_behind_since_the_first():
    stage = Stage()
    pipe, way, _ = stage.viewer()
    for turn in range(5):  # a large key picture every second, on its way when the next picture comes
        stage.picture(key=True, at_s=turn)
        pipe.waiting = 200 << 10
        stage.picture(at_s=turn + 0.04)
        pipe.waiting = 0
        stage.picture(at_s=turn + 0.5)
    assert way.units_missed == 0


def test_over_udp_each_packet_goes_to_the_ports_of_the_setup_from_the_next_key_picture_on():
    stage = Stage()
    stage.picture(key=True)
    sent = []
    addresses = {VIDEO_TRACK_ID: (("h", 1), ("h", 2))}
    way = DatagramWay(addresses, lambda data, to: sent.append(to), lambda data, to: sent.append(to), lambda _: None)
    way.begin(stage.outlet.gop, stage.outlet.reports())
    stage.outlet.join(way)
    assert sent == [("h", 2)]
    stage.picture()
    stage.sound()
    assert sent == [("h", 2)]
    stage.picture(key=True)
    assert set(sent[1:]) == {("h", 1)}

"""Unit readers are told where every unit stands, also of the sound that is placed a fragment at a time."""

from itertools import pairwise

from gateway.stream import Hub, LiveUnit, StreamEnd, StreamInfo, StreamInit, VideoOffer
from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, AccessUnit, AudioConfig, Codec
from storage import SystemClock, UlidFactory
from storage.bus import MemoryBus
from tests.storage.footage import PPS, SPS

PICTURES = VideoOffer(Codec.H264, 90_000, (SPS, PPS))
IDR, SLICE = b"\x65" + bytes(20), b"\x41\x9a\x00"
AAC = AudioConfig(Codec.AAC, 48_000, 2, "mp4a.40.2", b"\x11\x90", 48_000)
FRAME = 1_024
SECOND_NS = 1_000_000_000
FIRST_RTP_TIME = 2**32 - 5 * FRAME  # wraps on the way


class Notebook:
    viewers = 0

    def __init__(self) -> None:
        self.units: list[LiveUnit] = []

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None: ...

    def unit(self, unit: LiveUnit) -> None:
        self.units.append(unit)

    def stream_ended(self, end: StreamEnd) -> None: ...


def frames(count: int) -> list[AccessUnit]:
    made = []
    for n in range(count):
        late_ns = n * FRAME * SECOND_NS // AAC.clock_rate
        rtp_time = FIRST_RTP_TIME + n * FRAME & 0xFFFF_FFFF
        made.append(AccessUnit((bytes((n,)) * 9,), rtp_time, 10**12 + late_ns, 10**18 + late_ns, True))
    return made


def test_every_frame_of_sound_has_its_own_time_though_only_one_in_five_is_placed() -> None:
    clock, bus = SystemClock(), MemoryBus()
    hub = Hub(node_id="n", clock=clock, new_id=UlidFactory(clock), bus=bus)
    reader = Notebook()
    hub.read_units("dev1", "main", reader)
    publication = hub.publish("dev1", "main", [AAC], lambda cause: None)
    for unit in frames(30):
        publication.push(0, unit)
    told = reader.units
    assert len(told) >= 25  # those before the first fragment cannot be described yet
    assert {after.rtp_time - before.rtp_time for before, after in pairwise(told)} == {FRAME}
    step_ns = FRAME * SECOND_NS // AAC.clock_rate
    assert {after.placed_utc_ns - before.placed_utc_ns for before, after in pairwise(told)} <= {step_ns, step_ns + 1}
    assert [unit.payload[0][0] for unit in told] == list(range(30 - len(told), 30))
    assert not any(unit.reanchored for unit in told)


def test_a_reader_who_comes_late_is_told_the_same_times_of_what_is_in_fragments_by_then() -> None:
    clock, bus = SystemClock(), MemoryBus()
    hub = Hub(node_id="n", clock=clock, new_id=UlidFactory(clock), bus=bus)
    early, late = Notebook(), Notebook()
    hub.read_units("dev1", "main", early)
    publication = hub.publish("dev1", "main", [PICTURES, AAC], lambda cause: None)
    at_ns = 0
    for n, sound in enumerate(frames(40)):
        publication.push(1, sound)
        if n % 2 == 0:
            at_ns = n * FRAME * SECOND_NS // AAC.clock_rate
            payload = (IDR if n == 0 else SLICE,)
            publication.push(0, AccessUnit(payload, at_ns * 90 // 1_000_000, 10**12 + at_ns, 10**18 + at_ns, n == 0))
    hub.read_units("dev1", "main", late)

    def times(reader: Notebook) -> dict[tuple[int, int], tuple[int, int]]:
        return {(unit.track_id, unit.rtp_time): (unit.pts, unit.placed_utc_ns) for unit in reader.units}

    kept, told = times(late), times(early)
    both = kept.keys() & told.keys()  # of the first sound nobody could be told: it came before its fragment
    assert len(both) >= len(kept) - 1
    assert {track for track, _ in both} == {VIDEO_TRACK_ID, AUDIO_TRACK_ID}
    assert all(kept[unit][0] == told[unit][0] for unit in both)
    assert all(abs(kept[unit][1] - told[unit][1]) <= 2 for unit in both)  # ticks fall between nanoseconds

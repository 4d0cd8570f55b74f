"""Unit readers are told where every unit stands, also of the sound that is placed a fragment at a time."""

from itertools import pairwise

from gateway.stream import Hub, LiveUnit, StreamEnd, StreamInfo, StreamInit
from media import AccessUnit, AudioConfig, Codec
from storage import SystemClock, UlidFactory
from storage.bus import MemoryBus

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

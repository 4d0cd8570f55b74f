"""Sound made into Opus: once for everybody who listens, only while somebody does, and where the original stands."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.sound import SoundReplacements
from gateway.stream import Hub, LiveUnit, Publication, StreamEnd, StreamInfo, StreamInit, VideoOffer
from media import ORIGIN_S, AccessUnit, AudioConfig, Codec, Fragment, GapCause, Track
from media.fmp4 import parse_fragment
from storage import SystemClock, UlidFactory
from storage.bus import MemoryBus
from tests.gateway.webrtc.camera import BASELINE, MAIN
from tests.workers.test_pool import FRAGILE
from tests.workers.tones import AAC_44, ALAW, SECOND, MadeSound, Unit, frequency, heard, tone
from workers import SoundWorkers

PICTURES = VideoOffer(Codec.H264, 90_000, ())


class Listener:
    def __init__(self) -> None:
        self.begun: list[Track] = []
        self.units: list[LiveUnit] = []
        self.fragments: list[Fragment] = []
        self.given_up = 0

    def sound_begins(self, track: Track) -> None:
        self.begun.append(track)

    def sound_unit(self, unit: LiveUnit) -> None:
        self.units.append(unit)

    def sound_fragment(self, fragment: Fragment) -> None:
        self.fragments.append(fragment)

    def sound_given_up(self) -> None:
        self.given_up += 1


class Originals:
    """What the device sent, as every unit reader is told."""

    viewers = 0

    def __init__(self) -> None:
        self.units: list[LiveUnit] = []
        self.inits = 0

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None:
        self.inits += 1

    def stream_ended(self, end: StreamEnd) -> None: ...

    def unit(self, unit: LiveUnit) -> None:
        if unit.track_id == 2:
            self.units.append(unit)


class Station:
    """One device, and whoever listens to it."""

    def __init__(self, workers: SoundWorkers) -> None:
        self.clock = SystemClock()
        self.hub = Hub(node_id="n", clock=self.clock, new_id=UlidFactory(self.clock), bus=MemoryBus())
        self.workers = workers
        self.sounds = SoundReplacements(self.hub, workers, self.clock)
        self.sound = self.sounds.of("dev1", "main")
        self._config = ALAW

    def begin(self, config: AudioConfig = ALAW) -> Publication:
        self._config = config
        return self.hub.publish("dev1", "main", [PICTURES, config], lambda cause: None)

    def send(
        self, publication: Publication, units: list[Unit], *, sets: tuple[bytes, bytes] = BASELINE, key: bool = True
    ) -> None:
        """A picture, and this sound that came with it: the last of it now."""
        now_mono, now_utc = self.clock.mono_ns(), self.clock.utc_ns()
        ticks = units[0].pts * 90_000 // self._config.clock_rate
        payload = (*sets, b"\x65" + bytes(20)) if key else (b"\x41\x9a\x00",)
        publication.push(0, AccessUnit(payload, ticks, now_mono, now_utc, key))
        for unit in units:
            publication.push(1, AccessUnit(unit.payload, unit.pts, now_mono, now_utc, True))

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not true():  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.005)


@asynccontextmanager
async def station() -> AsyncIterator[Station]:
    workers = SoundWorkers(processes=2, now_ns=time.monotonic_ns, tell=lambda event: None, program=FRAGILE)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(workers.run())
        opened = Station(workers)
        yield opened
        running.cancel()


def packets(fragments: list[Fragment]) -> list[MadeSound]:
    return [
        MadeSound(bytes(sample.payload), sample.decode_time - ORIGIN_S * SECOND, False)
        for fragment in fragments
        for sample in parse_fragment(fragment.data).samples
    ]


async def test_sound_is_made_once_for_everybody_and_only_while_somebody_listens() -> None:
    async with station() as there:
        publication = there.begin()
        units = tone(ALAW, 2.0)
        there.send(publication, units[:25])  # before anybody listens: it is past
        await asyncio.sleep(0.6)
        ears = [Listener() for _ in range(4)]
        leaving = [there.sound.listen(ears[0]), there.sound.listen_to_fragments(ears[2])]
        await there.until(lambda: there.workers.statistics().workers)
        there.send(publication, units[25:50])
        await there.until(lambda: len(ears[0].units) >= 24)
        assert ears[0].units[0].pts >= 25 * 960 - 960
        leaving += [there.sound.listen(ears[1]), there.sound.listen_to_fragments(ears[3])]
        assert there.workers.statistics().transcodes == 1
        there.send(publication, units[50:])
        await there.until(lambda: len(ears[0].units) >= 74)

        count = len(ears[1].units)
        assert count >= 48
        assert all(ours is theirs for ours, theirs in zip(ears[1].units, ears[0].units[-count:], strict=True))
        assert ears[3].fragments
        count = len(ears[3].fragments)
        assert all(one is other for one, other in zip(ears[3].fragments, ears[2].fragments[-count:], strict=True))
        assert [packet.payload for packet in packets(ears[2].fragments)] == [
            unit.payload[0] for unit in ears[0].units[: 5 * len(ears[2].fragments)]
        ]
        assert ears[0].begun == ears[1].begun == [there.sound.replacement(Track(2, ALAW))]

        for one in leaving[:-1]:
            one.close()
        assert there.workers.statistics().transcodes == 1
        leaving[-1].close()
        assert there.workers.statistics().transcodes == 0
        assert there.hub.channel("dev1", "main").unit_readers == ()


async def test_what_was_made_stands_beside_the_pictures_where_the_original_stands() -> None:
    async with station() as there:
        original, ear = Originals(), Listener()
        there.hub.read_units("dev1", "main", original)
        leave = there.sound.listen_to_fragments(ear)
        by_unit = Listener()
        there.sound.listen(by_unit)
        publication = there.begin(AAC_44)
        units = tone(AAC_44, 3.0, first_pts=123_456)
        there.send(publication, units[:8])  # nobody knows the track before its first fragment
        await there.until(lambda: there.workers.statistics().workers)
        there.send(publication, units[8:])
        await there.until(lambda: len(by_unit.units) > 120)
        placed_less_pts = {round(unit.placed_utc_ns - unit.pts * 1e9 / 44_100) // 1_000_000 for unit in original.units}
        assert {round(unit.placed_utc_ns - unit.pts * 1e9 / SECOND) // 1_000_000 for unit in by_unit.units} <= {
            one + near for one in placed_less_pts for near in (-1, 0, 1)
        }
        begin, samples = heard(packets(ear.fragments))
        first = original.units[0]
        assert begin / SECOND - first.pts / 44_100 < 0.3
        assert abs(frequency(samples[SECOND : 2 * SECOND]) - 440) < 1
        leave.close()


async def test_another_stream_begins_anew_and_other_pictures_do_not() -> None:
    async with station() as there:
        original, ear = Originals(), Listener()
        there.hub.read_units("dev1", "main", original)
        there.sound.listen(ear)
        first = there.begin()
        units = tone(ALAW, 1.0)
        there.send(first, units[:10])
        await there.until(lambda: there.workers.statistics().workers)
        there.send(first, units[10:30])
        await there.until(lambda: len(ear.units) >= 15)
        there.send(first, units[30:], sets=MAIN)
        await there.until(lambda: len(ear.units) >= 35)
        assert (original.inits, len(ear.begun)) == (2, 1)
        there.hub.end(first, GapCause.DEVICE_STOPPED)
        assert there.workers.statistics().transcodes == 0

        count = len(ear.units)
        second = there.begin()
        there.send(second, units[:10])
        there.send(second, units[10:])
        await there.until(lambda: len(ear.units) >= count + 35)
        assert len(ear.begun) == 2
        assert ear.units[count].pts < ear.units[count - 1].pts
        assert ear.units[count].placed_utc_ns > ear.units[count - 1].placed_utc_ns


async def test_poisoned_sound_is_given_up_for_all_and_not_offered_again() -> None:
    async with station() as there:
        ear, late = Listener(), Listener()
        there.sound.listen_to_fragments(ear)
        publication = there.begin()
        units = tone(ALAW, 20.0)
        there.send(publication, units[:10])
        for at, unit in enumerate(units[10:]):
            there.send(publication, [Unit((b"segfault",), unit.pts)], key=at % 25 == 0)
            await asyncio.sleep(0.02)
            if ear.given_up:
                break
        assert ear.given_up == 1
        there.sound.listen_to_fragments(late)
        assert late.given_up == 1
        assert there.sound.replacement(Track(2, ALAW)) is None
        assert there.sounds.of("dev2", "main").replacement(Track(2, ALAW)) is not None

"""Fleets on real sockets: what the ledger says was sent is what the sink has, and every fault is as it says."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from media import Codec
from media.nal import VideoConfigTracker
from mingjing.simulator import DeviceLogin, Faults, Fleet, Interruption, Over, Trespass, simulate
from storage import SystemClock
from tests.mingjing.simulator.conftest import SMALL
from tests.mingjing.simulator.sink import KEY, Sink


@asynccontextmanager
async def playing(options):
    """A fleet that plays while the test looks on, and has left in good order afterwards."""
    fleet = Fleet.prepare(options, SystemClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(fleet.run())
        try:
            yield fleet
        finally:
            task.cancel()


async def until(condition):
    """Wait for what a ledger says; it tells nobody when it changes."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def units_of_each(count):
    return lambda sink: len(sink.streams) > 0 and all(len(stream.stamps) >= count for stream in sink.streams)


def picture_sizes(sink):
    """Of each path, by the parameter sets that were announced."""
    configs = {
        stream.path: VideoConfigTracker(Codec.H264, stream.description.media[0].parameter_sets).config
        for stream in sink.streams
    }
    return {path: (config.width, config.height) for path, config in configs.items() if config}


def assert_ledger_holds(fleet, sink):
    """Exactly once, in order, whole: for each publication of each device."""
    for device in fleet.report().devices:
        streams = sink.by_device()[device.device]
        assert len(streams) == len(device.sent)
        for stream, sent in zip(streams, device.sent, strict=True):
            assert stream.numbers == list(range(sent.first_n, sent.last_n + 1))
            assert all(stamp.valid and stamp.device_id == device.device for stamp in stream.stamps)
            assert len(stream.sounds) == sent.sound_frames
            assert stream.pictures[0].key


class TestPublishing:
    async def test_a_fleet_over_tcp_delivers_every_picture_and_sound_once_and_in_order(self, sink, options_for):
        async with playing(options_for(sink, 5)) as fleet:
            await sink.wait_for(lambda sink: len(sink.streams) == 5 and units_of_each(60)(sink))
        await sink.wait_for(lambda sink: all(stream.over for stream in sink.streams))
        assert_ledger_holds(fleet, sink)
        assert all(stream.torn_down for stream in sink.streams)

    async def test_a_fleet_over_udp_does_the_same(self, sink, options_for):
        async with playing(options_for(sink, 3, over=Over.UDP)) as fleet:
            await sink.wait_for(lambda sink: len(sink.streams) == 3 and units_of_each(30)(sink))
        await sink.wait_for(lambda sink: all(stream.over for stream in sink.streams))
        for device in fleet.report().devices:
            (stream,) = sink.by_device()[device.device]
            (sent,) = device.sent
            assert sent.damaged == ()
            assert stream.numbers == list(range(len(stream.numbers)))
            assert sent.units - len(stream.numbers) <= 1  # the last may be behind the TEARDOWN

    async def test_it_ends_by_itself_and_tells_what_it_sent(self, sink, options_for):
        report = await simulate(options_for(sink, 2, seconds=0.8))
        assert len(report.devices) == 2
        assert report.units == sum(device.units for device in report.devices) > 20
        assert all(device.connections == 1 and device.refusals == 0 for device in report.devices)

    async def test_pictures_come_at_their_pace_and_rtp_time_agrees(self, sink, options_for):
        async with playing(options_for(sink, 1)):
            await sink.wait_for(units_of_each(40))
        (stream,) = sink.streams
        assert all(
            after.rtp_time - before.rtp_time & 0xFFFFFFFF == 3_600 for before, after in pairwise(stream.pictures)
        )
        span_s = (stream.arrived_mono_ns[39] - stream.arrived_mono_ns[0]) / 1e9
        assert span_s == pytest.approx(39 / 25, abs=0.3)

    async def test_main_and_sub_channels_have_their_own_paths(self, sink, options_for):
        logins = (DeviceLogin("dev1", KEY), DeviceLogin("dev1", KEY, "sub"))
        async with playing(replace(options_for(sink), devices=logins)):
            await sink.wait_for(lambda sink: len(sink.streams) == 2)
            await sink.wait_for(units_of_each(1))
        assert {stream.path for stream in sink.streams} == {"/dev1", "/dev1/sub"}
        assert picture_sizes(sink) == {"/dev1": (192, 192), "/dev1/sub": (96, 96)}

    async def test_sender_reports_tell_the_devices_clock(self, sink, options_for):
        faults = Faults(clock_offset_s=-3_600)
        async with playing(options_for(sink, 1, faults=faults)):
            await sink.wait_for(
                lambda sink: units_of_each(1)(sink) and sink.streams[0].receivers[0].sender_report is not None
            )
        report = sink.streams[0].receivers[0].sender_report
        told_s = (report.ntp >> 32) - 2_208_988_800
        assert told_s == pytest.approx(SystemClock().utc_ns() / 1e9 - 3_600, abs=5)

    async def test_without_sound_one_track_is_announced(self, sink, options_for):
        async with playing(options_for(sink, 1, generated=replace(SMALL, sound=False))):
            await sink.wait_for(units_of_each(3))
        assert [media.codec for media in sink.streams[0].description.media] == [Codec.H264]


class TestFaults:
    async def test_after_a_stall_everything_comes_in_a_burst(self, sink, options_for):
        faults = Faults(stall_every_s=1.2, stall_s=0.8)
        async with playing(options_for(sink, 1, faults=faults)) as fleet:
            await sink.wait_for(units_of_each(60))
        await sink.wait_for(lambda sink: sink.streams[0].over)
        assert_ledger_holds(fleet, sink)
        arrivals = sink.streams[0].arrived_mono_ns
        silences = [index for index, (before, after) in enumerate(pairwise(arrivals)) if after - before > 600_000_000]
        assert silences
        behind = silences[0] + 1
        assert arrivals[behind + 15] - arrivals[behind] < 300_000_000
        stamps = sink.streams[0].stamps
        assert stamps[behind + 10].mono_ns - stamps[behind].mono_ns == pytest.approx(400_000_000, abs=1_000_000)

    async def test_lost_datagrams_are_lost_and_the_ledger_names_the_units(self, sink, options_for):
        options = options_for(sink, 2, over=Over.UDP, faults=Faults(loss=0.2))
        async with playing(options) as fleet:
            await sink.wait_for(units_of_each(40))
        await sink.wait_for(lambda sink: all(stream.over for stream in sink.streams))
        for device in fleet.report().devices:
            (stream,) = sink.by_device()[device.device]
            (sent,) = device.sent
            assert sent.damaged
            last = stream.numbers[-1]
            whole = {stamp.n for stamp, unit in zip(stream.stamps, stream.pictures, strict=True) if not unit.damaged}
            assert set(range(last)) - set(sent.damaged) <= whole | {last}

    async def test_a_flapping_device_comes_back_and_counts_on(self, sink, options_for):
        async with playing(options_for(sink, 1, faults=Faults(flap_every_s=0.5))) as fleet:
            await sink.wait_for(lambda sink: len(sink.streams) >= 3 and len(sink.streams[2].stamps) > 2)
        sent = fleet.report().devices[0].sent
        assert [after.first_n - before.last_n for before, after in pairwise(sent)] == [1] * (len(sent) - 1)
        assert not sink.streams[0].torn_down
        assert sink.streams[1].numbers[0] == sent[1].first_n

    async def test_a_trespasser_is_refused_and_says_so(self, sink, options_for):
        async with playing(options_for(sink, 2, faults=Faults(trespass=Trespass.NEXT))) as fleet:
            await sink.wait_for(lambda sink: len(sink.refused) == 2)
            await sink.wait_for(lambda sink: not sink.connections)
            await until(lambda: all(device.refusals for device in fleet.report().devices))
        assert set(sink.refused) == {"/dev0", "/dev1"}
        assert all(device.last_refusal == "403 not your path" for device in fleet.report().devices)
        assert sink.streams == []

    async def test_parameter_sets_change_in_the_stream_and_back(self, sink, options_for):
        async with playing(options_for(sink, 1, faults=Faults(change_every_s=0.4))) as fleet:
            await sink.wait_for(lambda sink: bool(sink.streams) and len(sink.streams[0].configs) >= 2)
        await sink.wait_for(lambda sink: sink.streams[0].over)
        assert_ledger_holds(fleet, sink)
        sizes = [(config.width, config.height) for config in sink.streams[0].configs]
        assert sizes[:2] == [(144, 144), (192, 192)]
        pictures = sink.streams[0].pictures
        assert all(after.rtp_time - before.rtp_time & 0xFFFFFFFF == 3_600 for before, after in pairwise(pictures))

    async def test_only_the_share_misbehaves(self, sink, options_for):
        options = options_for(sink, 12, faults=Faults(trespass=Trespass.NEXT, share=0.5))
        async with playing(options):
            await sink.wait_for(lambda sink: len(sink.streams) + len(sink.refused) >= 12)
        assert 0 < len(sink.streams) < 12


class TestServerTroubles:
    async def test_a_wrong_key_is_told_in_the_servers_words(self, sink, options_for):
        logins = (DeviceLogin("dev1", "wrong"),)
        async with playing(replace(options_for(sink), devices=logins)) as fleet:
            await sink.wait_for(lambda sink: bool(sink.refused))
            await sink.wait_for(lambda sink: not sink.connections)
            await until(lambda: fleet.report().devices[0].refusals == 1)
        assert fleet.report().devices[0].last_refusal == "403 not your path"

    async def test_a_server_that_goes_away_is_looked_for_again(self, sink, options_for):
        async with playing(options_for(sink, 1)) as fleet:
            await sink.wait_for(units_of_each(3))
            for connection in list(sink.connections):
                connection.transport.abort()
            await sink.wait_for(lambda sink: len(sink.streams) == 2 and len(sink.streams[1].stamps) > 3)
        assert fleet.report().devices[0].connections == 2

    async def test_a_server_that_does_not_read_makes_the_device_wait_and_lose_nothing(self, sink, options_for):
        async with playing(options_for(sink, 1)) as fleet:
            await sink.wait_for(units_of_each(3))
            (connection,) = sink.connections
            connection.transport.pause_reading()
            before = fleet.report().units
            await until(lambda: fleet.report().units >= before + 30)
            connection.transport.resume_reading()
            await sink.wait_for(units_of_each(40))
        await sink.wait_for(lambda sink: sink.streams[0].over)
        assert_ledger_holds(fleet, sink)

    async def test_nobody_there_is_no_crash(self, options_for):
        async with Sink.open() as gone:
            options = options_for(gone, 1, seconds=0.2)
        report = await simulate(options)
        assert report.units == 0
        assert report.devices[0].connections == 0


@pytest.mark.parametrize("how", Interruption)
async def test_a_device_that_is_interrupted_comes_back_with_the_next_number(how, sink, options_for):
    async with playing(options_for(sink, 1)) as fleet:
        await until(lambda: fleet.numbers()["dev0"] >= 3)
        before = fleet.numbers()["dev0"]
        assert fleet.interrupt("dev0", how, 0.0)
        assert not fleet.interrupt("dev0", how, 0.0)  # it publishes nothing at this moment
        await until(lambda: fleet.numbers()["dev0"] >= before + 3)
    first, second = fleet.report().devices[0].sent
    assert second.first_n == first.last_n + 1 == before
    assert first.cut == (how is not Interruption.LEAVE)
    assert not second.cut
    stamps = [stamp.n for stream in sink.streams for stamp in stream.stamps]
    assert stamps == sorted(set(stamps))
    if how is Interruption.LEAVE:
        assert stamps == list(range(second.last_n + 1))


async def test_how_late_a_fleet_is_by_its_own_fault_is_told(sink, options_for):
    late = []
    fleet = Fleet.prepare(options_for(sink, 1, seconds=0.5), SystemClock(), late.append)
    await fleet.run()
    assert len(late) >= fleet.report().units > 0
    assert min(late) >= 0

"""The archive with its thread, its rows and a real hub."""

import asyncio
import itertools
import subprocess
from collections import Counter

import av
import pytest
from sqlalchemy.exc import OperationalError

from gateway.stream import Alarm, AlarmKind, Hub, StreamInfo, VideoOffer
from media import AccessUnit, Codec, GapCause
from media.nal import split_annexb
from recorder import Archiver, ArchiveRules, DiskLevels, Index, Pins, check, row_feed
from storage import SegmentStore, UlidFactory, read_sealed
from storage.bus import MemoryBus
from tests.recorder.crash_child import LivingClock
from tests.recorder.stage import PushingDevice
from tests.storage.footage import Shelf, StoppedClock, fragments

EVER = (0, 1 << 62)
TURN_S = 0.02


@pytest.fixture
def clock():
    return LivingClock()


@pytest.fixture
def store(tmp_path, clock):
    store = SegmentStore(tmp_path, clock)
    with store.lock():
        yield store


@pytest.fixture
def opened(store, index, clock):
    """Opens an archive on the store; a second time is a restart."""

    def opened(other_index=index, bus=None, **rules):
        return Archiver.open(
            store=store,
            index=other_index,
            bus=bus or MemoryBus(),
            clock=clock,
            new_id=UlidFactory(clock),
            pins=Pins(),
            rules=ArchiveRules(**rules),
            turn_s=TURN_S,
        )

    return opened


def device_of(archiver, clock, device_id="dev1"):
    now = clock.utc_ns()
    stream = StreamInfo(UlidFactory(clock)(), device_id, "main", "node1", 1, now, clock.mono_ns())
    return PushingDevice(archiver.reader(stream), stream, clock, now).begin()


async def until(condition, seconds=10):
    """Wait for something the archive's thread does: only asking tells."""
    async with asyncio.timeout(seconds):
        for _ in itertools.count():
            if await condition():
                return
            await asyncio.sleep(TURN_S / 4)


async def test_what_was_pushed_is_on_disk_and_in_the_index_when_the_archive_has_closed(opened, store, index, clock):
    async with opened() as archiver:
        for number in range(3):
            device_of(archiver, clock, f"dev{number}").push(100)
    report = await check(store, index)
    assert (report.faults, report.segments, report.fragments, report.open_segments) == ([], 3, 300, 0)
    assert {ended.cause for ended in (await index.last_streams()).values()} == {GapCause.SERVER_STOPPED}


async def test_footage_can_be_found_while_it_is_being_written(opened, clock):
    async with opened() as archiver:
        device = device_of(archiver, clock).push(100)

        async def written():
            found = await archiver.recordings("dev1", "main", *EVER)
            return bool(found.segments) and found.segments[0].last_sequence == 100

        await until(written)
        [segment] = (await archiver.recordings("dev1", "main", device.placed(50), device.placed(51))).segments
        assert not segment.sealed
        assert archiver.reached("dev1", "main") == segment.end_utc_ns
        assert archiver.reached("dev1", "sub") is None
        assert (await archiver.recordings("dev1", "main", device.placed(102), device.placed(103))).segments == ()
        device.end()

        async def sealed():
            found = await archiver.recordings("dev1", "main", *EVER)
            assert len(found.segments) == 1  # at no moment twice, at no moment none
            return found.segments[0].sealed

        await until(sealed)


async def test_a_segment_and_what_comes_next_are_found_at_any_moment_of_their_making(opened, clock):
    async with opened() as archiver:
        device = device_of(archiver, clock).push(10)

        async def next_is(sealed):
            found = await archiver.next_segment("dev1", "main", 0)
            return found is not None and found.sealed is sealed

        await until(lambda: next_is(False))
        found = await archiver.next_segment("dev1", "main", 0)
        assert await archiver.next_segment("dev1", "main", found.start_utc_ns, found.id) is None
        assert await archiver.next_segment("dev1", "main", found.start_utc_ns + 1) is None
        assert await archiver.next_segment("dev2", "main", 0) is None
        device.end()
        while not (named := await archiver.segment(found.id)).fact.sealed:  # at no moment it is not there
            assert (named.device, named.channel) == ("dev1", "main")
            await asyncio.sleep(TURN_S / 4)
        await until(lambda: next_is(True))
        assert await archiver.segment("0" * 26) is None


async def test_a_gap_that_lasts_is_shown_while_it_lasts(opened, clock):
    async with opened() as archiver:
        device = device_of(archiver, clock)
        device.start_utc_ns -= 60_000_000_000
        device.push(100).end(GapCause.OFFLINE)

        async def shown():
            return bool((await archiver.recordings("dev1", "main", *EVER)).gaps)

        await until(shown)
        [gap] = (await archiver.recordings("dev1", "main", *EVER)).gaps
        assert (gap.cause, gap.start_utc_ns, gap.ongoing) == (GapCause.OFFLINE, device.placed(101), True)


async def test_a_restart_links_each_channel_to_what_it_was(opened, store, index, clock):
    async with opened() as archiver:
        first = device_of(archiver, clock).push(10)
    async with opened() as archiver:
        device = device_of(archiver, clock)
        device.start_utc_ns += 5_000_000_000
        device.push(10).end()
    found = await index.recordings("dev1", "main", *EVER)
    assert [gap.cause for gap in found.gaps] == [GapCause.SERVER_STOPPED]
    second = read_sealed(store.media / found.segments[1].path).header
    assert second.previous_stream == first.stream.stream_id
    assert second.previous_head == found.segments[0].digest
    assert (await check(store, index)).faults == []


@pytest.mark.fault("F04", "I1", "I3")
async def test_killed_between_the_sync_and_the_row_the_row_comes_at_the_next_start(opened, store, index):
    """F04."""
    shelf = Shelf(store, StoppedClock())
    writer = shelf.open()
    writer.append(fragments(1, 10))
    writer.seal(GapCause.OFFLINE, last=True)
    async with opened():
        assert [segment.sealed for segment in (await index.recordings("dev1", "main", *EVER)).segments] == [True]
        assert store.unsettled() == []


class BrokenIndex(Index):
    """The database refuses so many times."""

    refusals = 3

    async def add(self, sealed):
        if sealed and self.refusals:
            self.refusals -= 1
            raise OperationalError("insert", {}, Exception("database is locked"))
        await super().add(sealed)


async def test_recording_goes_on_without_the_database_and_rows_come_later(opened, store, index, clock, monkeypatch):
    monkeypatch.setattr(row_feed, "RETRY_FIRST_S", 0.01)
    broken = BrokenIndex(index._database)
    async with opened(broken) as archiver:
        first = device_of(archiver, clock, "dev1").push(10)
        first.end()

        async def refused():
            return broken.refusals < 3

        await until(refused)
        device_of(archiver, clock, "dev2").push(10).end()
    report = await check(store, index)
    assert (report.faults, report.segments, report.without_row) == ([], 2, 0)
    assert store.unsettled() == []


async def test_rows_that_found_no_room_in_memory_are_found_on_disk(opened, store, index, clock, monkeypatch):
    monkeypatch.setattr(row_feed, "WAITING_MAX", 2)
    monkeypatch.setattr(row_feed, "RETRY_FIRST_S", 0.01)
    async with opened(BrokenIndex(index._database)) as archiver:
        for number in range(9):
            device_of(archiver, clock, f"dev{number}").push(2).end()
    report = await check(store, index)
    assert (report.faults, report.segments, report.without_row) == ([], 9, 0)


async def test_a_full_disk_raises_an_alarm_on_the_bus(opened, clock):
    bus = MemoryBus()
    with bus.subscribe(Alarm) as alarms:
        async with opened(bus=bus, levels=DiskLevels(warning=1.0, stop=1.0)) as archiver:
            device_of(archiver, clock).push(10)
            alarm = await asyncio.wait_for(anext(alarms), 10)
            assert isinstance(alarm, Alarm)
            assert alarm.kind is AlarmKind.DISK_STOP


def encoded(pictures, b_frames=0):
    """Access units of a moving test picture, in the order in which a device sends them, with RTP times."""
    command = [
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=25:duration={pictures / 25}",
        "-c:v", "libx264", "-preset", "ultrafast", "-bf", str(b_frames), "-g", "25", "-f", "h264", "-",
    ]  # fmt: skip
    stream = subprocess.run(command, check=True, capture_output=True).stdout
    context = av.CodecContext.create("h264", "r")
    packets = context.parse(stream) + context.parse(b"")
    return [split_annexb(bytes(packet)) for packet in packets]


def complaints_of_ffmpeg(path):
    command = ["ffmpeg", "-v", "error", "-err_detect", "explode", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode, done.stderr


async def test_a_segment_recorded_through_the_hub_plays_in_ffmpeg_without_an_error(opened, store, index, clock):
    hub = Hub(node_id="node1", clock=clock, new_id=UlidFactory(clock), bus=MemoryBus())
    pictures = encoded(100)
    assert len(pictures) == 100
    async with opened() as archiver:
        hub.add_reader_factory(archiver.reader)
        publication = hub.publish("dev1", "main", [VideoOffer(Codec.H264, 90_000, ())], lambda _: None)
        for number, nals in enumerate(pictures):
            received = clock.mono_ns()
            unit = AccessUnit(tuple(nals), 3_600 * number, received, clock.utc_ns(), key=number % 25 == 0)
            publication.push(0, unit)
        hub.end(publication, GapCause.OFFLINE)
    [fact] = (await index.recordings("dev1", "main", *EVER)).segments
    path = store.media / fact.path
    assert await asyncio.to_thread(complaints_of_ffmpeg, path) == (0, b"")
    with av.open(str(path)) as container:
        kinds = Counter(type(frame).__name__ for frame in container.decode(video=0))
    assert kinds == {"VideoFrame": 100}
    assert (await check(store, index)).faults == []

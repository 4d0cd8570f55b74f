import pytest

from recorder import Pins, Ring, RingLimits
from recorder.disk_watch import DiskSpace, disk_space
from tests.storage.faulty_disk import RefusingDisk

HOUR_NS = 3_600_000_000_000
FOR_EVER = 1 << 62


async def archive(stage, index, count=6):
    """Segments of a device, an hour apart, all with rows."""
    for _ in range(count):
        device = stage.device().push(10)
        device.end()
        stage.turn()
        stage.clock.pass_s(3_600)
    await index.add(stage.sealed)
    for segment in stage.sealed:
        stage.store.settle(segment.header.segment)
    return [segment.header.segment for segment in stage.sealed]


def a_ring(stage, index, limits, space=disk_space, pins=None):
    return Ring(index, stage.store, stage.clock, limits, pins or Pins(), stage.tell, space)


def kept(stage):
    return [path.stem for path in stage.store.segments()]


async def rows(index):
    return [row.id for row in await index.oldest(100)]


async def test_by_age_the_oldest_go(stage, index):
    ids = await archive(stage, index)
    ring = a_ring(stage, index, RingLimits(max_age_ns=4 * HOUR_NS - HOUR_NS // 2))
    await ring.turn()
    assert kept(stage) == await rows(index) == ids[3:]
    assert ring.deleted == 3
    assert await index.garbage() == []


async def test_a_wall_clock_that_steps_ahead_makes_nothing_old(stage, index):
    ids = await archive(stage, index)
    ring = a_ring(stage, index, RingLimits(max_age_ns=24 * HOUR_NS))
    stage.clock.utc += 10 * 365 * 24 * HOUR_NS
    await ring.turn()
    assert kept(stage) == ids
    stage.clock.pass_s(20.5 * 3_600)  # time that has really passed counts all the same
    await ring.turn()
    assert kept(stage) == ids[3:]
    stage.clock.pass_s(4 * 3_600)  # and a clock that nobody sets right for a day is believed
    await ring.turn()
    assert kept(stage) == []


async def test_a_wall_clock_that_was_set_back_keeps_more_rather_than_less(stage, index):
    ids = await archive(stage, index)
    ring = a_ring(stage, index, RingLimits(max_age_ns=4 * HOUR_NS - HOUR_NS // 2))
    stage.clock.utc -= 24 * HOUR_NS
    await ring.turn()
    assert kept(stage) == ids


async def test_by_size_no_more_go_than_must(stage, index):
    ids = await archive(stage, index)
    each = await index.stored_bytes() // 6
    limits = RingLimits(max_age_ns=FOR_EVER, max_bytes=4 * each + each // 2)
    await a_ring(stage, index, limits).turn()
    assert kept(stage) == await rows(index) == ids[2:]
    assert await index.stored_bytes() <= limits.max_bytes


async def test_without_a_size_the_disk_says_how_much_room_there_must_be(stage, index):
    ids = await archive(stage, index)
    each = await index.stored_bytes() // 6

    def space(_):
        return DiskSpace(100 * each, 18 * each + (6 - len(kept(stage))) * each)

    await a_ring(stage, index, RingLimits(FOR_EVER, None, keep_free=0.195), space).turn()
    assert kept(stage) == ids[2:]


async def test_within_its_limits_nothing_goes(stage, index):
    ids = await archive(stage, index)
    await a_ring(stage, index, RingLimits(FOR_EVER, 1 << 40, keep_free=0.0)).turn()
    assert kept(stage) == ids


@pytest.mark.fault("F16", "I5")
async def test_a_file_without_a_row_is_never_deleted(stage, index):
    """F16, R6: an empty database with full media deletes nothing."""
    ids = await archive(stage, index)
    await index.clear()
    await a_ring(stage, index, RingLimits(max_age_ns=0, max_bytes=0)).turn()
    assert kept(stage) == ids


async def test_killed_between_row_and_file_the_next_turn_unlinks(stage, index):
    ids = await archive(stage, index)
    await index.discard(await index.oldest(2), stage.clock.utc)
    assert kept(stage) == ids
    await a_ring(stage, index, RingLimits(FOR_EVER)).turn()
    assert kept(stage) == ids[2:]
    assert await index.garbage() == []


async def test_a_file_that_cannot_be_unlinked_stays_garbage(tmp_path, index):
    from tests.recorder.stage import Stage

    disk = RefusingDisk()
    stage = Stage(tmp_path, disk=disk)
    await archive(stage, index)
    disk.refuse = {"unlink": OSError(5, "injected")}
    ring = a_ring(stage, index, RingLimits(max_age_ns=0))
    with pytest.raises(OSError, match="injected"):
        await ring.turn()
    assert len(await index.garbage()) == 6
    disk.refuse = {}
    await ring.turn()
    assert await index.garbage() == kept(stage) == []


async def test_the_newest_stream_of_a_channel_is_remembered_when_its_footage_is_gone(stage, index):
    await archive(stage, index)
    newest = (await index.last_streams())[("dev1", "main")]
    await a_ring(stage, index, RingLimits(max_age_ns=0)).turn()
    assert await index.last_streams() == {("dev1", "main"): newest}
    assert (await index.recordings("dev1", "main", 0, FOR_EVER)).segments == ()


def crowded(stage, each, index):
    """A disk of 100 segments, of which something else has taken nearly all."""
    return lambda _: DiskSpace(100 * each, (6 - len(kept(stage))) * each)


async def test_footage_that_goes_before_its_time_is_told(stage, index):
    ids = await archive(stage, index)
    each = await index.stored_bytes() // 6
    limits = RingLimits(max_age_ns=183 * 24 * HOUR_NS, keep_free=0.0195)
    ring = a_ring(stage, index, limits, crowded(stage, each, index))
    await ring.turn()
    assert kept(stage) == ids[2:]
    assert stage.alarms == [("ring_short", "", "")]
    await ring.turn()
    assert len(stage.alarms) == 1


async def test_something_else_that_fills_the_disk_has_nothing_young_deleted(stage, index):
    ids = await archive(stage, index)
    each = await index.stored_bytes() // 6
    limits = RingLimits(max_age_ns=183 * 24 * HOUR_NS, keep_free=0.5, min_age_ns=4 * HOUR_NS - HOUR_NS // 2)
    ring = a_ring(stage, index, limits, crowded(stage, each, index))
    await ring.turn()
    assert kept(stage) == ids[3:]  # the three that were older than the floor, and not one more
    assert ("ring_short", "", "") in stage.alarms
    stage.alarms.clear()
    stage.clock.pass_s(300)
    await ring.turn()
    assert kept(stage) == ids[3:]
    assert stage.alarms == [("ring_short", "", "")]  # as long as it lasts


@pytest.mark.fault("F53", "I5")
async def test_footage_of_a_clock_that_nobody_had_set_does_not_go_when_it_is_set(stage, index):
    now_ns = stage.clock.utc
    stage.clock.utc = 60 * 10**9  # booted a minute ago, in 1970
    ids = await archive(stage, index, 2)
    stage.clock.utc = now_ns
    await a_ring(stage, index, RingLimits(max_age_ns=HOUR_NS)).turn()
    assert kept(stage) == ids


async def test_nothing_goes_by_the_word_of_a_damaged_database(stage, index):
    ids = await archive(stage, index)
    index._database.found_damaged("database disk image is malformed")
    await a_ring(stage, index, RingLimits(max_age_ns=0)).turn()
    assert kept(stage) == ids

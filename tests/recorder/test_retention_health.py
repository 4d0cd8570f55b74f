"""How the archive does: room, what is kept by whom, and a warning days ahead."""

from pathlib import Path

import pytest

from gateway.stream import AlarmKind
from recorder import KeepingKind
from recorder.disk_watch import DiskSpace
from recorder.retention import HealthWatch, Room
from tests.recorder.test_kept import shelf_in
from tests.recorder.test_retention import Desk

CLIP, HOLD = KeepingKind.CLIP, KeepingKind.HOLD
EACH = 1_100  # bytes of a segment with its journal
DAY = 288  # segments


@pytest.fixture
async def desk(tmp_path):
    async with shelf_in(tmp_path) as shelf:
        yield await Desk(shelf).open()


def watch(desk, free_bytes, max_bytes=None):
    told = []
    made = HealthWatch(
        desk.shelf.database,
        desk.shelf.index,
        desk.keeper,
        desk.shelf.pins,
        desk.shelf.clock,
        Room(Path("/nowhere"), max_bytes, 0.0),
        lambda *words: told.append(words[0]),
        lambda _: DiskSpace(10_000_000, free_bytes),
    )
    return made, told


async def test_it_is_short_when_what_comes_in_is_more_than_the_policy_and_the_disk_allow_together(desk):
    for _ in range(2):
        await desk.shelf.record(DAY, "dev1")
        await desk.turn()
    made, told = watch(desk, free_bytes=10 * DAY * 1_000)
    health = await made.reckon()
    assert health.forecast.stored_bytes == 2 * DAY * EACH
    assert health.forecast.bytes_a_day == pytest.approx(DAY * 1_000)
    assert health.forecast.days_left == pytest.approx(10)
    assert told == [AlarmKind.SPACE_AHEAD]
    await made.reckon()
    assert len(told) == 1  # once a day
    await desk.shelf.record(DAY + 12, "dev1")
    await desk.turn()
    await made.reckon()
    assert len(told) == 2


async def test_a_policy_that_lets_go_soon_enough_is_no_reason_to_warn(desk):
    await desk.decide("north", days=30)
    desk.shelf.clock.pass_s(8 * 86_400)  # the shorter holds
    await desk.turn()
    await desk.shelf.record(DAY, "dev1")
    await desk.turn()
    made, told = watch(desk, free_bytes=30 * DAY * 1_000)
    assert (await made.reckon()).forecast.days_left is None
    assert told == []


async def test_the_operators_size_is_a_limit_like_the_disk(desk):
    await desk.shelf.record(DAY, "dev1")
    await desk.turn()
    made, _ = watch(desk, free_bytes=9_000_000, max_bytes=2 * DAY * EACH)
    assert (await made.reckon()).forecast.capacity_bytes == 2 * DAY * EACH


async def test_what_is_kept_is_told_by_unit_and_why_and_what_two_keep_counts_once(desk):
    segments = await desk.shelf.record(6, "dev1")
    await desk.shelf.keep(CLIP, segments[0], case="case-1")
    await desk.shelf.keep(CLIP, segments[1], until=segments[2])
    await desk.shelf.keep(HOLD, segments[2], until=segments[3])
    await desk.turn()
    made, _ = watch(desk, free_bytes=9_000_000)
    found = {(one.unit, one.why): (one.segments, one.size_bytes) for one in (await made.reckon()).kept}
    assert found == {("u", "case"): (1, EACH), ("u", "clip"): (1, EACH), ("u", "hold"): (2, 2 * EACH)}

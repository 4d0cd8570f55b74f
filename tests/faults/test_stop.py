"""The server stops in order, or comes back while devices call: nothing is lost, and one gap says why (F06)."""

import pytest

from media import GapCause
from storage import EndFlag
from tests.house.archive import until
from tests.house.bounds import at_most
from tests.house.fixtures import CLIP
from tests.house.fleet import playing

PICTURE_NS = 1_000_000_000 // CLIP.fps
STREAMS = ("dev1", "dev2", "dev3", "dev4", "dev5")


@pytest.mark.fault("F06", "I1", "I3")
async def test_f06_sigterm_with_live_streams_loses_nothing_seals_all_and_tells_the_viewers(house):
    devices = {name: await house.device(name).push() for name in STREAMS}
    viewers = [await house.supervisor().watch(name) for name in STREAMS]
    for viewer in viewers:
        assert await viewer.wait_for_picture(30)
    await viewers[0].wait_for_picture(devices["dev1"].next_n)

    taken = {name: device.next_n - 1 for name, device in devices.items()}  # the last may be on its way
    with at_most(10, "F06: from SIGTERM to the end of the process"):
        await house.stop()

    for name, viewer in zip(STREAMS, viewers, strict=True):
        assert await viewer.closed() == "server_stopping"
        assert viewer.close_code == 1001
        await devices[name].cut_off(5)
        units = house.archive(name).units()
        assert units == list(range(len(units)))
        assert len(units) >= taken[name]
        assert units[-1] >= viewer.pictures[-1]
        (segment,) = house.archive(name).sealed()
        assert segment is not None
        assert segment.end == EndFlag.LAST
        assert segment.end_cause == GapCause.SERVER_STOPPED
    await house.check()


@pytest.mark.parametrize("cause", [GapCause.SERVER_STOPPED, GapCause.SERVER_CRASHED])
async def test_a_restart_while_a_device_keeps_calling_leaves_one_gap_that_says_why(house, clip_cache, cause):
    archive = house.archive("dev1")
    async with playing(house, ["dev1"], CLIP, clip_cache):
        await archive.wait_for_unit(25)
        ended = await (house.stop() if cause is GapCause.SERVER_STOPPED else house.kill())
        before = archive.units()
        await house.start()
        await until(lambda: len(archive.units()) > len(before) + 25)
    await house.stop()
    (gap,) = archive.gaps()
    assert gap.cause is cause
    assert gap.sequence == 0
    away_ns = house.server.ready_mono_ns - ended.ended_mono_ns
    assert gap.end_utc_ns - gap.start_utc_ns > away_ns - PICTURE_NS  # the last one may stand beyond the end
    await house.check()

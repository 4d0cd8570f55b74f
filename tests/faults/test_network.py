"""The network at its worst, for publishers, viewers and strangers (F29, F33 to F36, F39, F40, F57 to F59).

Most of these faults are waiting, so all of them go on at the same time in one house, beside a stream that
nobody touches. Each test waits for its own scene and judges it; the last judges what all of them left behind.
"""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest
import pytest_asyncio

from mingjing.simulator import ClipOptions
from mingjing.simulator.generated import generated_clip
from tests.chaos.tcp_proxy import TcpProxy
from tests.faults import publishers, viewers
from tests.faults.bystander import Bystander
from tests.faults.holdings import Holdings, back_at
from tests.faults.publishers import DATAGRAMS_FOR_S, LINKS, SLOW_FOR_S
from tests.faults.strangers import strangers
from tests.house.bounds import FULL, at_most, noted, told, within
from tests.house.fixtures import CLIP, SHARES_THE_HOUSE

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(900 if FULL else 120)]

SLOW_CLIP = replace(CLIP, bitrate_kbps=400)  # F57
UPLINK_CLIP = replace(CLIP, bitrate_kbps=1_500, seconds=4)  # F36
HEAVY_CLIP = ClipOptions(width=320, height=192, fps=25, bitrate_kbps=4_000, gop=25, seconds=2, sound=False)  # F58
HELD_MAX_MIB = 4  # F58
HELD_BY_US_MIB = 2  # of them: viewer.live.session bounds it, and its own tests show that
MEMORY_MAX_MB = 20
MESSAGES_PER_FLAP_MAX = 8  # connecting, live, offline, the alarm, and what the registry has to say
DROPPED_WITHIN_S = 12  # ten for who proves nothing, and the turn of the timers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scenes(shared_house, clip_cache, house_clip):
    """Every scene, begun at once, as a future of what came of it."""
    house = shared_house
    bystander = await Bystander.of(house, "untouched")
    heavy, slow, uplink = (generated_clip(clip, clip_cache) for clip in (HEAVY_CLIP, SLOW_CLIP, UPLINK_CLIP))
    base = Holdings.of(house)
    played = {
        "half_open": publishers.half_open(house),
        "flap": publishers.flap(house),
        "uplink": publishers.slow_uplink(house, uplink),
        "reset": publishers.reset_mid_frame(house),
        "slow_viewer": viewers.slow(house, slow),
        "stopped_heavy": viewers.stopped(house, heavy, "stopped-heavy"),
        "stopped_light": viewers.stopped(house, house_clip, "stopped-light"),
        "half_open_viewer": viewers.half_open(house, house_clip),
        "strangers": strangers(house),
        **{f"udp{at}": publishers.datagrams(house, house_clip, at, link) for at, link in enumerate(LINKS)},
    }
    loop = asyncio.get_running_loop()  # the tasks outlive this call: the tests are their parents, and `ended` below
    tasks = {name: loop.create_task(scene, name=name) for name, scene in played.items()}
    yield SimpleNamespace(**tasks, bystander=bystander, base=base, ended=lambda: asyncio.wait(tasks.values()))
    for task in tasks.values():
        task.cancel()
    await asyncio.wait(tasks.values())


@pytest.mark.fault("F29")
async def test_f29_a_publisher_that_is_swallowed_is_told_as_stalled_and_may_come_by_another_way(scenes):
    told("F29: from the last picture to `stalled`", await scenes.half_open, 10)


@pytest.mark.fault("F33", "I7")
async def test_f33_a_flapping_device_is_kept_each_time_and_does_not_flood_the_event_feed(scenes):
    flaps, messages = await scenes.flap
    within("F33: messages of the event feed each time it comes", messages / flaps, MESSAGES_PER_FLAP_MAX, "")


@pytest.mark.parametrize("at", range(len(LINKS)), ids=["no loss", "1 %", "5 %", "15 %"])
@pytest.mark.fault("F35")
async def test_f35_over_udp_what_came_is_kept_once_in_order_and_what_did_not_is_marked(scenes, at):
    foretold, kept, decoded = await getattr(scenes, f"udp{at}")
    sent = DATAGRAMS_FOR_S * CLIP.fps
    assert kept.numbers == sorted(set(kept.numbers))
    assert foretold.whole <= set(kept.numbers)
    assert not kept.marked & foretold.whole
    assert foretold.damaged & set(kept.numbers) <= kept.marked
    assert decoded >= len(foretold.whole)
    if not LINKS[at].loss:  # but for what a busy machine held up longer than any link would
        assert not foretold.damaged
        assert len(kept.numbers) >= len(foretold.whole) > 0.8 * sent
    unmarked = len(set(kept.numbers) - kept.marked)
    what = f"F35: whole of the pictures at {LINKS[at].loss:.0%} loss, where {len(foretold.whole) / sent:.0%} can be"
    noted(what, 100 * unmarked / sent, "%")


@pytest.mark.fault("F36")
async def test_f36_an_uplink_too_narrow_loses_nothing_tells_its_delay_and_recovers(scenes):
    most_s, recovered_s = await scenes.uplink
    noted("F36: greatest delay told", most_s, "s")
    assert most_s > SLOW_FOR_S / 2
    told("F36: from a wide link to a delay below 1 s", recovered_s, 5)


@pytest.mark.fault("F39", "I7")
async def test_f39_a_reset_in_the_middle_of_a_frame_keeps_every_picture_before_it(scenes):
    await scenes.reset


@pytest.mark.fault("F40")
async def test_f40_strangers_who_hold_places_or_ask_in_vain_keep_no_device_out(scenes):
    crowd = await scenes.strangers
    told("F40: a slow loris is cut off", crowd.longest_loris_s, DROPPED_WITHIN_S)
    assert crowd.answers == {b"RTSP/1.0 401 Unauthorized\r\n"}
    told("F40: a device is let in meanwhile", crowd.longest_device_s, 2)


@pytest.mark.fault("F57")
async def test_f57_a_slow_reader_skips_to_a_key_picture_and_is_told(scenes):
    noted("F57: to the first `lag`", await scenes.slow_viewer, "s")


@pytest.mark.fault("F58", "I9")
@pytest.mark.parametrize("bitrate", ["heavy", "light"])
async def test_f58_a_stopped_reader_is_closed_and_little_is_held_for_it(scenes, bitrate):
    took_s, kernel_bytes = await getattr(scenes, f"stopped_{bitrate}")
    told(f"F58: a stopped reader of a {bitrate} stream is closed", took_s, 15)
    within(f"F58: held for it ({bitrate})", kernel_bytes / 2**20 + HELD_BY_US_MIB, HELD_MAX_MIB, "MiB")


@pytest.mark.fault("F59", "I11")
async def test_f59_a_half_open_viewer_is_reaped_and_the_ledger_says_when(scenes):
    told("F59: a half-open viewer is reaped", await scenes.half_open_viewer, 30)


@pytest.mark.fault("F29", "I8", "I9")
@pytest.mark.fault("F33", "I8", "I9")
@pytest.mark.fault("F36", "I8", "I9")
@pytest.mark.fault("F39", "I8", "I9")
@pytest.mark.fault("F40", "I8", "I9")
@pytest.mark.fault("F57", "I8", "I9")
@pytest.mark.fault("F59", "I8", "I9")
async def test_after_all_of_it_the_neighbour_has_lost_nothing_and_the_server_holds_what_it_held(scenes, shared_house):
    await scenes.ended()
    await scenes.bystander.has_lost_nothing()
    for push in shared_house.pushes:
        push.leave()
    after = await back_at(shared_house, scenes.base)
    within("memory of the server grew by", (after.rss_bytes - scenes.base.rss_bytes) / 1e6, MEMORY_MAX_MB, "MB")


@pytest.mark.fault("F34", "I8")
@pytest.mark.skipif(not FULL, reason="`make faults` only: half a minute of silence")
async def test_f34_a_stall_of_thirty_seconds_that_bursts_loses_nothing(shared_house):
    house = shared_house
    bystander = await Bystander.of(house, "stall-neighbour")
    await house.enrol("stall-30")
    async with TcpProxy(house.rtsp_address) as proxy:
        push = await house.device("stall-30", through=proxy.address).push()
        viewer = await house.supervisor().watch("stall-30")
        assert await viewer.wait_for_picture(25)
        proxy.hold()
        await asyncio.sleep(30)  # the fault itself
        proxy.release()
        with at_most(2, "F34: from the burst of 30 s to the newest picture at the viewer"):
            assert await viewer.wait_for_picture(push.next_n)
        assert viewer.pictures == list(range(viewer.pictures[0], viewer.pictures[-1] + 1))
        push.leave()
        archive = house.archive("stall-30")
        await archive.wait_for_unit(push.next_n - 1)  # while the proxy is there: its end cuts off what is on its way
    assert archive.units() == push.numbers
    assert not archive.gaps()
    await bystander.has_lost_nothing()

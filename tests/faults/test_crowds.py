"""Many at once: devices that all come back within two seconds, and viewers who all leave (F32, F60)."""

import asyncio
import time

import pytest

from mingjing.simulator import ClipOptions
from tests.chaos.tcp_proxy import TcpProxy
from tests.faults.bystander import Bystander
from tests.faults.holdings import Holdings, back_at
from tests.house.archive import until
from tests.house.bounds import FULL, told
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.fleet import playing

pytestmark = SHARES_THE_HOUSE

DEVICES = 200 if FULL else 30
LEAVING = 300 if FULL else 60
AGAIN_WITHIN_S = 5.0  # I6; recorders wait a second before they call again
CLIP = ClipOptions(width=192, height=192, fps=5, bitrate_kbps=50, gop=5, seconds=2, sound=False)


@pytest.mark.timeout(300)
@pytest.mark.fault("F32", "I6", "I8", "I9")
async def test_f32_all_devices_that_come_back_within_two_seconds_record_again(shared_house, clip_cache):
    house = shared_house
    bystander = await Bystander.of(house, "crowd-neighbour")
    names = [f"crowd{number}" for number in range(DEVICES)]
    await house.enrol(*names)
    base = Holdings.of(house)
    async with TcpProxy(house.rtsp_address) as proxy:
        async with playing(house, names, CLIP, clip_cache, through=proxy.address):
            await until(lambda: Holdings.of(house).segments >= base.segments + DEVICES, within_s=90)
            before = {name: len(house.archive(name).files()) for name in names}
            proxy.reset()
            began = time.monotonic()
            await until(lambda: all(len(house.archive(name).files()) > before[name] for name in names), within_s=60)
            told(
                f"F32: {DEVICES} devices are cut off at once, and recorded again",
                time.monotonic() - began,
                AGAIN_WITHIN_S,
            )
        await bystander.has_lost_nothing()
    await back_at(house, base)


@pytest.mark.fault("F60", "I8", "I9", "I11")
async def test_f60_many_viewers_who_leave_at_once_are_all_on_record_and_off_the_books(shared_house):
    house = shared_house
    await house.enrol("crowded")
    push = await house.device("crowded").push()
    person = house.supervisor()
    bystander = await person.watch("crowded")
    assert await bystander.wait_for_picture(5)
    await house.archive("crowded").wait_for_unit(5)  # its segment is open
    base = Holdings.of(house)
    for _ in range(0, LEAVING, 20):
        viewers = await asyncio.gather(*(person.watch("crowded") for _ in range(20)))
        assert await viewers[-1].wait_for_picture(push.next_n)
    assert Holdings.of(house).sockets >= base.sockets + LEAVING

    began = time.monotonic()
    for viewer in house.viewers[-LEAVING:]:
        viewer.cut()
    await back_at(house, base)
    told(f"F60: {LEAVING} viewers are off the books", time.monotonic() - began, 5)

    newest = push.next_n + 25
    assert await bystander.wait_for_picture(newest)
    assert bystander.pictures == list(range(bystander.pictures[0], bystander.pictures[-1] + 1))
    counted = {}
    for action in ("live.open", "live.close"):
        answer = await house.person("auditor").call("GET", "audit", params={"subject": "crowded", "action": action})
        counted[action] = answer.json()["total"]
    assert counted == {"live.open": LEAVING + 1, "live.close": LEAVING}
    push.leave()

"""Hundreds of WebRTC sessions that come and go, publishers and viewers: what the server holds is what it held (I9).

Sockets, segments, sessions, tasks and memory, from outside. References in circles: tests/gateway/test_leftovers.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from mingjing.bench.counts import Counts, UnitCount
from mingjing.bench.whep.viewer import WhepViewer
from mingjing.webrtc_client import Rounds
from storage import SystemClock
from tests.faults.holdings import Holdings, back_at
from tests.house.bounds import FULL, within
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.house import House
from tests.house.metrics import metrics
from tests.house.whip_link import identity

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(400 if FULL else 120)]

SESSIONS = 200 if FULL else 12
AT_A_TIME = 4
OTHER_TASKS = 3  # requests and timers of the moment
GROWTH_MAX_MIB = 20

Turn = Callable[[int], Awaitable[None]]


async def test_publishers_by_whip_leave_nothing_behind(shared_house: House) -> None:
    """Some say goodbye by DTLS, some by DELETE, and some come anew while they are still there."""
    house, names = shared_house, [f"comes-{place}" for place in range(AT_A_TIME)]
    await house.enrol(*names)

    async def publish(place: int, number: int) -> None:
        device = house.device(names[place])
        push = await device.push_by_whip(seconds=0.08)
        await push.all_sent()
        match number % 3:
            case 0:
                push.leave()
            case 1:
                assert (await push.link.delete()).status_code == 200
            case _:
                again = await device.push_by_whip(seconds=0.04)
                await again.all_sent()
                again.leave()
        push.cut()

    await leaves_nothing_behind(house, "publishers by WHIP", [partial(publish, place) for place in range(AT_A_TIME)])


async def test_viewers_by_whep_leave_nothing_behind(shared_house: House) -> None:
    """Each sees a picture before he goes."""
    house, name = shared_house, "comes-watched"
    await house.enrol(name)
    push = await house.device(name).push()
    await house.archive(name).wait_for_unit(5)  # its segment is open: from here on the server holds what it holds
    cookie = {"Cookie": f"session={await house.supervisor().token()}", "Origin": house.http_url}
    task = {"url": f"{house.http_url}/whep/{{device}}?purpose=exercise", "headers": cookie}
    clock = SystemClock()
    rounds = Rounds(clock)

    async def watch(number: int) -> None:
        counts = Counts()
        units = UnitCount(counts, clock.mono_ns())
        viewer = WhepViewer(identity(), rounds, clock, task, name, units, counts)
        await viewer.open()
        async with asyncio.timeout(20):
            await viewer.first_picture()
        viewer.close()

    await leaves_nothing_behind(house, "viewers by WHEP", [watch] * AT_A_TIME)
    push.leave()


async def leaves_nothing_behind(house: House, who: str, turns: list[Turn]) -> None:
    await take(turns, 1)  # what a first time takes for good
    base, before = Holdings.of(house), await metrics(house)
    await take(turns, SESSIONS // len(turns))
    after = await back_at(house, base)
    counted = await metrics(house)
    assert counted["webrtc_peers"] <= before["webrtc_peers"]
    assert counted["asyncio_tasks"] <= before["asyncio_tasks"] + OTHER_TASKS
    within(f"memory grown by {SESSIONS} {who}", (after.rss_bytes - base.rss_bytes) / 2**20, GROWTH_MAX_MIB, "MiB")


async def take(turns: list[Turn], times: int) -> None:
    """All at once, each so many times."""

    async def one(turn: Turn) -> None:
        for number in range(times):
            await turn(number)

    async with asyncio.TaskGroup() as tasks:
        for turn in turns:
            tasks.create_task(one(turn))

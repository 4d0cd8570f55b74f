"""Viewers who are slow, stop reading, or are gone without a word; and many who leave at once (F57 to F60).

None of them costs anybody else a picture, and each is off the books when it is gone. The three that
take their time are tried beside one another: each at a device of its own.
"""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mingjing.simulator import ClipOptions
from mingjing.simulator.clip import Clip
from mingjing.simulator.generated import generated_clip
from tests.chaos.impairments import Impairments
from tests.chaos.tcp_proxy import TcpProxy
from tests.faults.holdings import Holdings, back_at, kernel_holds_bytes
from tests.house.bounds import FULL, ROOM_S, noted, told, within
from tests.house.fixtures import CLIP, SHARES_THE_HOUSE
from tests.house.house import House
from tests.house.person import Viewer

pytestmark = SHARES_THE_HOUSE

READER_BYTES_PER_S = 10_000 if FULL else 25_000  # half of what comes, in the short form: it fills twice as fast
SLOW_CLIP = replace(CLIP, bitrate_kbps=400)
HEAVY_CLIP = ClipOptions(width=320, height=192, fps=25, bitrate_kbps=4_000, gop=25, seconds=2, sound=False)
LEAVING = 300 if FULL else 60
HELD_MAX_BYTES = 4 << 20  # F58, of which 2 MiB are ours (`viewer.live.session`) and the rest the kernel's
LOOK_S = 0.1


async def gone(house: House, device: str, within_s: float) -> float:
    """Wait until nobody watches the device any more; the seconds that it took."""
    began = time.monotonic()
    supervisor = house.supervisor()
    async with asyncio.timeout(within_s + ROOM_S):
        while (await supervisor.call("GET", f"devices/{device}")).json()["channels"][0]["viewers"]:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
    return time.monotonic() - began


async def watching(house: House, device: str, clip: Clip, **how) -> Viewer:
    push = await replace(house.device(device), clip=clip).push()
    viewer = await house.supervisor().watch(device, **how)
    assert await viewer.wait_for_picture(push.next_n)
    return viewer


async def slow(house: House, clip: Clip) -> float:
    """F57: it skips to a key picture, is told how many it missed, and keeps its socket. Seconds to the first `lag`."""
    link = Impairments(bytes_per_s=READER_BYTES_PER_S, buffer_bytes=16 << 10)
    async with TcpProxy(house.http_address, down=link) as proxy:
        push = await replace(house.device("slow"), clip=clip).push()
        viewer = await house.supervisor().watch("slow", through=proxy.address)
        began = time.monotonic()
        lag = await viewer.next_message("lag", within_s=90)
        took_s = time.monotonic() - began
        before = viewer.pictures[-1]
        assert await viewer.wait_for_picture(before + 1, within_s=40)
        resumed = viewer.pictures[viewer.pictures.index(before) + 1]
        assert resumed - before - 1 == lag.missed_units > 0
        assert resumed % CLIP.gop == 0  # a key picture
        push.leave()
    return took_s


async def stopped(house: House, clip: Clip, device: str) -> tuple[float, int]:
    """F58: seconds until it is closed, and the most that the kernel held for it."""
    viewer = await watching(house, device, clip)
    viewer.stop_reading()
    most = 0

    async def watch_the_kernel() -> None:
        nonlocal most
        while True:
            most = max(most, kernel_holds_bytes(house.http_address[1], viewer.port))
            await asyncio.sleep(LOOK_S)

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(watch_the_kernel(), name="kernel")
        took_s = await gone(house, device, 15)
        looking.cancel()
    return took_s, most


async def half_open(house: House, clip: Clip) -> float:
    """F59: seconds until it is off the books; the ledger says when it ended."""
    async with TcpProxy(house.http_address) as proxy:
        began = time.monotonic()
        await watching(house, "dark", clip, through=proxy.address)
        proxy.go_dark()
        took_s = await gone(house, "dark", 30)
        watched_s = time.monotonic() - began
        ended = datetime.now(UTC)
    answer = await house.person("auditor").call("GET", "audit", params={"action": "live.close", "subject": "dark"})
    (entry,) = answer.json()["items"]
    assert entry["detail"]["seconds"] == pytest.approx(watched_s, abs=2)
    assert abs((datetime.fromisoformat(entry["at"]) - ended).total_seconds()) < 2
    assert proxy.connections == 0
    return took_s


@pytest.mark.fault("F57", "I8")
@pytest.mark.fault("F58", "I8", "I9")
@pytest.mark.fault("F59", "I8", "I9", "I11")
async def test_slow_stopped_and_half_open_viewers_cost_nobody_else_a_picture(shared_house, clip_cache, house_clip):
    house = shared_house
    await house.enrol("slow", "watched", "dark", "stopped-heavy", "stopped-light")
    heavy, slow_clip = generated_clip(HEAVY_CLIP, clip_cache), generated_clip(SLOW_CLIP, clip_cache)
    push = await house.device("watched").push()
    bystander = await house.supervisor().watch("watched")
    assert await bystander.wait_for_picture(5)
    await house.archive("watched").wait_for_unit(5)  # its segment belongs to the base, and is opened a turn later
    base = Holdings.of(house)

    lag_s, (heavy_s, heavy_bytes), (light_s, light_bytes), half_open_s = await asyncio.gather(
        slow(house, slow_clip),
        stopped(house, heavy, "stopped-heavy"),
        stopped(house, house_clip, "stopped-light"),
        half_open(house, house_clip),
    )

    noted("F57: to the first `lag`", lag_s, "s")
    told("F58: a stopped reader of 4 Mbit/s is closed", heavy_s, 15)
    told("F58: a stopped reader of 200 kbit/s is closed", light_s, 15)
    ours = 2 << 20  # viewer.live.session bounds it, and its own tests show that
    within(
        "F58: held for a stopped reader", (max(heavy_bytes, light_bytes) + ours) / 2**20, HELD_MAX_BYTES / 2**20, "MiB"
    )
    told("F59: a half-open viewer is reaped", half_open_s, 30)

    newest = push.next_n
    assert await bystander.wait_for_picture(newest)
    assert bystander.pictures == list(range(bystander.pictures[0], bystander.pictures[-1] + 1))
    assert not [message for message in bystander.messages if message.type in ("lag", "gap", "stalled")]
    for one in ("dark", "stopped-heavy", "stopped-light"):
        for other in house.pushes_of(one):
            other.leave()
    await back_at(house, base)
    push.leave()


@pytest.mark.fault("F60", "I8", "I9", "I11")
async def test_f60_many_viewers_who_leave_at_once_are_all_on_record_and_off_the_books(shared_house):
    house = shared_house
    await house.enrol("crowded")
    push = await house.device("crowded").push()
    person = house.supervisor()
    bystander = await person.watch("crowded")
    assert await bystander.wait_for_picture(5)
    await house.archive("crowded").wait_for_unit(5)  # its segment belongs to the base, and is opened a turn later
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

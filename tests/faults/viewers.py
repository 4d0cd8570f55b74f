"""What happens to viewers who are slow, stop reading, or are gone without a word: each at a device of its own."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from mingjing.simulator.clip import Clip
from tests.chaos.impairments import Impairments
from tests.chaos.tcp_proxy import TcpProxy
from tests.faults.holdings import kernel_holds_bytes
from tests.house.bounds import FULL, ROOM_S
from tests.house.fixtures import CLIP
from tests.house.house import House
from tests.house.person import Viewer

READER_BYTES_PER_S = 10_000 if FULL else 25_000  # half of what comes, in the short form: it fills twice as fast
LOOK_S = 0.1
MISSED = 'mingjing_viewer_missed_units_total{via="websocket"} '


async def gone(house: House, device: str, within_s: float) -> float:
    """Wait until nobody watches the device any more; the seconds that it took."""
    began = time.monotonic()
    supervisor = house.supervisor()
    async with asyncio.timeout(within_s + ROOM_S):
        while (await supervisor.call("GET", f"devices/{device}")).json()["channels"][0]["viewers"]:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
    return time.monotonic() - began


async def watching(house: House, device: str, clip: Clip, **how) -> Viewer:
    await house.enrol(device)
    push = await replace(house.device(device), clip=clip).push()
    viewer = await house.supervisor().watch(device, **how)
    assert await viewer.wait_for_picture(push.next_n)
    return viewer


async def missed_units(house: House) -> float:
    """What Prometheus is told of all viewers of the house."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{house.http_url}/metrics")).text
    line = next(line for line in text.splitlines() if line.startswith(MISSED))
    return float(line.removeprefix(MISSED))


async def slow(house: House, clip: Clip) -> float:
    """F57: it skips to a key picture, is told how many it missed, and keeps its socket. Seconds to the first `lag`."""
    missed_before = await missed_units(house)
    link = Impairments(bytes_per_s=READER_BYTES_PER_S, buffer_bytes=16 << 10)
    await house.enrol("slow")
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
        assert await missed_units(house) >= missed_before + lag.missed_units
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
        viewer = await watching(house, "dark", clip, through=proxy.address)
        proxy.go_dark()
        took_s = await gone(house, "dark", 30)
        watched_s = time.monotonic() - viewer.opened_mono_s
        ended = datetime.now(UTC)
    answer = await house.person("auditor").call("GET", "audit", params={"subject": "dark"})
    entry, opened = [each for each in answer.json()["items"] if each["action"].startswith("live.")]
    assert (entry["action"], opened["action"]) == ("live.close", "live.open")
    assert entry["detail"]["view"] == opened["detail"]["view"]
    assert entry["detail"]["seconds"] == pytest.approx(watched_s, abs=2)
    assert abs((datetime.fromisoformat(entry["at"]) - ended).total_seconds()) < 2
    assert proxy.connections == 0
    return took_s

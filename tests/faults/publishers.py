"""What happens to publishers on bad links: each scene is a device of its own behind a bad link of its own."""

import asyncio
import time
from dataclasses import replace

from media import GapCause
from mingjing.simulator.clip import Clip
from tests.chaos.impairments import Impairments
from tests.chaos.process import proxy_process
from tests.chaos.tcp_proxy import TcpProxy
from tests.faults.datagram_losses import Foretold, Kept, decoded_pictures
from tests.house.bounds import FULL
from tests.house.house import House

FLAP_FOR_S = 300 if FULL else 10
DATAGRAMS_FOR_S = 60 if FULL else 6
UNDER_WAY_S = 0.5  # longer than any of these links holds a datagram
SLOW_FOR_S = 60 if FULL else 6
UPLINK_BYTES_PER_S = 256_000 / 8
ENDS = {GapCause.OFFLINE, GapCause.DEVICE_STOPPED, GapCause.TAKEOVER}

LINKS = (
    Impairments(seed=1, reorder=0.1, duplicate=0.1, jitter_s=0.04),
    Impairments(seed=2, loss=0.01, reorder=0.02, duplicate=0.02, jitter_s=0.02),
    Impairments(seed=3, loss=0.05, reorder=0.02, duplicate=0.02, jitter_s=0.02),
    Impairments(seed=4, loss=0.15, reorder=0.02, duplicate=0.02, jitter_s=0.02),
)


async def half_open(house: House) -> float:
    """F29: seconds from the last picture that passed to `stalled`. In the long form, the end as well."""
    await house.enrol("half-open")
    device = house.device("half-open")
    async with TcpProxy(house.rtsp_address) as proxy:
        push = await replace(device, server=proxy.address).push()
        viewer = await house.supervisor().watch("half-open")
        assert await viewer.wait_for_picture(10)
        began = time.monotonic()
        proxy.go_dark()
        await viewer.next_message("stalled")
        took_s = time.monotonic() - began
        assert push.connected  # the device believes that it is heard
        if FULL:
            assert (await viewer.next_message("offline", within_s=70)).reason == "stalled"
        # It comes back by another way while the old connection still looks alive.
        again = await device.push(starting_at=1_000)
        assert await viewer.wait_for_picture(1_000)
        again.leave()
    return took_s


async def flap(house: House) -> tuple[int, int]:
    """F33: how many times the device came, and how many messages the event feed had for it."""
    await house.enrol("flapping")
    device, archive = house.device("flapping"), house.archive("flapping")
    events = await house.supervisor().events()
    turns, began = 0, time.monotonic()
    while time.monotonic() < began + FLAP_FOR_S:
        push = await device.push(starting_at=turns * 100)
        turns += 1
        await asyncio.sleep(began + turns - time.monotonic())  # the fault itself: once a second
        push.leave() if turns % 3 == 0 else push.cut()
    last = await device.push(seconds=0.2, starting_at=turns * 100)
    await last.all_sent()
    last.leave()
    await archive.wait_for_unit(turns * 100 + 4)
    kept = archive.units()
    assert kept == sorted(set(kept))
    assert {unit // 100 for unit in kept} == set(range(turns + 1))  # of each coming something is kept
    assert {gap.cause for gap in archive.gaps()} <= ENDS
    return turns, await events.count_of("flapping")


async def datagrams(house: House, clip: Clip, number: int, link: Impairments) -> tuple[Foretold, Kept, int]:
    """F35: what should be kept, what is, and how much of it decodes."""
    name, archive = f"udp{number}", house.archive(f"udp{number}")
    await house.enrol(name)
    async with proxy_process(house.rtsp_address, f"127.0.0.{90 + number}", link) as proxy:
        push = await house.device(name, through=proxy.address).push(seconds=DATAGRAMS_FOR_S, datagrams=True)
        await push.all_sent()
        await asyncio.sleep(UNDER_WAY_S)
        push.leave()
        await push.cut_off(10)
    foretold = Foretold.of(link, clip, name, push.next_n, proxy.late)
    await archive.wait_for_unit(max(foretold.whole))
    return foretold, await asyncio.to_thread(Kept.of, archive), await asyncio.to_thread(decoded_pictures, archive)


async def slow_uplink(house: House, clip: Clip) -> tuple[float, float]:
    """F36: the greatest delay that a viewer was told, and seconds until it is over once the link is wide again."""
    link = Impairments(bytes_per_s=UPLINK_BYTES_PER_S)
    archive = house.archive("uplink")
    await house.enrol("uplink")
    async with TcpProxy(house.rtsp_address, up=link) as proxy:
        push = await replace(house.device("uplink", through=proxy.address), clip=clip).push()
        viewer = await house.supervisor().watch("uplink")
        most_s = 0.0
        began = time.monotonic()
        while time.monotonic() < began + SLOW_FOR_S:
            most_s = max(most_s, (await viewer.next_message("delay", within_s=30)).seconds)
        answer = await house.supervisor().call("GET", "devices/uplink")
        assert answer.json()["channels"][0]["delay_s"] >= most_s - 2
        proxy.widen()
        began, caught_up = time.monotonic(), push.next_n
        assert await viewer.wait_for_picture(caught_up, within_s=60)
        while (await viewer.next_message("delay")).seconds > 1:
            pass
        took_s = time.monotonic() - began
        push.leave()
        await push.cut_off(10)
        await archive.wait_for_unit(push.next_n - 1)
    assert archive.units() == push.numbers  # late is not missing
    assert not archive.gaps()
    return most_s, took_s


async def reset_mid_frame(house: House) -> None:
    """F39: every picture that had passed whole is kept, and the device is back at once."""
    await house.enrol("reset")
    archive, device = house.archive("reset"), house.device("reset")
    kept: list[int] = []
    for turn, at in enumerate((30_001, 31_002, 32_503)):  # not three of them between two frames
        async with TcpProxy(house.rtsp_address, up=Impairments(reset_at=at)) as proxy:
            push = await replace(device, server=proxy.address).push(starting_at=turn * 100)
            await push.cut_off(20)
            again = await device.push(seconds=0.2, starting_at=turn * 100 + 80)
            await again.all_sent()
            await archive.wait_for_unit(turn * 100 + 84)
            again.leave()
        kept = [unit for unit in archive.units() if unit // 100 == turn and unit % 100 < 80]
        assert kept == list(range(turn * 100, turn * 100 + len(kept)))
        assert len(kept) > 5
    assert {gap.cause for gap in archive.gaps()} <= ENDS

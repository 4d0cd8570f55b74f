"""Publishers on bad links, beside one another and beside one whose link is good (F29, F33, F35, F36, F39).

Each is a device of its own behind a bad link of its own (tests/chaos); they are tried at the same time,
for most of it is waiting.
"""

import asyncio
import time
from dataclasses import replace

import pytest

from media import GapCause
from mingjing.simulator.generated import generated_clip
from tests.chaos.impairments import Impairments
from tests.chaos.rtsp_proxy import RtspProxy
from tests.chaos.tcp_proxy import TcpProxy
from tests.faults.bystander import Bystander
from tests.faults.datagram_losses import Foretold, Kept, decoded_pictures
from tests.faults.holdings import Holdings, back_at
from tests.house.bounds import FULL, noted, told, within
from tests.house.fixtures import CLIP, SHARES_THE_HOUSE
from tests.house.house import House

pytestmark = SHARES_THE_HOUSE

LONG = pytest.mark.timeout(600)
FLAP_FOR_S = 300 if FULL else 10
DATAGRAMS_FOR_S = 60 if FULL else 6
SLOW_FOR_S = 60 if FULL else 6
UPLINK_BYTES_PER_S = 256_000 / 8
HEAVY_CLIP = replace(CLIP, bitrate_kbps=1_500, seconds=4)  # F36
MEMORY_MAX_MB = 20
MESSAGES_PER_FLAP_MAX = 8  # connecting, live, offline, the alarm, and what the registry has to say


async def half_open(house: House) -> float:
    """F29: seconds from the last picture that passed to `stalled`. In the long form, the end as well."""
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
    assert {gap.cause for gap in archive.gaps()} <= {GapCause.OFFLINE, GapCause.DEVICE_STOPPED, GapCause.TAKEOVER}
    return turns, await events.count_of("flapping")


async def datagrams(house: House, clip, number: int, link: Impairments) -> tuple[Foretold, Kept, int]:
    """F35: what should be kept, what is, and how much of it decodes."""
    name, archive = f"udp{number}", house.archive(f"udp{number}")
    async with RtspProxy(house.rtsp_address, f"127.0.0.{90 + number}", media_up=link) as proxy:
        push = await house.device(name, through=proxy.address).push(seconds=DATAGRAMS_FOR_S, datagrams=True)
        await push.all_sent()
        foretold = Foretold.of(link, clip, name, push.next_n)
        await archive.wait_for_unit(max(foretold.whole))
        push.leave()
        await push.cut_off(10)
    return foretold, Kept.of(archive), decoded_pictures(archive)


async def slow_uplink(house: House, clip) -> tuple[float, float]:
    """F36: the greatest delay that a viewer was told, and seconds until it is over once the link is wide again."""
    link = Impairments(bytes_per_s=UPLINK_BYTES_PER_S)
    archive = house.archive("uplink")
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
    assert {gap.cause for gap in archive.gaps()} <= {GapCause.OFFLINE, GapCause.DEVICE_STOPPED, GapCause.TAKEOVER}


LINKS = (
    Impairments(seed=1, reorder=0.1, duplicate=0.1, jitter_s=0.04),
    Impairments(seed=2, loss=0.01, reorder=0.02, duplicate=0.02, jitter_s=0.02),
    Impairments(seed=3, loss=0.05, reorder=0.02, duplicate=0.02, jitter_s=0.02),
    Impairments(seed=4, loss=0.15, reorder=0.02, duplicate=0.02, jitter_s=0.02),
)


@LONG
@pytest.mark.fault("F29", "I8")
@pytest.mark.fault("F33", "I8", "I9")
@pytest.mark.fault("F35", "I8")
@pytest.mark.fault("F36", "I8", "I9")
@pytest.mark.fault("F39", "I8")
async def test_bad_links_cost_what_they_must_and_the_neighbour_nothing(shared_house, clip_cache, house_clip):
    house = shared_house
    bystander = await Bystander.of(house, "good-link")
    await house.enrol("half-open", "flapping", "uplink", "reset", *(f"udp{number}" for number in range(len(LINKS))))
    heavy = generated_clip(HEAVY_CLIP, clip_cache)
    base = Holdings.of(house)

    stalled_s, (flaps, messages), (most_s, recovered_s), _, *lossy = await asyncio.gather(
        half_open(house),
        flap(house),
        slow_uplink(house, heavy),
        reset_mid_frame(house),
        *(datagrams(house, house_clip, number, link) for number, link in enumerate(LINKS)),
    )

    told("F29: from the last picture to `stalled`", stalled_s, 10)
    within(
        "F33: messages of the event feed for each coming of a flapping device",
        messages / flaps,
        MESSAGES_PER_FLAP_MAX,
        "",
    )
    noted("F36: greatest delay told", most_s, "s")
    assert most_s > SLOW_FOR_S * 0.5
    told("F36: from a wide link to a delay below 1 s", recovered_s, 5)
    for link, (foretold, kept, decoded) in zip(LINKS, lossy, strict=True):
        assert kept.numbers == sorted(set(kept.numbers))  # in order, and none twice
        assert foretold.whole <= set(kept.numbers)
        assert not kept.marked & foretold.whole
        assert foretold.damaged & set(kept.numbers) <= kept.marked
        if not link.loss:
            assert not foretold.damaged
            assert len(foretold.whole) == len(kept.numbers) == DATAGRAMS_FOR_S * CLIP.fps
        assert decoded >= len(foretold.whole)
        share = len(foretold.whole) / (DATAGRAMS_FOR_S * CLIP.fps)
        noted(
            f"F35: pictures whole at {link.loss:.0%} loss, of {share:.0%} foretold",
            100 * len(set(kept.numbers) - kept.marked) / (DATAGRAMS_FOR_S * CLIP.fps),
            "%",
        )
    await bystander.has_lost_nothing()
    after = await back_at(house, base)
    within("F33, F36: memory of the server grew by", (after.rss_bytes - base.rss_bytes) / 1e6, MEMORY_MAX_MB, "MB")


@pytest.mark.fault("F34", "I8")
@LONG
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
        began, caught_up = time.monotonic(), push.next_n
        assert await viewer.wait_for_picture(caught_up)
        told("F34: from the burst of 30 s to the newest picture at the viewer", time.monotonic() - began, 2)
        assert viewer.pictures == list(range(viewer.pictures[0], viewer.pictures[-1] + 1))
        push.leave()
        await push.cut_off(10)
    archive = house.archive("stall-30")
    await archive.wait_for_unit(push.next_n - 1)
    assert archive.units() == push.numbers
    assert not archive.gaps()
    await bystander.has_lost_nothing()

"""A link that stands still: late is not lost, and nobody is left to believe a picture that stands (F29, F34)."""

import asyncio

import pytest

from tests.house.bounds import at_most
from tests.house.fixtures import SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE

STALL_S = 8


@pytest.mark.fault("F34", "I1", "I7", "I8")
async def test_f34_a_stall_of_eight_seconds_that_bursts_loses_nothing_and_leaves_no_gap(shared_house):
    house = shared_house
    device = await house.device("dev8").push()
    neighbour = await house.device("dev9").push()
    viewer = await house.supervisor().watch("dev8")
    assert await viewer.wait_for_picture(25)

    device.go_silent()
    await asyncio.sleep(STALL_S)  # the fault itself
    assert (await viewer.next_message("stalled")).since
    device.burst()

    caught_up = device.next_n
    assert caught_up - 25 >= STALL_S * 25
    with at_most(1, "F34: from the burst to the newest picture at the viewer"):
        assert await viewer.wait_for_picture(caught_up)
    assert (await viewer.next_message("online")).type == "online"
    assert (await viewer.next_message("delay")).seconds >= STALL_S - 1
    assert viewer.pictures == list(range(viewer.pictures[0], caught_up + 1))
    while (await viewer.next_message("delay")).seconds > 1:
        pass  # told again once it is over
    for name in ("dev8", "dev9"):
        archive = house.archive(name)
        await archive.wait_for_unit(caught_up if name == "dev8" else neighbour.next_n - 1)
        units = archive.units()
        assert units == list(range(len(units)))
        assert not archive.gaps()
    device.leave()
    neighbour.leave()


@pytest.mark.fault("F29")
async def test_f29_a_half_open_publisher_is_told_as_stalled_within_ten_seconds(shared_house):
    house = shared_house
    device = await house.device("dev10").push()
    viewer = await house.supervisor().watch("dev10")
    assert await viewer.wait_for_picture(10)
    device.go_silent()
    with at_most(10, "F29: from the last picture to `stalled`"):
        await viewer.next_message("stalled")
    answer = await house.supervisor().call("GET", "devices/dev10")
    assert answer.json()["channels"][0]["state"] == "stalled"

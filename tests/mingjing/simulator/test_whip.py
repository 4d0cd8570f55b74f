"""A fleet by WHIP, against the server itself: what the ledger says was sent the archive has, also on a bad link."""

import asyncio

import pytest

from mingjing.simulator import DeviceLogin, Faults, Fleet, Interruption, Over, SimulateOptions
from mingjing.simulator.whip_uplink import whip_url
from storage import SystemClock
from tests.house.archive import until
from tests.house.fixtures import CLIP, SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE

DEVICES = ("dev15", "dev16")


async def test_lost_packets_are_sent_again_and_numbers_go_on_behind_a_break(shared_house, clip_cache):
    """5 % of datagrams, repairs among them: what stays away is seen by the viewer as a damaged picture at most."""
    house = shared_house
    options = SimulateOptions(
        house.http_url,
        tuple(DeviceLogin(name, house.keys[name]) for name in DEVICES),
        clip_cache,
        over=Over.WHIP,
        generated=CLIP,
        start_within_s=0.1,
        faults=Faults(loss=0.05),
    )
    fleet = await asyncio.to_thread(Fleet.prepare, options, SystemClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(fleet.run())
        await until(lambda: min(fleet.numbers().values()) > 20)
        assert fleet.interrupt(DEVICES[0], Interruption.LEAVE, 0.0)
        await until(lambda: min(fleet.numbers().values()) > 45)
        task.cancel()
    for device in fleet.report().devices:
        assert (device.refusals, len(device.sent)) == (0, 2 if device.device == DEVICES[0] else 1)
        assert sum(len(sent.damaged) for sent in device.sent) > 3  # so many pictures the loss has hit
        archive = house.archive(device.device)
        sent = [n for one in device.sent for n in range(one.first_n, one.last_n + 1)]
        kept = archive.units()
        assert kept == sorted(set(kept))
        assert set(kept) <= set(sent)
        assert len(kept) >= len(sent) - 3 * len(device.sent)  # the last of a publication cannot be asked for


async def test_an_officer_who_is_not_let_in_is_told_why(shared_house, clip_cache):
    login = DeviceLogin(DEVICES[0], "wrong")
    options = SimulateOptions(shared_house.http_url, (login,), clip_cache, over=Over.WHIP, generated=CLIP)
    fleet = await asyncio.to_thread(Fleet.prepare, options, SystemClock())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(fleet.run())
        await until(lambda: fleet.report().devices[0].refusals == 1)
        task.cancel()
    assert "401" in fleet.report().devices[0].last_refusal


@pytest.mark.parametrize(
    ("server", "path", "url"),
    [
        ("http://host:8080", "/dev1", "http://host:8080/whip/dev1"),
        ("http://host:8080/", "/dev1/sub", "http://host:8080/whip/dev1?channel=sub"),
        ("https://host/rtc/whip/?app=live&stream={device}", "/dev1", "https://host/rtc/whip/?app=live&stream=dev1"),
    ],
)
async def test_where_a_device_publishes(server, path, url):
    assert whip_url(server, path) == url

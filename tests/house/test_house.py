"""The house itself: a picture goes in at one end and comes out at the others."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.chaos.rtsp_proxy import RtspProxy
from tests.house.device import RefusedError


async def test_a_picture_that_is_sent_is_seen_and_kept(house):
    device = await house.device("dev1").push(seconds=1)
    viewer = await house.supervisor().watch("dev1")
    assert await viewer.wait_for_picture(24)
    await device.all_sent()
    device.leave()
    await house.stop()
    assert house.archive("dev1").units() == device.numbers == list(range(25))
    assert all(house.archive("dev1").sealed())


async def test_the_server_comes_back_on_the_same_ports_with_what_it_had(house):
    device = await house.device("dev1").push(seconds=1)
    await house.supervisor().watch("dev1")
    await house.archive("dev1").wait_for_unit(24)
    await house.kill()
    await device.cut_off(5)
    await house.start()
    auditor = house.person("auditor")
    while not (cut := (await auditor.call("GET", "audit", params={"action": "live.cut"})).json()["items"]):
        pass
    [opened] = (await auditor.call("GET", "audit", params={"action": "live.open"})).json()["items"]
    assert [(each["subject"], each["detail"]["view"]) for each in cut] == [("dev1", opened["detail"]["view"])]
    assert house.archive("dev1").units() == list(range(25))
    assert all(house.archive("dev1").sealed())
    again = await house.device("dev1").push(seconds=1, starting_at=100)
    await again.all_sent()
    again.leave()
    await house.stop()
    assert house.archive("dev1").units() == [*range(25), *range(100, 125)]


async def test_strangers_are_told_so(house):
    with pytest.raises(RefusedError, match=r"^401"):
        await house.device("dev1", key="wrong").push()
    with pytest.raises(InvalidStatus):
        await house.supervisor().watch("nobody")


async def test_a_device_may_send_datagrams_instead_also_through_a_link_of_its_own(house):
    async with RtspProxy(house.rtsp_address, "127.0.0.81") as proxy:
        direct = await house.device("dev1").push(seconds=1, datagrams=True)
        relayed = await house.device("dev2", through=proxy.address).push(seconds=1, datagrams=True)
        for name, push in (("dev1", direct), ("dev2", relayed)):
            await push.all_sent()
            await house.archive(name).wait_for_unit(24)
            push.leave()
            assert house.archive(name).units() == push.numbers == list(range(25))

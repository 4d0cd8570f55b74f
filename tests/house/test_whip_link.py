"""The WHIP device of the tests against the real server. What it sends without loss: tests/faults/test_whip_media.py."""

from tests.chaos.impairments import Impairments
from tests.chaos.nat import Nat
from tests.house.archive import until
from tests.house.house import House


async def test_it_sends_again_what_a_link_has_lost(house: House) -> None:
    lossy = Impairments(seed=3, loss=0.03)
    async with Nat(up=lossy) as nat:
        push = await house.device("dev1").push_by_whip(through=nat)
        viewer = await house.supervisor().watch("dev1")
        assert await viewer.wait_for_picture(36)
        push.leave()
        assert (await viewer.next_message("offline")).reason == "device_stopped"
    archive = house.archive("dev1")
    await until(lambda: all(archive.sealed()))
    kept = archive.units()
    assert kept == sorted(set(kept))
    assert len(kept) > 30  # a repair may come too late on a busy machine
    assert nat.lost
    assert push.link.repaired

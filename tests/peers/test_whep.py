"""aiortc plays by WHEP what devices push: every picture, from the first, whatever the link loses."""

from itertools import pairwise

import pytest

from tests.chaos.impairments import Impairments
from tests.chaos.nat import Nat
from tests.house.archive import until
from tests.house.fixtures import SHARES_THE_HOUSE, clip_cache, furniture, house_clip, shared_house
from tests.house.house import House
from tests.house.phone import Phone
from tests.house.player import Player

__all__ = ["clip_cache", "furniture", "house_clip", "shared_house"]

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(60)]


async def player(house: House, device: str) -> Player:
    return Player(house.http_url, await house.supervisor().token(), device)


async def test_who_joins_in_the_middle_sees_every_picture_since_the_key_picture(shared_house: House) -> None:
    house = shared_house
    device = await house.device("dev1").push(seconds=4)
    await until(lambda: device.next_n > 30)  # in the second group of pictures
    async with await player(house, "dev1") as one:
        answer = await one.play("video")
        assert answer.status_code == 201, answer.text
        await one.wait_for_picture(90)
        assert one.pictures[0] % 25 == 0
        assert all(after - before == 1 for before, after in pairwise(one.pictures))
        await until(lambda: one.shown >= len(one.pictures) - 3)  # what the decoder holds
        assert (await one.stop()).status_code == 200
        await one.wait_until_over(5)
    assert device.numbers[-1] >= 90


async def test_what_a_lossy_link_takes_comes_again(shared_house: House) -> None:
    house = shared_house
    bad = Impairments(seed=7, loss=0.05, delay_s=0.02, jitter_s=0.002)
    await house.device("dev2").push(seconds=9)  # aiortc may lose its place for a second when a packet stays away
    async with Nat(up=bad, down=bad) as nat, await player(house, "dev2") as one:
        assert (await one.play("video", through=nat)).status_code == 201
        await one.wait_for_picture(125)
        seen = set(one.pictures)  # one that lost a key picture's first packet is given the group again
        assert len(seen) >= 0.97 * (max(seen) - min(seen) + 1)  # without repairs one in ten stays away
        await until(lambda: one.shown >= 0.85 * len(seen))
        assert nat.lost > 10


async def test_sound_comes_beside_the_pictures_and_the_status_socket_tells_of_both(shared_house: House) -> None:
    house = shared_house
    async with (
        Phone(house.http_url, "dev6", house.keys["dev6"]) as phone,
        await player(house, "dev6") as one,
    ):
        assert (await phone.publish(sound=True)).status_code == 201
        await until(lambda: phone.picture.shown > 10)
        assert (await one.play()).status_code == 201
        status = await one.status()
        view = await status.next_message("view")
        assert [track.codec for track in view.tracks] == ["h264", "opus"]
        await until(lambda: one.shown > 25 and one.heard > 40)
        await phone.stop()
        assert (await status.next_message("offline")).reason == "device_stopped"
        await status.leave()


async def test_a_right_that_is_taken_ends_the_view_within_seconds(shared_house: House) -> None:
    house, guest = shared_house, shared_house.person("guest7")
    await house.device("dev3").push(seconds=20)
    async with Player(house.http_url, await guest.token(), "dev3") as one:
        assert (await one.play("video")).status_code == 201
        await one.wait_for_picture(20)
        status = await one.status()
        admin = house.person("secadmin")
        assert (await admin.call("POST", "users/guest7/disable", headers={"If-Match": "*"})).status_code == 200
        assert await status.closed(5) == "revoked"
        await one.wait_until_over(5)

"""aiortc plays by WHEP what devices push: every picture, from the first, whatever the link loses."""

import asyncio
from itertools import pairwise

import pytest

from tests.house.archive import until
from tests.house.fixtures import SHARES_THE_HOUSE, clip_cache, furniture, house_clip, shared_house
from tests.house.house import House
from tests.house.player import Player

__all__ = ["clip_cache", "furniture", "house_clip", "shared_house"]

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(60)]


async def player(house: House, device: str) -> Player:
    return Player(house.http_url, await house.supervisor().token(), device)


async def test_who_joins_in_the_middle_sees_every_picture_since_the_key_picture(shared_house: House) -> None:
    house = shared_house
    device = await house.device("dev1").push(seconds=6)
    await asyncio.sleep(1.5)  # into the second group of pictures
    async with await player(house, "dev1") as one:
        answer = await one.play("video")
        assert answer.status_code == 201, answer.text
        await one.wait_for_picture(140)
        assert one.pictures[0] % 25 == 0
        assert all(after - before == 1 for before, after in pairwise(one.pictures))
        await until(lambda: one.shown >= len(one.pictures) - 3)  # what the decoder holds
        assert (await one.stop()).status_code == 200
        await one.wait_until_over(5)
    assert device

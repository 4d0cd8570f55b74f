"""Viewers by WHEP on bad links (F35): aiortc plays what a device pushes, over links that lose 1, 5 and 15 % at once.

Every picture is numbered by its stamp. What is lost is sent again; where that is too much, key pictures alone come, the
tile is told so, and all of them again when the link is well (long form: it takes the judge some 20 s).
"""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import pytest
import pytest_asyncio

from tests.chaos.impairments import CLEAN
from tests.chaos.nat import Nat
from tests.faults.whip_links import LOSSES, bad_link
from tests.house.bounds import FULL, noted
from tests.house.fixtures import CLIP
from tests.house.house import House
from tests.house.player import Player

pytestmark = pytest.mark.timeout(300 if FULL else 120)

SECONDS = 30 if FULL else 6
WELL_WITHIN_S = 60
WHOLE_AT_LEAST = (0.99, 0.95)  # of pictures, by loss, while all of them are shown


@dataclass(frozen=True, slots=True)
class Watched:
    """What somebody saw of the pictures that came while he watched."""

    pictures: list[int]  # whole, in the order in which they came
    decoded: int
    links: list[SimpleNamespace]  # what the status socket said of the link
    last: int  # of the pictures while the link was bad
    well_again: bool

    @property
    def share(self) -> float:
        seen = {number for number in self.pictures if number <= self.last}
        return len(seen) / (max(seen) - min(seen) + 1)


async def watch(house: House, device: str, number: int, loss: float) -> Watched:
    link = bad_link(30 + number, loss)
    token = await house.supervisor().token()
    async with Nat(up=link, down=link) as nat, Player(house.http_url, token, device) as player:
        answer = await player.play("video", through=nat)
        assert answer.status_code == 201, answer.text
        status = await player.status()
        told: list[SimpleNamespace] = []

        async def listen() -> None:
            while True:
                told.append(await status.next_message("link", within_s=3_600))

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen(), name=f"status {number}")
            await asyncio.sleep(SECONDS)  # the fault itself
            last = player.pictures[-1] if player.pictures else -1
            well_again = False
            if FULL:
                nat.becomes(up=CLEAN, down=CLEAN)
                well_again = await _sees_all_again(player)
            listening.cancel()
        await status.leave()
        assert nat.lost
        assert (await player.stop()).status_code == 200
        return Watched(list(player.pictures), player.shown, told, last, well_again)


async def _sees_all_again(player: Player) -> bool:
    """Until fifty pictures have come without a hole."""
    async with asyncio.timeout(WELL_WITHIN_S):
        while not all(after == before + 1 for before, after in pairwise(player.pictures[-2 * CLIP.fps :])):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return True


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def watched(shared_house):
    """Everybody watches the same device, at the same time."""
    house = shared_house
    await house.enrol("whep-lossy")
    push = await house.device("whep-lossy").push()
    viewer = await house.supervisor().watch("whep-lossy")
    assert await viewer.wait_for_picture(2)
    async with asyncio.TaskGroup() as tasks:
        watching = [
            tasks.create_task(watch(house, "whep-lossy", number, loss), name=f"{loss:.0%}")
            for number, loss in enumerate(LOSSES)
        ]
    assert await viewer.wait_for_picture(push.next_n)
    push.leave()
    await viewer.leave()
    return SimpleNamespace(by_loss=[one.result() for one in watching], neighbour=viewer)


@pytest.mark.fault("F35", "I8")
@pytest.mark.parametrize("at", range(len(LOSSES)), ids=[f"{loss:.0%}" for loss in LOSSES])
def test_f35_a_viewer_by_whep_sees_what_was_lost_again_or_is_told_that_he_sees_less(watched, at):
    came = watched.by_loss[at]
    noted(f"F35: pictures that aiortc saw whole by WHEP at {LOSSES[at]:.0%} loss both ways", 100 * came.share, "%")
    poor = [one for one in came.links if one.state == "poor"]
    if at < len(WHOLE_AT_LEAST):
        assert came.share >= WHOLE_AT_LEAST[at]
    elif came.share < 0.9:
        assert poor
        keys = {number for number in range(min(came.pictures), came.last) if number % CLIP.gop == 0}
        assert len(keys & set(came.pictures)) >= 0.7 * len(keys)
    assert came.decoded
    assert came.well_again or not FULL


@pytest.mark.fault("F35", "I8")
def test_f35_who_watches_beside_them_loses_nothing(watched):
    seen = watched.neighbour.pictures
    assert seen == list(range(seen[0], seen[-1] + 1))

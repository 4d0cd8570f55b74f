"""The network at its worst for publishers by WHIP (F35, F37, F38): all at once, beside a stream nobody touches.

Each test waits for its own scene and judges it.
"""

import asyncio
from types import SimpleNamespace

import pytest
import pytest_asyncio

from tests.faults import whip_links
from tests.faults.bystander import Bystander
from tests.faults.whip_links import LOSSES, SILENCE_S, UNDER_WAY_S
from tests.house.account import ELAPSED_ERROR_MAX_NS
from tests.house.bounds import FULL, noted, told
from tests.house.fixtures import CLIP, SHARES_THE_HOUSE
from tests.house.programme import MS, S

pytestmark = [SHARES_THE_HOUSE, pytest.mark.timeout(400 if FULL else 120)]

WHOLE_AT_LEAST = (0.99, 0.97, 0.90)  # of pictures, by loss: simulated are 100, 99.8 and 98.8 % (webrtc-feedback.md)
CHECKED_EVERY_S = 2.0  # Chromium; RFC 7675 allows six, aiortc takes five


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scenes(shared_house, house_clip):
    """Every scene, begun at once, as a future of what came of it."""
    house = shared_house
    bystander = await Bystander.of(house, "whip-untouched", by_whip=True)
    played = {
        "told": whip_links.another_port(house, told=True),
        "silent": whip_links.another_port(house, told=False),
        "phone_moves": whip_links.phone_from_another_port(house),
        "narrow": whip_links.narrow_path(house, house_clip),
        "too_narrow": whip_links.too_narrow_path(house),
        **{f"lossy{at}": whip_links.lossy(house, house_clip, at, loss) for at, loss in enumerate(LOSSES)},
        **{f"phone{at}": whip_links.phone(house, at, loss) for at, loss in enumerate(LOSSES)},
    }
    loop = asyncio.get_running_loop()  # the tasks outlive this call: the tests are their parents, and `ended` below
    tasks = {name: loop.create_task(scene, name=name) for name, scene in played.items()}
    yield SimpleNamespace(**tasks, bystander=bystander, ended=lambda: asyncio.wait(tasks.values()))
    for task in tasks.values():
        task.cancel()
    await asyncio.wait(tasks.values())


@pytest.mark.parametrize("at", range(len(LOSSES)), ids=[f"{loss:.0%}" for loss in LOSSES])
@pytest.mark.fault("F35", "I7", "I12")
async def test_f35_over_whip_lost_packets_are_sent_again_and_what_stays_away_is_marked_or_told(scenes, at):
    came = await getattr(scenes, f"lossy{at}")
    pictures = came.programme.pictures
    assert came.datagrams_lost
    kept = [unit.n for unit in came.account.units(0) if unit.n >= 0]
    assert kept == sorted(set(kept))  # in order, none twice
    came.what_is_not_marked_has_every_slice()
    came.what_is_missing_is_told()
    came.account.is_in_order(came.programme)
    error_ns = came.account.adds_up(came.programme, within_ns=ELAPSED_ERROR_MAX_NS + round(UNDER_WAY_S * S))
    noted(f"F35: I7 at {LOSSES[at]:.0%} loss by WHIP, what is under way included", error_ns / MS, "ms")
    # The first packet is missed by nobody. A device that hears PLI sends another key picture; this one goes on.
    assert came.whole[0] <= CLIP.gop
    share = len(came.whole) / (len(pictures) - came.whole[0])
    noted(f"F35: whole of the pictures at {LOSSES[at]:.0%} loss both ways by WHIP", 100 * share, "%")
    assert share >= WHOLE_AT_LEAST[at]
    assert came.decoded >= len(came.whole)


@pytest.mark.parametrize("at", range(len(LOSSES)), ids=[f"{loss:.0%}" for loss in LOSSES])
@pytest.mark.fault("F35", "I12")
async def test_f35_pictures_of_a_peer_that_is_not_ours_recover_from_loss(scenes, at):
    came = await getattr(scenes, f"phone{at}")
    assert came.kept == came.distinct  # none twice
    assert came.kept <= came.shown
    share = came.whole / came.shown
    noted(f"F35: whole of the pictures of aiortc at {LOSSES[at]:.0%} loss both ways", 100 * share, "%")
    assert share >= WHOLE_AT_LEAST[at]
    assert came.decoded >= came.whole


@pytest.mark.fault("F37")
@pytest.mark.parametrize("scene", ["told", "silent"], ids=["the device restarts ICE", "its NAT tells nobody"])
async def test_f37_a_device_from_another_port_goes_on_in_the_same_stream_and_loses_nothing(scenes, scene):
    told(f"F37: from another port to the next picture ({scene})", await getattr(scenes, scene), CHECKED_EVERY_S)


@pytest.mark.fault("F37")
async def test_f37_a_peer_that_is_not_ours_goes_on_once_it_checks_again(scenes):
    told("F37: footage of aiortc again, which checks every 5 s", await scenes.phone_moves, 6)


@pytest.mark.fault("F38")
async def test_f38_a_path_for_datagrams_of_1200_bytes_carries_the_handshake_and_what_keeps_to_it(scenes):
    assert await scenes.narrow


@pytest.mark.fault("F38")
async def test_f38_longer_datagrams_that_never_come_end_the_session_with_a_reason(scenes):
    took_s, words = await scenes.too_narrow
    told("F38: from the offer to a reason", took_s, SILENCE_S)
    assert "large datagrams" in words


@pytest.mark.fault("F35", "I8")
@pytest.mark.fault("F37", "I8")
@pytest.mark.fault("F38", "I8")
async def test_after_all_of_it_the_neighbour_has_lost_nothing(scenes):
    await scenes.ended()
    await scenes.bystander.has_lost_nothing()

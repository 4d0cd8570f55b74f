"""F62: a right that was taken away ends what it allowed, also what is being watched at this moment."""

import pytest
from websockets.exceptions import InvalidStatus

from media import GapCause
from tests.house.bounds import at_most
from tests.house.device import RefusedError
from tests.house.fixtures import SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE

WITHIN_S = 5
ANY_VERSION = {"If-Match": "*"}


async def watching(house, person: str, device: str):
    viewer = await house.person(person).watch(device)
    assert await viewer.wait_for_picture(5)
    return viewer


@pytest.mark.fault("F62", "I8", "I10")
async def test_f62_a_right_that_is_revoked_closes_the_socket_with_its_reason(shared_house):
    house = shared_house
    await house.device("dev11").push()
    security = house.person("secadmin")
    bystander = await watching(house, "supervisor", "dev11")

    viewer = await watching(house, "guest1", "dev11")
    with at_most(WITHIN_S, "F62: account disabled"):
        assert (await security.call("POST", "users/guest1/disable", headers=ANY_VERSION)).status_code == 200
        assert await viewer.closed() == "revoked"
    assert viewer.close_code == 1008

    viewer = await watching(house, "guest2", "dev11")
    with at_most(WITHIN_S, "F62: password reset"):
        assert (await security.call("POST", "users/guest2/reset-password", headers=ANY_VERSION)).status_code == 200
        assert await viewer.closed() == "revoked"

    viewer = await watching(house, "guest3", "dev11")
    (session,) = (await security.call("GET", "users/guest3/sessions")).json()["items"]
    with at_most(WITHIN_S, "F62: session revoked"):
        assert (await security.call("DELETE", f"users/guest3/sessions/{session['id']}")).status_code == 204
        assert await viewer.closed() == "revoked"

    viewer = await watching(house, "guest4", "dev11")
    account = await security.call("GET", "users/guest4")
    with at_most(WITHIN_S, "F62: another role"):
        answer = await security.call(
            "PATCH", "users/guest4", json={"role": "reviewer"}, headers={"If-Match": account.headers["ETag"]}
        )
        assert answer.status_code == 200
        assert await viewer.closed() == "revoked"

    newest = bystander.pictures[-1] + 25
    assert await bystander.wait_for_picture(newest)
    assert not [message for message in bystander.messages if message.type == "closing"]


@pytest.mark.fault("F62", "I8", "I10")
async def test_f62_a_device_that_leaves_ones_unit_or_the_register_is_not_watched_any_more(shared_house):
    house = shared_house
    moved, removed = await house.device("dev12").push(), await house.device("dev13").push()
    site = house.person("siteadmin")
    north, anybody = await watching(house, "supervisor.north", "dev12"), await watching(house, "supervisor", "dev12")
    last = await watching(house, "supervisor", "dev13")

    device = await site.call("GET", "devices/dev12")
    with at_most(WITHIN_S, "F62: device moved to another unit"):
        answer = await site.call(
            "PATCH",
            "devices/dev12",
            json={"checkpoint": "gate-south"},
            headers={"If-Match": device.headers["ETag"]},
        )
        assert answer.status_code == 200, answer.text
        assert await north.closed() == "revoked"

    device = await site.call("GET", "devices/dev13")
    with at_most(WITHIN_S, "F62: device removed"):
        answer = await site.call("DELETE", "devices/dev13", headers={"If-Match": device.headers["ETag"]})
        assert answer.status_code == 204, answer.text
        assert await last.closed() == "device_removed"
        await removed.cut_off(WITHIN_S)

    assert await anybody.wait_for_picture(moved.next_n + 10)  # who may see both units never noticed


async def test_what_is_unknown_or_out_of_reach_is_refused_alike(shared_house):
    house = shared_house
    answers = set()
    for person, device in (("supervisor", "nobody"), ("supervisor.south", "dev14"), ("supervisor.south", "nobody")):
        with pytest.raises(InvalidStatus) as refused:
            await house.person(person).watch(device)
        answers.add((refused.value.response.status_code, bytes(refused.value.response.body or b"")))
    ((status, _),) = answers
    assert status == 404


async def test_a_key_that_was_replaced_without_overlap_ends_the_stream_that_runs_on_it(shared_house):
    house = shared_house
    device = await house.device("dev15").push()
    site = house.person("siteadmin")
    viewer = await watching(house, "supervisor", "dev15")
    made = await site.call("POST", "devices/dev15/rotate-key", json={"overlap_s": 600}, headers=ANY_VERSION)
    assert made.status_code == 200, made.text
    assert await viewer.wait_for_picture(device.next_n + 10)  # the old key still counts for a while
    with at_most(WITHIN_S, "key replaced without overlap"):
        made = await site.call("POST", "devices/dev15/rotate-key", json={"overlap_s": 0}, headers=ANY_VERSION)
        await device.cut_off(WITHIN_S)
    with pytest.raises(RefusedError, match=r"^401 "):
        await house.device("dev15").push()
    house.keys["dev15"] = made.json()["key"]
    again = await house.device("dev15").push(starting_at=1_000)
    assert await viewer.wait_for_picture(1_000)
    again.leave()
    await house.archive("dev15").wait_for_unit(1_000)
    assert [gap.cause for gap in house.archive("dev15").gaps()] == [GapCause.KEY_ROTATED]

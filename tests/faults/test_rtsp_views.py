"""F62 over RTSP: a stream password opens what its owner may see, on record, and not a moment longer."""

import asyncio
import json
from asyncio.subprocess import PIPE

import pytest

from tests.house.bounds import at_most
from tests.house.fixtures import SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE

WITHIN_S = 5


async def stream_password(person, **fields):
    made = await person.call("POST", "stream-passwords", json={"label": "wall", "purpose": "case", **fields})
    assert made.status_code == 201
    return made.json()


async def playing(house, made, device, seconds):
    url = house.rtsp_url.replace("//", f"//{made['user']}:{made['password']}@")
    return await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_frames", "-of", "json",
        "-read_intervals", f"%+{seconds}", f"{url}/{device}", stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def opened(house, device):
    """The ledger's entries of views of a device, once there is one that is open."""
    auditor = house.person("auditor")
    async with asyncio.timeout(15):
        while True:
            items = (await auditor.call("GET", "audit", params={"subject": device})).json()["items"]
            views = [item for item in items if item["action"].startswith("live.")]
            if views and views[0]["action"] == "live.open":
                return views
            await asyncio.sleep(0.1)  # the audit is asked for, it does not call


@pytest.mark.fault("F62", "I8", "I10")
async def test_f62_a_stream_password_that_is_revoked_ends_its_player(shared_house):
    house = shared_house
    await house.device("dev17").push()
    person = house.person("guest5")
    made = await stream_password(person)
    player = await playing(house, made, "dev17", 60)
    await opened(house, "dev17")
    with at_most(WITHIN_S, "F62: stream password revoked"):
        assert (await person.call("DELETE", f"stream-passwords/{made['id']}")).status_code == 204
        out, _ = await asyncio.wait_for(player.communicate(), 15)
    assert json.loads(out)["frames"][0]["pict_type"] == "I"
    again = await playing(house, made, "dev17", 1)
    _, errors = await asyncio.wait_for(again.communicate(), 15)
    assert b"401" in errors
    items = (await house.person("auditor").call("GET", "audit", params={"subject": "dev17"})).json()["items"]
    closed, begun = [item for item in items if item["action"].startswith("live.")][:2]
    assert (closed["action"], begun["action"]) == ("live.close", "live.open")
    assert closed["principal"] == begun["principal"] == "user:guest5"
    assert closed["detail"]["view"] == begun["detail"]["view"]
    assert begun["detail"]["purpose"] == "case"
    assert closed["detail"]["units_sent"] > 0


async def test_f62_the_password_is_worth_what_its_owner_is(shared_house):
    house = shared_house
    await house.device("dev18").push()
    person = house.person("guest6")
    made = await stream_password(person)
    (listed,) = (await person.call("GET", "stream-passwords")).json()["items"]
    assert "password" not in listed
    player = await playing(house, made, "dev18", 60)
    await opened(house, "dev18")
    with at_most(WITHIN_S, "F62: account disabled, over RTSP"):
        await house.person("secadmin").call("POST", "users/guest6/disable", headers={"If-Match": "*"})
        await asyncio.wait_for(player.communicate(), 15)
    for device in ("dev18", "nobody-knows"):
        again = await playing(house, made, device, 1)
        _, errors = await asyncio.wait_for(again.communicate(), 15)
        assert b"401" in errors

"""Officers over the API: devices handed over and taken back, found again, and what was carried on the timeline."""

import pytest

from storage import iso_from_ns
from tests.storage.manual_clock import START_UTC_NS as NOON_NS
from viewer.access import Role

MINUTE_NS = 60_000_000_000
LI, WANG = {"certificate_no": "31-0042", "name": "李"}, {"certificate_no": "31-0077", "name": "王"}


def at(minutes):
    return iso_from_ns(NOON_NS + minutes * MINUTE_NS)


@pytest.fixture
async def admin(front):
    return await front.person(Role.SITE_ADMIN)


async def hand(admin, officer, since, device="dev-north"):
    return await admin.put(f"/api/v1/devices/{device}/officer", json={**officer, "since": at(since)})


async def carried(client, officer, begin=-60, end=60, **more):
    asked = {"officer": officer["certificate_no"], "from": at(begin), "to": at(end), **more}
    answer = await client.get("/api/v1/timeline", params=asked)
    assert answer.status_code == 200, answer.text
    return [(lane["device"], lane["carried"]["from"], lane["carried"]["to"]) for lane in answer.json()["lanes"]]


async def test_a_shift_is_what_an_officer_carried_and_no_minute_more(front, admin):
    assert (await hand(admin, LI, -50)).json() == {"device": "dev-north", **LI, "since": at(-50), "until": None}
    await hand(admin, WANG, -30)
    await hand(admin, LI, -20)
    assert (await admin.delete("/api/v1/devices/dev-north/officer")).status_code == 204
    await hand(admin, LI, -10, "dev-south")
    supervisor = await front.person(Role.SUPERVISOR)
    assert await carried(supervisor, LI) == [
        ("dev-north", at(-50), at(-30)),
        ("dev-north", at(-20), at(0)),
        ("dev-south", at(-10), at(60)),
    ]
    assert await carried(supervisor, WANG, -20, 60) == []
    assert await carried(supervisor, WANG, -40, -35) == []
    assert await carried(supervisor, WANG, -29, -21) == [("dev-north", at(-29), at(-21))]
    assert front.archive.asked[-1] == ("dev-north", "main", NOON_NS - 29 * MINUTE_NS, NOON_NS - 21 * MINUTE_NS)
    read = (await front.services.ledger.query(action="recording.read")).items
    assert {entry.detail["officer"] for entry in read} == {LI["certificate_no"], WANG["certificate_no"]}
    [back] = (await front.services.ledger.query(action="device.take_back")).items
    assert (back.principal, back.subject, back.detail) == ("user:site_admin.all", "dev-north", LI)


async def test_who_reviews_sees_a_shift_as_far_as_the_case_opens_it(front, admin):
    await hand(admin, LI, -50)
    reviewer = await front.person(Role.REVIEWER, "north")
    refused = await reviewer.get("/api/v1/timeline", params={"officer": "31-0042", "from": at(-60), "to": at(60)})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:mingjing:problem:needs-case")
    case = await front.at_hand("north")
    assert await carried(reviewer, LI, case=case) == [("dev-north", at(-50), at(60))]


async def test_an_officer_is_found_by_number_or_name_in_ones_own_units(front, admin):
    await hand(admin, LI, -50)
    await hand(admin, WANG, -40)
    await hand(admin, LI, -30, "dev-south")

    async def found(client, q):
        items = (await client.get("/api/v1/officers", params={"q": q})).json()["items"]
        return [(one["certificate_no"], one["device"]) for one in items]

    everywhere, north = await front.person(Role.SUPERVISOR), await front.person(Role.REVIEWER, "north")
    assert await found(everywhere, "") == [("31-0042", "dev-south"), ("31-0077", "dev-north")]
    assert await found(everywhere, "王") == [("31-0077", "dev-north")]
    assert await found(everywhere, "0042") == [("31-0042", "dev-south")]
    assert await found(north, "") == [("31-0077", "dev-north"), ("31-0042", "dev-north")]
    assert await found(north, "%") == []
    south = await front.person(Role.SUPERVISOR, "south")
    assert await carried(south, WANG) == await carried(south, {"certificate_no": "nobody"}) == []


async def test_what_cannot_be_handed_over_is_refused_with_its_field(admin):
    await hand(admin, LI, -10)
    for officer, since, status, field in (
        ({"certificate_no": " "}, 0, 422, "certificate_no"),
        ({"certificate_no": "x" * 65}, 0, 422, "certificate_no"),
        (WANG, 1, 422, "since"),
        (WANG, -11, 409, "since"),
    ):
        refused = await hand(admin, officer, since)
        assert (refused.status_code, refused.json()["field"], bool(refused.json()["fix"])) == (status, field, True)
    assert (await admin.get("/api/v1/devices/dev-north/officer")).json()["certificate_no"] == "31-0042"


async def test_the_history_outlives_the_device(front, admin):
    await hand(admin, LI, -10)
    await front.registry.devices.remove("dev-north", principal="cli:0")
    [kept] = await front.registry.officers.carried("31-0042", 0, NOON_NS * 2)
    assert (kept.device, kept.end_utc_ns) == ("dev-north", NOON_NS)
    assert await carried(await front.person(Role.SUPERVISOR), LI) == []

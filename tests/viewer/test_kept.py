"""Clips and holds over the API: made, listed, tagged, and given up by two people."""

import pytest

from media import Reference
from recorder import Footage, KeepingKind, SegmentFact
from tests.storage.manual_clock import START_UTC_NS as NOON_NS
from tests.storage.manual_clock import ManualClock
from viewer.access import Role

MINUTE = {"from": "2027-01-15T07:58:00Z", "to": "2027-01-15T07:59:00Z"}
NOUNS = [kind.value for kind in KeepingKind]


@pytest.fixture
def with_footage(front):
    front.archive.footage_references = (Reference("0" * 26, 1, 1_500), Reference("1" * 26, 1, 30))
    return front


async def make(client, noun, **body):
    return await client.post(f"/api/v1/{noun}s", json={"device": "dev-north", "note": "why", **body})


def match(answer):
    return {"If-Match": answer.headers["etag"]}


@pytest.mark.parametrize("noun", NOUNS)
async def test_an_interval_is_kept_with_what_there_is_of_it_and_who_wanted_it(with_footage, noun):
    front = with_footage
    client, case = await front.person(Role.REVIEWER), (await front.case("north")).id
    made = await make(client, noun, **MINUTE, case=case, stage="investigation")
    assert made.status_code == 201, made.text
    item = made.json()
    assert (item["device"], item["unit"], item["case"], item["stage"]) == ("dev-north", "north", case, "investigation")
    assert (item["start"], item["end"]) == ("2027-01-15T07:58:00.000Z", "2027-01-15T07:59:00.000Z")
    assert [one["last_sequence"] for one in item["references"]] == [1_500, 30]
    assert (item["created_by"], item["standing"], item["removal"]) == ("user:reviewer.all", True, None)
    assert (await client.get(f"/api/v1/{noun}s/{item['id']}")).json() == item
    listed = (await client.get(f"/api/v1/{noun}s", params={"case": case, "standing": True})).json()
    assert listed["items"] == [item]
    assert await front.actions(subject=item["id"]) == [("user:reviewer.all", f"{noun}.create", item["id"])]


async def test_a_supervisor_keeps_the_last_two_minutes_and_goes_on(with_footage):
    made = await make(await with_footage.person(Role.SUPERVISOR), "clip", last_s=120)
    assert (made.json()["start"], made.json()["end"]) == ("2027-01-15T07:58:00.000Z", "2027-01-15T08:00:00.000Z")


async def test_the_last_two_minutes_of_a_stream_that_runs_behind_a_clock_that_was_set_ahead_are_its_own(with_footage):
    with_footage.archive.reached_utc_ns = NOON_NS - 3_600_000_000_000
    made = await make(await with_footage.person(Role.SUPERVISOR), "clip", last_s=120)
    with_footage.archive.reached_utc_ns = None
    assert (made.json()["start"], made.json()["end"]) == ("2027-01-15T06:58:00.000Z", "2027-01-15T07:00:00.000Z")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "from"),
        ({"from": MINUTE["from"]}, "from"),
        ({**MINUTE, "last_s": 10}, "from"),
        ({"from": MINUTE["to"], "to": MINUTE["from"]}, "to"),
        ({"from": "2026-01-15T07:58:00Z", "to": MINUTE["to"]}, "to"),
        ({"from": MINUTE["from"], "to": "2027-01-15T08:00:01Z"}, "to"),
        ({"last_s": 0}, "last_s"),
        ({**MINUTE, "channel": "third"}, "channel"),
        ({**MINUTE, "note": "x" * 1_001}, "note"),
        ({**MINUTE, "case": "nowhere"}, "case"),
        ({**MINUTE, "stage": "party"}, "stage"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(with_footage, body, field):
    refused = await make(await with_footage.person(Role.REVIEWER), "clip", **body)
    assert refused.status_code == 422
    assert (refused.json()["field"], bool(refused.json()["fix"])) == (field, True)


async def test_where_there_is_no_footage_there_is_nothing_to_keep(front):
    refused = await make(await front.person(Role.REVIEWER), "hold", **MINUTE)
    assert (refused.status_code, refused.json()["field"]) == (422, "from")


async def test_it_is_tagged_later_by_whoever_has_seen_its_newest_version(with_footage):
    client, case = await with_footage.person(Role.REVIEWER), (await with_footage.case("north")).id
    made = await make(client, "clip", **MINUTE)
    url = f"/api/v1/clips/{made.json()['id']}"
    edited = await client.patch(url, json={"case": case}, headers=match(made))
    assert (edited.json()["case"], edited.json()["note"], edited.json()["version"]) == (case, "why", 2)
    assert (await client.patch(url, json={"note": "again"}, headers=match(made))).status_code == 412
    assert (await client.patch(url, json={"note": "again"})).status_code == 428


@pytest.mark.parametrize("noun", NOUNS)
async def test_two_people_give_it_up_and_within_seven_days_one_may_take_that_back(with_footage, noun):
    front = with_footage
    first, second = await front.person(Role.REVIEWER), await front.person(Role.SUPERVISOR)
    made = await make(first, noun, **MINUTE)
    url = f"/api/v1/{noun}s/{made.json()['id']}"
    asked = await first.post(f"{url}/removal", json={"reason": "wrong case"}, headers=match(made))
    assert (asked.json()["removal"]["asked_by"], asked.json()["removal"]["free_at"]) == ("user:reviewer.all", None)
    alone = await first.post(f"{url}/removal/agree", headers=match(asked))
    assert (alone.status_code, alone.json()["fix"]) == (409, "Somebody else has to look at it.")
    agreed = await second.post(f"{url}/removal/agree", headers=match(asked))
    assert agreed.json()["removal"]["free_at"] == "2027-01-22T08:00:00.000Z"
    assert agreed.json()["standing"]
    kept = await second.delete(f"{url}/removal", headers=match(agreed))
    assert kept.json()["removal"] is None
    assert [action for _, action, _ in await front.actions(subject=made.json()["id"])] == [
        f"{noun}.{act}" for act in ("create", "ask_removal", "agree_removal", "withdraw_removal")
    ]


async def test_nobody_tags_to_a_case_he_may_not_see(with_footage):
    front = with_footage
    client, foreign = await front.person(Role.REVIEWER, "north"), (await front.case("south")).id
    hidden, missing = [await make(client, "clip", **MINUTE, case=case) for case in (foreign, "nowhere")]
    assert (hidden.status_code, hidden.text) == (422, missing.text)


async def test_the_last_minutes_are_those_of_the_clock_that_footage_is_placed_by(with_footage):
    """The wall clock was set back by an hour, and the clock of placed time goes on."""
    front = with_footage
    client = await front.person(Role.SUPERVISOR)
    front.services.kept._clock = ManualClock(front.clock.utc_ns())
    front.clock.step_wall(-3_600)
    made = await make(client, "clip", last_s=120)
    assert (made.json()["end"], made.json()["standing"]) == ("2027-01-15T08:00:00.000Z", True)


async def test_nobody_takes_a_clip_off_a_case_that_he_may_not_see_or_that_is_closed(with_footage):
    front = with_footage
    client = await front.person(Role.REVIEWER, "north")
    foreign, closed = await front.case("south"), await front.case("north")
    made = await make(client, "clip", **MINUTE)
    clip = await front.services.kept.find(KeepingKind.CLIP, made.json()["id"])
    url = f"/api/v1/clips/{clip.id}"
    for case, status in ((foreign.id, 422), (closed.id, 409)):
        clip = await front.services.kept.edit(clip, case=case, stage="", note="", principal="user:other")
        if status == 409:
            await front.services.cases.close(closed.id, principal="user:other")
        refused = await client.patch(url, json={"case": ""}, headers={"If-Match": f'"{clip.version}"'})
        assert (refused.status_code, refused.json()["field"]) == (status, "case")
    noted = await client.patch(url, json={"note": "seen"}, headers={"If-Match": f'"{clip.version}"'})
    assert noted.json()["note"] == "seen"
    assert (await make(client, "clip", **MINUTE, case=closed.id)).status_code == 409


NOBODY = {"id": None, "case": "", "note": ""}


async def test_why_a_second_is_kept_and_until_when(with_footage):
    front = with_footage

    async def said():
        client, at = await front.person(Role.REVIEWER), "2027-01-15T07:59:30Z"
        return (await client.get("/api/v1/retention", params={"device": "dev-north", "at": at})).json()

    assert (await said())["segment"] is None
    segment = SegmentFact("S" * 26, "0" * 26, "", NOON_NS - 300_000_000_000, NOON_NS, 1, 9_000, 1, b"", True)
    front.archive.footage = Footage((segment,), ())
    assert (await said())["reasons"] == [
        {"why": "policy", "until": "2027-07-17T08:00:00.000Z", "wins": True, "unit": "", **NOBODY},
        {"why": "minimum", "until": "2027-02-14T08:00:00.000Z", "wins": False, "unit": "", **NOBODY},
    ]
    assert (await said())["until"] == "2027-07-17T08:00:00.000Z"
    kept = await front.keep(KeepingKind.HOLD)
    assert [(one["why"], one["id"], one["until"]) for one in (await said())["reasons"]][2:] == [("hold", kept.id, None)]
    assert (await said())["until"] is None  # until two people say otherwise
    asked = await front.services.kept.ask_removal(kept, reason="decided", principal="user:one")
    await front.services.kept.agree_removal(asked, principal="user:two")
    assert (await said())["until"] == "2027-07-17T08:00:00.000Z"  # the longest wins
    remorse = (await said())["reasons"][2]
    assert (remorse["why"], remorse["until"], remorse["wins"]) == ("remorse", "2027-01-22T08:00:00.000Z", False)
    front.services.kept.pins.hold("export-1", [Reference("0" * 26, 1, 5)])
    assert [(one["why"], one["wins"]) for one in (await said())["reasons"]][-1] == ("export", True)
    front.services.kept.pins.drop("export-1", [Reference("0" * 26, 1, 5)])
    front.clock.advance(8 * 24 * 3_600)
    assert [one["why"] for one in (await said())["reasons"]] == ["policy", "minimum"]


async def test_of_another_units_footage_nobody_learns_what_is_kept(with_footage):
    front = with_footage
    mine = await front.keep(KeepingKind.CLIP, "dev-north")
    other = await front.keep(KeepingKind.CLIP, "dev-south")
    client = await front.person(Role.REVIEWER, "north")
    assert [one["id"] for one in (await client.get("/api/v1/clips")).json()["items"]] == [mine.id]
    hidden, missing = [await client.get(f"/api/v1/clips/{each}") for each in (other.id, "0" * 26)]
    assert (hidden.status_code, hidden.text) == (404, missing.text)


async def test_of_a_device_that_is_there_no_more_its_unit_still_sees_what_is_kept(with_footage):
    front = with_footage
    mine = await front.keep(KeepingKind.HOLD, "dev-north")
    await front.registry.devices.remove("dev-north", principal="cli:0")
    for unit, seen in ((None, 1), ("north", 1), ("south", 0)):
        client = await front.person(Role.REVIEWER, unit)
        assert (await client.get("/api/v1/holds")).json()["total"] == seen
        assert (await client.get(f"/api/v1/holds/{mine.id}")).status_code == (200 if seen else 404)


async def test_the_timeline_shows_what_stands_to_whoever_may_know_of_it(with_footage):
    front = with_footage
    client, case = await front.person(Role.REVIEWER), (await front.case("north")).id
    hold = (await make(client, "hold", **{"from": "2027-01-15T07:50:00Z", "to": "2027-01-15T07:58:30Z"})).json()
    clip = (await make(client, "clip", **MINUTE, case=case, stage="decision")).json()
    await make(client, "clip", **{"from": "2027-01-15T06:00:00Z", "to": "2027-01-15T07:00:00Z"})  # before it
    await make(client, "clip", **MINUTE, channel="sub")
    hour = {"device": "dev-north", "from": "2027-01-15T07:30:00Z", "to": "2027-01-15T08:30:00Z", "case": case}

    async def kept(reader):
        [lane] = (await reader.get("/api/v1/timeline", params=hour)).json()["lanes"]
        return [(one["id"], one["kind"], one["case"], one["stage"], one["note"]) for one in lane["kept"]]

    assert await kept(client) == [
        (hold["id"], "hold", "", "", "why"),
        (clip["id"], "clip", case, "decision", "why"),
    ]
    asked = await client.post(
        f"/api/v1/clips/{clip['id']}/removal",
        json={"reason": "wrong device"},
        headers={"If-Match": f'"{clip["version"]}"'},
    )
    other = await front.person(Role.SUPERVISOR)
    await other.post(f"/api/v1/clips/{clip['id']}/removal/agree", headers=match(asked))
    assert len(await kept(client)) == 2  # seven days are left
    front.clock.advance(7 * 24 * 3_600 + 1)
    late = await front.person(Role.REVIEWER, "north")  # the first login is over
    assert [one[0] for one in await kept(late)] == [hold["id"]]

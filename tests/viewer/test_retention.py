"""Policies, plan and certificates at their doors."""

import pytest

from recorder.retention import FOOTAGE, HOUSE
from storage import DAY_NS
from viewer.access import Role

POLICIES = "/api/v1/retention/policies"


@pytest.fixture
async def admin(front):
    return await front.person(Role.SYSTEM_ADMIN)


async def put(client, unit, version, **wish):
    body = {"note": "why", **wish}
    return await client.put(f"{POLICIES}/{unit}", json=body, headers={"If-Match": f'"{version}"'})


async def test_a_policy_is_decided_by_who_has_seen_it_as_it_is(front, admin):
    read = await admin.get(f"{POLICIES}/{HOUSE}")
    assert (read.headers["etag"], read.json()["effective_untagged_days"], read.json()["decided_by"]) == ('"0"', 183, "")
    decided = await put(admin, HOUSE, 0, untagged_days=200, tagged="for_ever")
    assert decided.status_code == 200
    assert (decided.json()["untagged_days"], decided.json()["tagged"], decided.json()["version"]) == (
        200,
        "for_ever",
        1,
    )
    assert (await put(admin, HOUSE, 0, untagged_days=100)).status_code == 412
    assert (await admin.put(f"{POLICIES}/{HOUSE}", json={"note": "why"})).status_code == 428
    items = (await admin.get(POLICIES)).json()["items"]
    assert {item["effective_untagged_days"] for item in items} == {200}
    assert {item["decided_by"] for item in items} == {HOUSE}
    history = (await admin.get(f"{POLICIES}/{HOUSE}/history")).json()["items"]
    assert [(one["untagged_days"], one["tagged"], one["note"]) for one in history] == [(200, "for_ever", "why")]


async def test_what_shortens_says_until_when_the_longer_holds(front, admin):
    decided = (await put(admin, "north", 0, untagged_days=30)).json()
    assert decided["effective_untagged_days"] == 183
    assert decided["before"]["untagged_days"] == 183
    front.clock.advance(8 * 24 * 3_600)
    later = (await (await front.person(Role.SYSTEM_ADMIN)).get(f"{POLICIES}/north")).json()
    assert (later["effective_untagged_days"], later["before"], later["decided_by"]) == (30, None, "north")


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"untagged_days": 29}, "untagged_days"), ({"tagged": 0}, "tagged"), ({"note": " "}, "note"), ({"x": 1}, "x")],
)
async def test_what_cannot_be_is_refused_and_named(front, admin, wish, field):
    refused = await put(admin, "north", 0, **wish)
    assert refused.status_code == 422
    assert refused.json()["field"].startswith(field)


async def test_effect_and_plan_of_an_empty_archive_are_nothing(front, admin):
    effect = (await admin.get(f"{POLICIES}/{HOUSE}/effect", params={"untagged_days": 30})).json()
    assert (effect["freed_segments"], effect["spared_segments"]) == (0, 0)
    plan = (await admin.get("/api/v1/retention/plan")).json()
    assert (plan["segments"], plan["days"]) == (0, [])
    assert (await admin.get("/api/v1/retention/plan/channels")).json()["total"] == 0


async def test_a_certificate_is_read_as_the_ledger_has_it(front):
    one = {
        "device": "dev-north",
        "channel": "main",
        "unit": "north",
        "rule": "age",
        "from": "2026-01-01T00:00:00.000Z",
        "to": "2026-01-01T01:00:00.000Z",
        "seconds": 3_600,
        "segments": 12,
        "bytes": 600,
        "folded": "ab" * 32,
    }
    detail = {"segments": 12, "bytes": 600, "footage": [one]}
    entry = await front.services.ledger.append(principal="system", action=FOOTAGE, detail=detail)
    auditor = await front.person(Role.AUDITOR)
    (listed,) = (await auditor.get("/api/v1/deletions")).json()["items"]
    assert (listed["sequence"], listed["digest"], listed["let_go"]) == (entry.n, entry.digest.hex(), None)
    read = await auditor.get(f"/api/v1/deletions/{entry.n}")
    assert read.json() == listed
    assert read.headers["content-disposition"] == f'attachment; filename="deletion-{entry.n}.json"'
    assert (await auditor.get("/api/v1/deletions", params={"kept": True})).json()["total"] == 0
    assert (await auditor.get(f"/api/v1/deletions/{entry.n + 1}")).status_code == 404


async def test_who_belongs_to_a_unit_reads_its_own_policy_alone(front):
    reviewer = await front.person(Role.REVIEWER, "north")
    assert [item["unit"] for item in (await reviewer.get(POLICIES)).json()["items"]][1:] == ["north"]
    assert (await reviewer.get(f"{POLICIES}/south")).status_code == 404
    assert (await put(reviewer, "north", 0, untagged_days=400)).status_code == 403
    assert front.services.retention.policies.book.untagged_ns("north", 0) == 183 * DAY_NS

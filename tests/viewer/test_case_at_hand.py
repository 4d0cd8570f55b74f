"""Who reviews sees what the case at hand opens: in its time and outside, its unit's and another's, open and closed."""

import asyncio
from dataclasses import replace

import pytest

from recorder import KeepingKind
from storage import iso_from_ns
from supervision.cases import CaseFields, Margins, Stage, StageTimes
from tests.storage.manual_clock import START_UTC_NS as NOON_NS
from tests.viewer.conftest import PATIENCE_S
from viewer.access import Role

MINUTE_NS = 60_000_000_000
DAY_NS = 24 * 60 * MINUTE_NS
NEEDS_CASE = "urn:mingjing:problem:needs-case"
MINUTE = (NOON_NS - 2 * MINUTE_NS, NOON_NS - MINUTE_NS)


@pytest.fixture
async def reviewer(front):
    return await front.person(Role.REVIEWER, "north")


async def a_case(front, unit="north"):
    """That was filed ten minutes before noon, and decided at noon."""
    times = {
        Stage.START: StageTimes(begin_utc_ns=NOON_NS - 10 * MINUTE_NS),
        Stage.DECISION: StageTimes(end_utc_ns=NOON_NS),
    }
    return (await front.case(unit, stages=times)).id


def asked(span=MINUTE, case="", device="dev-north"):
    interval = dict(zip(("from", "to"), map(iso_from_ns, span), strict=True))
    return {"device": device, **interval, **({"case": case} if case else {})}


async def answers(client, front, span=MINUTE, case="", device="dev-north"):
    """Of the doors that show or hand out footage of an interval."""
    front.archive.footage_references = (await front.keep(KeepingKind.HOLD, device)).passage.references
    wanted = asked(span, case, device)
    interval = {name: wanted[name] for name in ("from", "to")}
    view = {"devices": [device], "purpose": "why", "case": case, **interval}
    package = {"intervals": [{"device": device, **interval}], "case": case, "reason": "court"}
    got = [
        await client.get("/api/v1/recordings", params=wanted),
        await client.get("/api/v1/timeline", params=wanted),
        await client.post("/api/v1/playback", json=view),
        await client.post("/api/v1/exports", json=package),
    ]
    return {(one.status_code, one.json().get("type")) for one in got}


OPEN = {(200, None), (201, None)}


@pytest.mark.parametrize(
    ("span", "opens"),
    [
        (MINUTE, True),
        ((NOON_NS - 10 * MINUTE_NS - DAY_NS, NOON_NS - DAY_NS), True),  # to the margin
        ((NOON_NS - 10 * MINUTE_NS - DAY_NS - MINUTE_NS, NOON_NS - DAY_NS), False),
        ((NOON_NS - 3 * DAY_NS, NOON_NS - 3 * DAY_NS + MINUTE_NS), False),
    ],
)
async def test_a_case_opens_its_time_and_a_margin(front, reviewer, span, opens):
    found = await answers(reviewer, front, span, await a_case(front))
    assert found == (OPEN if opens else {(403, NEEDS_CASE)})


async def test_without_a_case_nothing_is_opened_and_the_refusal_is_on_record_and_says_what_to_do(front, reviewer):
    assert await answers(reviewer, front) == {(403, NEEDS_CASE)}
    said = (await reviewer.get("/api/v1/recordings", params=asked())).json()
    assert "case" in said["detail"]
    assert said["fix"].startswith("Open it from its case")
    refusals = (await front.services.ledger.query(action="access.refused")).items
    assert {one.detail["action"] for one in refusals} == {"recording.read", "playback.open", "export.create"}
    assert {one.detail["verdict"] for one in refusals} == {"needs_case"}
    assert await front.actions(action="recording.read") == []


async def test_another_units_case_is_as_if_it_were_not_there_and_opens_nothing(front, reviewer):
    foreign = await a_case(front, "south")
    texts = []
    for case in (foreign, "0" * 26):
        got = [
            await reviewer.get("/api/v1/recordings", params=asked(case=case)),
            await reviewer.get("/api/v1/timeline", params=asked(case=case)),
            await reviewer.get(f"/api/v1/cases/{case}/footage"),
        ]
        assert {one.status_code for one in got} == {404}
        texts.append({one.text for one in got})
    assert texts[0] == texts[1]


async def test_a_case_does_not_open_devices_of_another_unit_to_who_sees_them_all(front):
    everywhere, case = await front.person(Role.REVIEWER), await a_case(front)
    assert await answers(everywhere, front, case=case) == OPEN
    assert await answers(everywhere, front, case=case, device="dev-south") == {(403, NEEDS_CASE)}
    of_both = await a_case(front, "city")
    assert await answers(everywhere, front, case=of_both, device="dev-south") == OPEN


async def test_a_closed_case_opens_its_clips_and_no_more(front, reviewer):
    case = await a_case(front)
    clip = await front.keep(KeepingKind.CLIP)
    clip = await front.services.kept.edit(clip, case=case, stage="", note="", principal="user:x")
    mine = (clip.passage.start_utc_ns, clip.passage.end_utc_ns)
    await front.services.cases.close(case, principal="user:x")
    assert await answers(reviewer, front, mine, case) == OPEN
    assert await answers(reviewer, front, (mine[0] - MINUTE_NS, mine[1]), case) == {(403, NEEDS_CASE)}
    told = (await reviewer.get(f"/api/v1/cases/{case}/footage")).json()
    assert (told["around"], [one["device"] for one in told["clips"]]) == (None, ["dev-north"])


async def test_who_reviews_does_not_open_footage_by_tagging_it(front, reviewer):
    case = (await front.case("north", stages={Stage.START: StageTimes(NOON_NS - 30 * DAY_NS)})).id
    await front.keep(KeepingKind.HOLD)  # there is footage
    span = {name: asked()[name] for name in ("from", "to")}
    clip = (await reviewer.post("/api/v1/clips", json={"device": "dev-north", **span})).json()["id"]
    refused = await reviewer.patch(f"/api/v1/clips/{clip}", json={"case": case}, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["type"]) == (403, NEEDS_CASE)
    refused = await reviewer.post("/api/v1/clips", json={"device": "dev-north", "case": case, **span})
    assert (refused.status_code, refused.json()["type"]) == (403, NEEDS_CASE)
    supervisor = await front.person(Role.SUPERVISOR, "north")
    tagged = await supervisor.post("/api/v1/clips", json={"device": "dev-north", "case": case, **span})
    assert tagged.status_code == 201
    assert await answers(reviewer, front, case=case) == OPEN  # which somebody else did


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.EXPORTER])
async def test_who_watches_or_hands_out_needs_none(front, role):
    assert await answers(await front.person(role, "north"), front) == OPEN


async def test_a_case_that_is_named_without_need_is_on_record_too(front):
    case = await a_case(front)
    await answers(await front.person(Role.SUPERVISOR), front, case=case)
    for action in ("recording.read", "playback.open"):
        assert {one.detail["case"] for one in (await front.services.ledger.query(action=action)).items} == {case}


async def test_a_download_names_reason_and_case(front):
    client, export = await front.person(Role.REVIEWER), await front.package()
    told = await front.ready(export)
    foreign = await a_case(front, "south")
    url = f"/api/v1/exports/{export}/bundle"
    refused = await client.get(url, params={"reason": "移送", "case": foreign})
    assert (refused.status_code, refused.json()["type"]) == (403, NEEDS_CASE)
    assert (await client.get(url, params={"reason": "移送"})).status_code == 200
    [begun] = (await front.services.ledger.query(action="export.download")).items
    assert (begun.detail["why"], begun.detail["case"]) == ("移送", told["case"])
    assert told["case"] == await front.at_hand()


async def test_a_view_ends_when_its_case_does_not_open_it_any_more(front, reviewer):
    case = await a_case(front)
    view = {"devices": ["dev-north"], "purpose": "why", "case": case, **{k: asked()[k] for k in ("from", "to")}}
    opened = (await reviewer.post("/api/v1/playback", json=view)).json()["id"]

    def later(fields: CaseFields) -> CaseFields:
        return replace(fields, stages={Stage.START: StageTimes(begin_utc_ns=NOON_NS - 30 * DAY_NS)})

    await front.services.cases.edit(case, later, principal="user:x")
    where = {"device": "dev-north", "time": asked()["from"]}
    while (await reviewer.get(f"/api/v1/playback/{opened}/at", params=where)).status_code == 200:
        pass
    async with asyncio.timeout(PATIENCE_S):
        while not (ends := (await front.services.ledger.query(action="playback.close")).items):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    [end] = ends
    assert (end.detail["reason"], end.detail["case"]) == ("revoked", case)


async def test_the_page_is_told_how_far_a_case_reaches(front, reviewer):
    case = await a_case(front)
    told = (await reviewer.get(f"/api/v1/cases/{case}/footage")).json()
    margins = Margins()
    assert told["around"] == {
        "from": iso_from_ns(NOON_NS - 10 * MINUTE_NS - margins.before_ns),
        "to": iso_from_ns(NOON_NS + margins.after_ns),
    }
    assert (told["unit"], told["status"], told["clips"]) == ("north", "open", [])

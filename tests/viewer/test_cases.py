"""Cases over HTTP: who may do what, what is refused and how, files in and out, and what other tabs hear."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from supervision.cases import External, Stage
from viewer.access import Role

API = "/api/v1/cases"
NEW = {
    "unit": "north",
    "case_no": "北市监罚〔2026〕1号",
    "cause": "无照经营",
    "field": "market_regulation",
    "procedure": "summary",
    "party": "某某商行",
    "officers": [{"certificate_no": "33010200123", "name": "王五"}],
    "stages": {"start": {"begin": "2026-03-01T01:30:00Z"}},
}
HEAD = "案号,案由,领域,程序,单位,当事人\r\n"
CSV = {"Content-Type": "text/csv"}


def but(**fields):
    return {**NEW, **fields}


@pytest.fixture
async def reviewer(front):
    return await front.person(Role.REVIEWER)


async def made(client, **fields):
    answer = await client.post(API, json=but(**fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def matching(case):
    return {"If-Match": f'"{case["version"]}"'}


async def test_a_case_is_made_read_changed_closed_and_its_history_tells_all_of_it(front, reviewer):
    case = await made(reviewer)
    path = f"{API}/{case['id']}"
    assert [(it["stage"], it["required"]) for it in case["stages"]] == [
        ("start", True),
        ("investigation", True),
        ("review", False),
        ("decision", True),
        ("service", True),
        ("enforcement", False),
    ]
    assert {it["clips"] for it in case["stages"]} == {0}  # nothing can be tagged yet, and that is said
    assert (case["stages"][0]["begin"], case["begun_at"]) == ("2026-03-01T01:30:00.000Z",) * 2

    changed = await reviewer.patch(
        path,
        json={"procedure": "ordinary", "stages": {"start": None, "decision": {"end": "2026-03-02T00:00:00+08:00"}}},
        headers=matching(case),
    )
    assert changed.headers["etag"] == '"2"'
    assert [(it["stage"], it["end"]) for it in changed.json()["stages"] if it["begin"] or it["end"]] == [
        ("decision", "2026-03-01T16:00:00.000Z")
    ]
    assert all(it["required"] for it in changed.json()["stages"])
    assert changed.json()["party"] == "某某商行"  # what is left out stays

    late = await reviewer.patch(path, json={"cause": "x"}, headers=matching(case))
    assert (late.status_code, late.json()["type"]) == (412, "urn:mingjing:problem:changed-meanwhile")
    assert (await reviewer.patch(path, json={"cause": "x"})).status_code == 428

    closed = (await reviewer.post(f"{path}/close", headers=matching(changed.json()))).json()
    refused = await reviewer.patch(path, json={"cause": "x"}, headers=matching(closed))
    assert (refused.status_code, refused.json()["detail"]) == (409, "The case is closed.")
    await reviewer.post(f"{path}/reopen", headers=matching(closed))

    items = (await reviewer.get(f"{path}/history")).json()["items"]
    assert [(it["action"], it["principal"]) for it in items] == [
        ("case.reopen", "user:reviewer.all"),
        ("case.close", "user:reviewer.all"),
        ("case.edit", "user:reviewer.all"),
        ("case.create", "user:reviewer.all"),
    ]
    assert items[2]["changed"]["procedure"] == {"from": "summary", "to": "ordinary"}


async def test_opening_a_case_file_is_on_record_and_going_through_the_list_is_not(front, reviewer):
    case = await made(reviewer)
    await reviewer.get(API)
    await reviewer.get(f"{API}/{case['id']}")
    assert await front.actions(action="case.read") == [("user:reviewer.all", "case.read", case["id"])]


async def test_a_supervisor_reads_without_learning_whom_the_case_is_about(front, reviewer):
    case = await made(reviewer, note="当事人某某")
    await reviewer.patch(f"{API}/{case['id']}", json={"party": "另一商行"}, headers=matching(case))
    supervisor = await front.person(Role.SUPERVISOR)
    read = await supervisor.get(f"{API}/{case['id']}")
    history = await supervisor.get(f"{API}/{case['id']}/history")
    listed, exported = await supervisor.get(API), await supervisor.get(f"{API}/export")
    assert (read.json()["party"], read.json()["note"]) == (None, None)
    for answer in (read, history, listed, exported):
        assert answer.status_code == 200
        assert not re.search("商行|某某", answer.text)
    assert (await supervisor.get(API, params={"q": "商行"})).json()["total"] == 0
    assert (await reviewer.get(API, params={"q": "商行"})).json()["total"] == 1


async def test_who_reads_the_audit_log_does_not_read_case_files(front, reviewer):
    case = await made(reviewer)
    await reviewer.patch(f"{API}/{case['id']}", json={"party": "另一商行"}, headers=matching(case))
    auditor = await front.person(Role.AUDITOR)
    answer = await auditor.get("/api/v1/audit", params={"subject": case["id"]})
    assert [it["detail"]["party"] for it in answer.json()["items"]] == ["withheld", "withheld"]
    assert "商行" not in answer.text


async def test_a_unit_sees_and_makes_its_own_cases_only(front, reviewer):
    foreign = await made(reviewer, unit="south", external={"system": "s", "id": "1"})
    own = await made(reviewer)
    north = await front.person(Role.UNIT_USER, "north")
    assert [it["id"] for it in (await north.get(API)).json()["items"]] == [own["id"]]
    assert (await north.get(API, params={"unit": "south"})).json()["total"] == 0
    answers = [
        await north.get(f"{API}/{foreign['id']}"),
        await north.get(f"{API}/nothing"),
        await north.post(API, json=but(unit="south", case_no="2")),
        await north.patch(f"{API}/{own['id']}", json={"unit": "south"}, headers=matching(own)),
        await north.post(f"{API}/{foreign['id']}/close", headers=matching(foreign)),
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, answers[0].json())] * 5
    # The id of another system, however it is written, is no way to somebody else's case.
    body = {name: value for name, value in NEW.items() if name != "external"}
    for system in ("s", "%20s%20"):
        assert (await north.put(f"{API}/by-external/{system}/1", json=body)).status_code == 404
    assert (await reviewer.get(f"{API}/{foreign['id']}")).json()["version"] == 1


async def test_another_system_puts_a_case_as_often_as_it_likes(front, reviewer):
    path, body = f"{API}/by-external/%E5%B9%B3%E5%8F%B0/A%2D1", NEW
    first = await reviewer.put(path, json=body)
    again = await reviewer.put(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["external"] == {"system": "平台", "id": "A-1"}
    changed = await reviewer.put(path, json=but(cause="改"), headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["id"]) == (200, 2, first.json()["id"])
    late = await reviewer.put(path, json=but(cause="再改"), headers={"If-Match": '"1"'})
    assert late.status_code == 412
    taken = await reviewer.put(f"{API}/by-external/other/1", json=body)
    assert (taken.status_code, taken.json()["field"]) == (409, "case_no")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"case_no": "1\x002"}, "case_no"),
        ({"case_no": "1\u202e2"}, "case_no"),
        ({"case_no": "x" * 65}, "case_no"),
        ({"case_no": "\ud800"}, "case_no"),
        ({"field": "farming"}, "field"),
        ({"stages": {"trial": None}}, "stages.trial.[key]"),
        ({"stages": {"start": {"begin": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"}}}, "stages.start"),
        ({"stages": {"start": {"begin": "2026-03-02 09:30"}}}, "stages.start.begin"),
        ({"officers": [{}]}, "officers"),
        ({"external": {"system": "s"}}, "external.id"),
        ({"verdict": "x"}, "verdict"),
    ],
)
async def test_a_value_that_cannot_be_is_named(front, reviewer, fields, field):
    answer = await reviewer.post(API, content=json.dumps(but(**fields)), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["fix"]


@pytest.mark.parametrize("case_no", ["../../etc/passwd", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "%2e%2e"])
async def test_a_number_is_text_wherever_it_goes(front, reviewer, case_no):
    before = sorted(path.name for path in front.services.data_dir.rglob("*"))
    case = await made(reviewer, case_no=case_no)
    assert (await reviewer.get(f"{API}/{case['id']}")).json()["case_no"] == case_no
    exported = (await reviewer.get(f"{API}/export")).text
    assert not exported.splitlines()[1].startswith("=")
    assert sorted(path.name for path in front.services.data_dir.rglob("*")) == before


async def test_a_unit_with_cases_is_not_removed(front, reviewer):
    await front.registry.units.create("east", name="East", parent="city", principal="cli:0")
    await made(reviewer, unit="east")
    site = await front.person(Role.SITE_ADMIN)
    answer = await site.delete("/api/v1/units/east", headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "1 cases belong to east.")


async def test_without_the_audit_log_no_case_is_shown_or_changed(front, reviewer):
    case = await made(reviewer)
    front.disk.sick = True
    for answer in (
        await reviewer.get(f"{API}/{case['id']}"),
        await reviewer.get(f"{API}/export"),
        await reviewer.patch(f"{API}/{case['id']}", json={"cause": "x"}, headers=matching(case)),
    ):
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:mingjing:problem:unavailable")


async def test_clips_of_whoever_has_them_show_in_the_coverage(front, reviewer):
    case = await made(reviewer)

    async def tagged(case_ids):
        return {case_id: {Stage.DECISION: 2} for case_id in case_ids}

    object.__setattr__(front.services, "stage_footage", tagged)
    clips = {it["stage"]: it["clips"] for it in (await reviewer.get(f"{API}/{case['id']}")).json()["stages"]}
    assert clips == {**dict.fromkeys(Stage, 0), "decision": 2}


# Files


async def test_a_file_is_looked_at_mended_and_taken_once(front, reviewer):
    bad = (HEAD + "1,因,生态,简易,North,甲\r\n1,,农业,简易,Nowhere,乙\r\n").encode("gb18030")
    looked = await reviewer.post(f"{API}/import/preview", content=bad, headers=CSV)
    assert looked.status_code == 200, looked.text
    preview = looked.json()
    assert (preview["encoding"], preview["rows"], preview["good"], preview["ready"]) == ("gb18030", 2, 1, False)
    assert [(it["row"], it["column"], it["what"]) for it in preview["faults"]] == [
        (3, "单位", "unit"),
        (3, "领域", "word"),
        (3, "案由", "value"),
    ]
    refused = await reviewer.post(f"{API}/import", json={"digest": preview["digest"]})
    assert refused.status_code == 409

    good = (HEAD + "1,因,生态,简易,North,甲\r\n2,因,生态,简易,,乙\r\n").encode()
    preview = (await reviewer.post(f"{API}/import/preview?unit=south", content=good, headers=CSV)).json()
    assert (preview["ready"], preview["first_rows"][1]["unit"]) == (True, "south")
    answers = [await reviewer.post(f"{API}/import", json={"digest": preview["digest"]}) for _ in range(2)]
    assert [(it.json()["created"], it.json()["before"]) for it in answers] == [(2, 0), (0, 2)]
    assert (await reviewer.get(API)).json()["total"] == 2
    listed = (await reviewer.get(API)).json()["items"]
    assert all(it["imported"] for it in listed)


async def test_a_file_puts_no_case_into_a_foreign_unit(front, reviewer):
    north = await front.person(Role.UNIT_USER, "north")
    data = (HEAD + "1,因,生态,简易,South,甲\r\n").encode()
    own = (await north.post(f"{API}/import/preview", content=data, headers=CSV)).json()
    missing = (await north.post(f"{API}/import/preview", content=data.replace(b"South", b"Never"), headers=CSV)).json()
    assert own["faults"] == missing["faults"]
    assert (await north.post(f"{API}/import/preview?unit=south", content=data, headers=CSV)).status_code == 404
    # What somebody else looked at is nobody else's to take.
    other = data.replace(b"South", b"North")
    seen = (await reviewer.post(f"{API}/import/preview", content=other, headers=CSV)).json()
    gone = await north.post(f"{API}/import", json={"digest": seen["digest"]})
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:mingjing:problem:gone")


async def test_only_this_door_takes_a_long_body_and_only_from_those_who_may(front, reviewer):
    long = b"x" * (4 * 1024 * 1024)
    assert (await reviewer.post(f"{API}/import/preview", content=long, headers=CSV)).status_code == 422
    longer = await reviewer.post(f"{API}/import/preview", content=long + b"x", headers=CSV)
    assert (longer.status_code, longer.json()["type"]) == (413, "urn:mingjing:problem:too-large")
    assert (await reviewer.post(API, content=long, headers=CSV)).status_code == 413
    assert (await front.client().post(f"{API}/import/preview", content=long, headers=CSV)).status_code == 401


async def test_any_bytes_get_a_preview_or_a_problem(front, reviewer):
    bodies = []

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.binary(max_size=300), st.booleans())
    def draw(data, headed):
        bodies.append(HEAD.encode() + data if headed else data)

    draw()
    for body in bodies:
        answer = await reviewer.post(f"{API}/import/preview", content=body, headers=CSV)
        assert answer.status_code in (200, 422), (body, answer.text)


async def test_an_export_is_a_file_of_what_was_asked_for_and_is_on_record(front, reviewer):
    await made(reviewer)
    await made(reviewer, unit="south", case_no="2", field="ecology")
    answer = await reviewer.get(f"{API}/export", params={"field": "ecology", "q": "2"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="cases-2027-01-15.csv"'
    head, line = answer.content.decode("utf-8-sig").splitlines()
    assert head.startswith("案号,案由,领域,程序,单位")
    assert line.startswith("2,无照经营,生态环境,简易程序,South,王五(33010200123),某某商行,2026-03-01 09:30:00,")
    page = await front.services.ledger.query(action="case.export")
    assert [(entry.detail["field"], entry.detail["searched"]) for entry in page.items] == [("ecology", True)]


# Events


async def test_other_tabs_hear_of_cases_they_may_see_and_of_nothing_else(front, reviewer):
    token = await front.session("unit_user.north", Role.UNIT_USER, "north")
    async with connect(
        f"{front.ws_url}/ws/events", origin=front.base_url, additional_headers={"Cookie": f"session={token}"}
    ) as socket:
        await socket.recv()
        await made(reviewer, unit="south")
        case = await made(reviewer)
        await reviewer.patch(f"{API}/{case['id']}", json={"unit": "city"}, headers=matching(case))
        heard = []
        while len(heard) < 2:
            message = json.loads(await socket.recv())
            if message["type"] == "registry":
                heard.append(message)
    assert heard == [
        {"type": "registry", "kind": "case", "id": case["id"], "change": change, "version": version}
        for version, change in enumerate(("created", "edited"), 1)
    ]
    assert await front.services.cases.find_external(External("s", "1")) is None

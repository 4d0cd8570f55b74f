"""Packages over the API: ordered, agreed to, watched, downloaded by range, cut off, and all of it on record."""

import asyncio
import contextlib
import hashlib

import httpx
import pytest

from media import Reference
from recorder import Footage, KeepingKind, SegmentFact
from recorder.export.limits import ALONE_CLIPS_MAX
from tests.storage.manual_clock import START_UTC_NS as NOON_NS
from viewer.access import Role

MINUTE = {"from": "2027-01-15T07:58:00Z", "to": "2027-01-15T07:59:00Z"}
PATIENCE_S = 20.0
DAY_S = 24 * 3_600


@pytest.fixture
def with_footage(front):
    front.archive.footage_references = (Reference("0" * 26, 1, 1_500),)
    return front


async def order(client, clips, **fields):
    body = {"clips": [clip.id for clip in clips], "reason": "court", **fields.pop("body", {})}
    return await client.post("/api/v1/exports", json=body, **fields)


def match(told):
    return {"If-Match": f'"{told["version"]}"'}


async def fetch(client, export, **headers):
    return await client.get(f"/api/v1/exports/{export}/bundle", params={"reason": "handed over"}, headers=headers)


async def until(read, true):
    """What is read, once that is true of it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if true(found := await read()):
                return found
            await asyncio.sleep(0.01)


async def test_a_package_of_a_clip_is_made_downloaded_and_on_record(front):
    client, clip = await front.person(Role.REVIEWER), await front.keep(KeepingKind.CLIP)
    ordered = await order(client, [clip])
    assert ordered.status_code == 201, ordered.text
    told = await front.ready(ordered.json()["id"])
    assert (told["state"], told["size_bytes"]) == ("ready", len(front.packages.data))
    assert told["sha256"] == hashlib.sha256(front.packages.data).hexdigest()
    assert [one["clip"] for one in told["items"]] == [clip.id]
    answer = await fetch(client, told["id"])
    assert (answer.status_code, answer.content) == (200, front.packages.data)
    assert answer.headers["etag"] == f'"{told["sha256"]}"'
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{told["file_name"]}"')
    who = "user:reviewer.all"
    expected = [
        (who, "export.create", told["id"]),
        ("system", "export.ready", told["id"]),
        (who, "export.download", told["id"]),
        (who, "export.download_end", told["id"]),
    ]
    assert await until(lambda: front.actions(subject=told["id"]), lambda found: len(found) == 4) == expected
    entries = (await front.services.ledger.query(subject=told["id"], limit=500)).items
    assert entries[3].detail["reason"] == "court"
    assert entries[1].detail["why"] == "handed over"
    assert (entries[0].detail["complete"], entries[0].detail["bytes"]) == (True, len(front.packages.data))


async def test_a_download_goes_on_where_it_stopped_as_long_as_it_is_the_same_bundle(front):
    client, export = await front.person(Role.EXPORTER), await front.package()
    told, data = await front.ready(export), front.packages.data
    etag = f'"{told["sha256"]}"'
    rest = await fetch(client, export, Range="bytes=1000-", **{"If-Range": etag})
    assert (rest.status_code, rest.content) == (206, data[1_000:])
    assert rest.headers["content-range"] == f"bytes 1000-{len(data) - 1}/{len(data)}"
    other = await fetch(client, export, Range="bytes=1000-", **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, data)
    beyond = await fetch(client, export, Range=f"bytes={len(data)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")


async def test_without_a_reason_nothing_is_handed_out_and_nothing_ordered(front):
    client, export = await front.person(Role.REVIEWER), await front.package()
    await front.ready(export)
    for params in ({}, {"reason": " "}, {"reason": "x" * 201}):
        assert (await client.get(f"/api/v1/exports/{export}/bundle", params=params)).status_code == 422
    clip = await front.keep(KeepingKind.CLIP)
    for reason in ("", " ", "x" * 1_001):
        refused = await order(client, [clip], body={"reason": reason})
        assert (refused.status_code, refused.json()["field"]) == (422, "reason")


def of(device, from_, to):
    return {"clips": [], "intervals": [{"device": device, "from": from_, "to": to}]}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"clips": []}, 422, "clips"),
        ({"clips": ["x"] * 101}, 422, "clips"),
        ({"clips": [], "case": "nowhere"}, 422, "case"),
        ({"clips": ["nowhere"]}, 404, None),
        (of("nowhere", MINUTE["from"], MINUTE["to"]), 404, None),
        (of("dev-north", MINUTE["to"], MINUTE["from"]), 422, "intervals"),
        (of("dev-north", MINUTE["from"], "2027-01-15T09:00:00Z"), 422, "intervals"),
    ],
)
async def test_what_cannot_be_ordered_is_refused_with_its_field(with_footage, body, status, field):
    body = {"case": await with_footage.at_hand(), **body}
    refused = await order(await with_footage.person(Role.REVIEWER), [], body=body)
    assert (refused.status_code, refused.json().get("field")) == (status, field)


async def test_an_order_that_is_sent_again_makes_nothing_new(front):
    client, clip = await front.person(Role.REVIEWER), await front.keep(KeepingKind.CLIP)
    key = {"Idempotency-Key": "tab-7"}
    first, again = [await order(client, [clip], headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 200, first.json()["id"])
    other = await order(client, [clip], headers=key, body={"copies": True})
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    somebody = await order(await front.person(Role.SUPERVISOR), [clip], headers=key)
    assert somebody.status_code == 201


async def test_of_a_case_all_its_clips_are_handed_out_under_its_number(front):
    client, case = await front.person(Role.REVIEWER), await front.case("north", case_no="=〔2026〕沪 17/号")
    clips = [await front.keep(KeepingKind.CLIP) for _ in range(2)]
    tagged = await front.services.kept.edit(clips[0], case=case.id, stage="", note="", principal="user:x")
    ordered = await client.post("/api/v1/exports", json={"case": case.id, "reason": "court"})
    assert ([one["clip"] for one in ordered.json()["items"]], ordered.json()["case_no"]) == (
        [tagged.id],
        case.fields.case_no,
    )
    told = await front.ready(ordered.json()["id"])
    assert told["file_name"] == f"〔2026〕沪 17_号-20270115-{told['id'][-5:]}.zip"
    assert "filename*=UTF-8''%E3%80%942026" in (await fetch(client, told["id"])).headers["content-disposition"]
    listed = await client.get("/api/v1/exports", params={"case": case.id, "state": "ready"})
    assert [one["id"] for one in listed.json()["items"]] == [told["id"]]


async def test_more_than_a_case_takes_two_people(front):
    client = await front.person(Role.REVIEWER)
    clips = [await front.keep(KeepingKind.CLIP) for _ in range(ALONE_CLIPS_MAX + 1)]
    estimate = await client.post("/api/v1/exports/estimate", json={"clips": [clip.id for clip in clips]})
    assert estimate.json()["mass"] == ["clips"]
    told = (await order(client, clips)).json()
    assert (told["state"], told["waits_for_agreement"]) == ("waiting", True)
    alone = await client.post(f"/api/v1/exports/{told['id']}/agree", headers=match(told))
    assert alone.status_code == 409
    second = await front.person(Role.SUPERVISOR)
    assert (await second.post(f"/api/v1/exports/{told['id']}/agree")).status_code == 428
    agreed = await second.post(f"/api/v1/exports/{told['id']}/agree", headers=match(told))
    assert agreed.json()["agreed_by"] == "user:supervisor.all"
    assert (await front.ready(told["id"]))["state"] == "ready"


async def test_a_shift_of_footage_takes_two_people_too(front):
    front.archive.footage_references = (Reference("0" * 26, 1, 1_500),)
    client = await front.person(Role.REVIEWER)
    long = {"device": "dev-north", "from": "2027-01-14T20:00:00Z", "to": "2027-01-15T05:00:00Z"}
    made = await order(client, [], body={"clips": [], "intervals": [long], "case": await front.at_hand()})
    assert (made.json()["mass"], made.json()["seconds"]) == (["hours"], 9 * 3_600)


async def test_what_nobody_agrees_to_in_a_week_is_let_go(front):
    clips = [await front.keep(KeepingKind.CLIP) for _ in range(ALONE_CLIPS_MAX + 1)]
    told = (await order(await front.person(Role.REVIEWER), clips)).json()
    front.clock.advance(6 * DAY_S)
    await front.services.exports.sweep()
    assert (await front.services.exports.find(told["id"])).state == "waiting"
    front.clock.advance(2 * DAY_S)
    await front.services.exports.sweep()
    assert (await front.services.exports.find(told["id"])).state == "expired"


async def test_progress_is_told_while_it_is_made_and_cancelling_leaves_nothing(front):
    front.packages.go.clear()
    client, export = await front.person(Role.REVIEWER), await front.package()

    async def read():
        return (await client.get(f"/api/v1/exports/{export}")).json()

    told = await until(read, lambda one: one["progress"] is not None and one["progress"]["phase"] == "writing")
    assert (told["state"], told["progress"]) == ("running", {"phase": "writing", "done": 1, "total": 4})
    listed = [await client.get("/api/v1/exports", params={"state": state}) for state in ("running", "waiting")]
    assert [one.json()["total"] for one in listed] == [1, 0]
    assert (await fetch(client, export)).status_code == 409
    cancelled = await client.post(f"/api/v1/exports/{export}/cancel", headers=match(told))
    assert (cancelled.json()["state"], cancelled.json()["ended_by"]) == ("cancelled", "user:reviewer.all")
    front.packages.go.set()
    other = await front.ready(await front.package())
    assert other["state"] == "ready"
    assert [path.name for path in (front.services.data_dir / "exports").iterdir()] == [f"{other['id']}.zip"]


async def test_a_bundle_is_there_for_a_week_and_can_be_ordered_again(front):
    client, export = await front.person(Role.REVIEWER), await front.package()
    await front.ready(export)
    front.clock.advance(8 * DAY_S)
    await front.services.exports.sweep()
    client = await front.person(Role.REVIEWER)
    gone = await fetch(client, export)
    assert (gone.status_code, gone.json()["fix"]) == (410, "Order it again.")
    assert list((front.services.data_dir / "exports").iterdir()) == []
    assert (await front.ready(await front.package()))["state"] == "ready"


async def test_of_another_units_packages_nobody_learns(front):
    mine, other = await front.package("dev-north"), await front.package("dev-south")
    client = await front.person(Role.REVIEWER, "north")
    assert [one["id"] for one in (await client.get("/api/v1/exports")).json()["items"]] == [mine]
    hidden, missing = [await client.get(f"/api/v1/exports/{each}") for each in (other, "0" * 26)]
    assert (hidden.status_code, hidden.text) == (404, missing.text)
    both = [await front.keep(KeepingKind.CLIP, device) for device in ("dev-north", "dev-south")]
    assert (await order(client, both)).status_code == 404
    whole = await order(await front.person(Role.REVIEWER), both)
    assert (await client.get(f"/api/v1/exports/{whole.json()['id']}")).status_code == 404
    above = await front.person(Role.REVIEWER, "city")
    assert (await above.get(f"/api/v1/exports/{whole.json()['id']}")).status_code == 200


async def test_a_download_ends_with_the_login_of_whoever_takes_it(front):
    front.packages.data = bytes(64 << 20)
    export = await front.package()
    await front.ready(export)
    token = await front.session("taker", Role.REVIEWER)
    client, taken = front.client(token), 0
    async with client.stream("GET", f"/api/v1/exports/{export}/bundle", params={"reason": "court"}) as answer:
        pieces = answer.aiter_raw()
        taken += len(await anext(pieces))
        front.access.sessions.end([front.access.sessions.find(token).id])
        with contextlib.suppress(httpx.RemoteProtocolError):
            async for piece in pieces:
                taken += len(piece)
    assert taken < len(front.packages.data)

    async def ended():
        return (await front.services.ledger.query(action="export.download_end")).items

    ends = await until(ended, bool)
    assert (ends[0].detail["complete"], ends[0].detail["reason"]) == (False, "revoked")


async def test_without_the_audit_log_nothing_is_ordered_or_handed_out(front):
    client, clip, export = await front.person(Role.REVIEWER), await front.keep(KeepingKind.CLIP), await front.package()
    await front.ready(export)
    front.disk.sick = True
    assert (await order(client, [clip])).status_code == 503
    assert (await fetch(client, export)).status_code == 503
    front.disk.sick = False
    assert (await client.get("/api/v1/exports")).json()["total"] == 1


async def test_a_disk_without_room_says_how_much_is_needed(front):
    big = SegmentFact("S" * 26, "0" * 26, "", NOON_NS - 300_000_000_000, NOON_NS, 1, 9_000, 1 << 50, b"", True)
    front.archive.footage = Footage((big,), ())
    refused = await order(await front.person(Role.REVIEWER), [await front.keep(KeepingKind.CLIP)])
    assert refused.status_code == 409
    assert "MB are needed" in refused.json()["detail"]

"""The resources over HTTP: places, devices, footage, audit, numbers, health."""

import pytest

from gateway.registry import RefusalReason
from media import GapCause
from recorder import Footage, GapFact, SegmentFact
from tests.storage.manual_clock import START_UTC_NS
from tests.viewer.conftest import furnish, open_front
from viewer.access import Role

API = "/api/v1"
ANY_VERSION = {"If-Match": "*"}


@pytest.fixture
async def site(front):
    """A site admin of every unit."""
    return await front.person(Role.SITE_ADMIN)


@pytest.fixture
async def northerner(front):
    """A site admin of one town."""
    return await front.person(Role.SITE_ADMIN, "north")


# Units and checkpoints


async def test_a_unit_is_made_renamed_moved_and_removed(site):
    made = await site.post(f"{API}/units", json={"id": "east", "name": "East", "parent": "city"})
    assert made.status_code == 201
    assert made.json() | {"created_at": ...} == {
        "id": "east",
        "name": "East",
        "parent": "city",
        "created_at": ...,
        "version": 1,
    }
    etag = (await site.get(f"{API}/units/east")).headers["etag"]
    changed = await site.patch(
        f"{API}/units/east", json={"name": "Far East", "parent": None}, headers={"If-Match": etag}
    )
    assert (changed.json()["name"], changed.json()["parent"]) == ("Far East", None)
    stale = await site.delete(f"{API}/units/east", headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["type"]) == (412, "urn:mingjing:problem:changed-meanwhile")
    gone = await site.delete(f"{API}/units/east", headers={"If-Match": changed.headers["etag"]})
    assert gone.status_code == 204
    assert (await site.get(f"{API}/units/east")).status_code == 404


async def test_a_unit_to_which_people_belong_is_not_removed(front, site):
    await site.post(f"{API}/units", json={"id": "east", "name": "East"})
    await front.access.accounts.create("clerk", Role.UNIT_USER, "east", by="cli:0")
    answer = await site.delete(f"{API}/units/east", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["detail"]) == (409, "1 accounts belong to east.")


async def test_nobody_of_a_unit_reaches_beyond_it_by_moving_things(front, northerner):
    tag = {"If-Match": '"1"'}
    answers = [
        await northerner.patch(f"{API}/devices/dev-north", json={"checkpoint": "cp-south"}, headers=tag),
        await northerner.patch(f"{API}/checkpoints/cp-north", json={"unit": "south"}, headers=tag),
        await northerner.patch(f"{API}/units/north", json={"parent": "south"}, headers=tag),
        await northerner.patch(f"{API}/units/north", json={"parent": None}, headers=tag),
        await northerner.post(f"{API}/units", json={"name": "Mine"}),
        await northerner.post(f"{API}/devices", json={"id": "new", "checkpoint": "cp-south"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert front.registry.devices.find("dev-north").checkpoint == "cp-north"
    assert (await northerner.post(f"{API}/units", json={"id": "n1", "name": "N", "parent": "north"})).status_code == 201


async def test_lists_hold_what_is_of_ones_own_unit_and_count_nothing_else(northerner):
    for name, own in (("units", "north"), ("checkpoints", "cp-north"), ("devices", "dev-north")):
        page = (await northerner.get(f"{API}/{name}")).json()
        assert ([item["id"] for item in page["items"]], page["total"]) == ([own], 1)
        assert (await northerner.get(f"{API}/{name}", params={"q": "south"})).json()["total"] == 0


async def test_a_checkpoint_keeps_its_position_until_another_is_given(site):
    await site.post(
        f"{API}/checkpoints",
        json={"id": "cp1", "name": "Gate", "unit": "north", "latitude": 30.5, "longitude": 114.3, "address": "1 Road"},
    )
    renamed = await site.patch(f"{API}/checkpoints/cp1", json={"name": "Bridge"}, headers={"If-Match": '"1"'})
    assert (renamed.json()["latitude"], renamed.json()["name"]) == (30.5, "Bridge")
    cleared = await site.patch(
        f"{API}/checkpoints/cp1", json={"latitude": None, "longitude": None}, headers={"If-Match": '"2"'}
    )
    assert cleared.json()["latitude"] is None
    wrong = await site.patch(f"{API}/checkpoints/cp1", json={"latitude": 91}, headers={"If-Match": '"3"'})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "latitude")


async def test_a_checkpoint_with_devices_is_not_removed(site):
    answer = await site.delete(f"{API}/checkpoints/cp-north", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:mingjing:problem:conflict")


# Devices


async def test_a_device_is_registered_with_a_key_shown_once_as_text_and_qr(front, site):
    answer = await site.post(f"{API}/devices", json={"id": "dev9", "checkpoint": "cp-north", "model": "DSJ-H8"})
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert len(made["key"]) == 32
    assert made["rtsp_url"] == "rtsp://127.0.0.1:8554/dev9"
    assert made["rtsps_url"] is None
    assert made["whip_url"] == f"{front.base_url}/whip/dev9"
    # The key is in the fragment, which no browser sends to a server.
    assert made["publish_url"] == f"{front.base_url}/publish#device=dev9&key={made['key']}"
    for code in (made["qr_svg"], made["publish_qr_svg"]):
        assert code.startswith("<svg xmlns=")
        assert "<script" not in code
    shown = (await site.get(f"{API}/devices/dev9")).text
    assert made["key"] not in shown
    assert "ha1" not in shown
    assert ("user:site_admin.all", "device.register", "dev9") in await front.actions()
    rotated = (await site.post(f"{API}/devices/dev9/rotate-key", json={"overlap_s": 3600}, headers=ANY_VERSION)).json()
    assert rotated["key"] != made["key"]
    assert len(front.registry.devices.get("dev9").credentials) == 2


async def test_where_rtsp_has_a_certificate_both_addresses_of_a_device_are_told(tmp_path):
    async with open_front(tmp_path, rtsps_port=8322) as front:
        await furnish(front.registry)
        site = await front.person(Role.SITE_ADMIN)
        made = (await site.post(f"{API}/devices", json={"id": "dev9", "checkpoint": "cp-north"})).json()
        [listed] = (await site.get(f"{API}/devices", params={"q": "dev9"})).json()["items"]
        for told in (made, listed):
            assert (told["rtsp_url"], told["rtsps_url"]) == (
                "rtsp://127.0.0.1:8554/dev9",
                "rtsps://127.0.0.1:8322/dev9",
            )
            assert told["whip_url"] == f"{front.base_url}/whip/dev9"


@pytest.mark.parametrize("act", ["disable", "enable", "rotate-key"])
async def test_what_is_done_to_a_device_says_which_version_of_it_was_seen(front, site, act):
    device = f"{API}/devices/dev-north"
    etag = (await site.get(device)).headers["etag"]
    assert (await site.post(f"{device}/{act}")).status_code == 428
    await site.patch(device, json={"name": "New"}, headers={"If-Match": etag})
    assert (await site.post(f"{device}/{act}", headers={"If-Match": etag})).status_code == 412
    etag = (await site.get(device)).headers["etag"]
    assert (await site.post(f"{device}/{act}", headers={"If-Match": etag})).status_code == 200


async def test_a_device_is_disabled_edited_moved_and_removed(front, site):
    assert (await site.post(f"{API}/devices/dev-north/disable", headers=ANY_VERSION)).json()["enabled"] is False
    enabled = await site.post(f"{API}/devices/dev-north/enable", headers=ANY_VERSION)
    moved = await site.patch(
        f"{API}/devices/dev-north",
        json={"name": "New", "checkpoint": "cp-south"},
        headers={"If-Match": enabled.headers["etag"]},
    )
    assert (moved.json()["name"], moved.json()["unit"]) == ("New", "south")
    gone = await site.delete(f"{API}/devices/dev-north", headers={"If-Match": moved.headers["etag"]})
    assert gone.status_code == 204
    assert front.registry.devices.find("dev-north") is None
    done = [action for principal, action, subject in await front.actions() if principal.startswith("user:site")]
    assert done == ["device.disable", "device.enable", "device.move", "device.remove"]


async def test_the_admin_sees_why_a_recorder_was_refused(front, site):
    front.registry.devices.remember_refusal("dev-north", RefusalReason.WRONG_KEY, "192.0.2.7")
    refusal = (await site.get(f"{API}/devices/dev-north")).json()["last_refusal"]
    assert refusal == {"reason": "wrong_key", "at": "2027-01-15T08:00:00.000Z", "peer": "192.0.2.7", "words": ""}


async def test_channels_show_their_live_state_in_devices_and_streams(front, site, northerner):
    front.hub.refuse_codec("dev-north", "main", "VP8")
    front.hub.refuse_codec("dev-south", "main", "VP8")
    [channel] = (await site.get(f"{API}/devices/dev-north")).json()["channels"]
    assert (channel["channel"], channel["state"], channel["reason"]) == ("main", "codec_not_supported", "VP8")
    assert (await site.get(f"{API}/streams")).json()["total"] == 2
    only = (await northerner.get(f"{API}/streams")).json()
    assert ([item["device"] for item in only["items"]], only["total"]) == (["dev-north"], 1)


async def test_without_the_audit_log_no_device_changes(front, site):
    front.disk.sick = True
    answer = await site.post(f"{API}/devices", json={"id": "dev9", "checkpoint": "cp-north"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:mingjing:problem:unavailable")
    assert front.registry.devices.find("dev9") is None


# Footage


async def test_a_recording_is_its_segments_and_its_gaps_with_their_causes_on_record(front):
    reviewer = await front.person(Role.REVIEWER)
    second = 1_000_000_000
    end_utc_ns = START_UTC_NS + 300 * second
    segment = SegmentFact("seg1", "str1", "x/seg1.mp4", START_UTC_NS, end_utc_ns, 1, 7500, 9, b"\x5a" * 32, True)
    gap = GapFact("str1", 7501, 1, 0, GapCause.STALLED, end_utc_ns, end_utc_ns + 10 * second)
    front.archive.footage = Footage((segment,), (gap,))
    query = {"device": "dev-north", "from": "2027-01-15T08:00:00Z", "to": "2027-01-15T17:00:00.500+08:00"}
    query["case"] = await front.at_hand()
    recording = (await reviewer.get(f"{API}/recordings", params=query)).json()
    assert recording["segments"] == [
        {
            "id": "seg1",
            "stream": "str1",
            "start": "2027-01-15T08:00:00.000Z",
            "end": "2027-01-15T08:05:00.000Z",
            "first_sequence": 1,
            "last_sequence": 7500,
            "size_bytes": 9,
            "sealed": True,
            "digest": "5a" * 32,
            "missing": False,
        }
    ]
    assert recording["gaps"] == [
        {
            "stream": "str1",
            "sequence": 7501,
            "track": 0,
            "cause": "stalled",
            "start": "2027-01-15T08:05:00.000Z",
            "end": "2027-01-15T08:05:10.000Z",
            "lost_packets": 0,
            "ongoing": False,
            "closed_by": [],
            "whole": False,
        }
    ]
    assert front.archive.asked == [("dev-north", "main", START_UTC_NS, START_UTC_NS + 3600 * second + second // 2)]
    assert ("user:reviewer.all", "recording.read", "dev-north") in await front.actions()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00Z", "2027-03-01T00:00:00Z"),
        ("2027-01-01T00:00:00", "2027-01-02T00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("yesterday", "today"),
    ],
)
async def test_an_interval_that_cannot_be_is_refused(front, start, end):
    reviewer = await front.person(Role.REVIEWER)
    answer = await reviewer.get(f"{API}/recordings", params={"device": "dev-north", "from": start, "to": end})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:mingjing:problem:invalid")


async def test_f20_without_the_audit_log_there_is_no_view(front):
    reviewer, case = await front.person(Role.REVIEWER), await front.at_hand()
    front.disk.sick = True
    query = {"device": "dev-north", "from": "2027-01-15T08:00:00Z", "to": "2027-01-15T09:00:00Z", "case": case}
    assert (await reviewer.get(f"{API}/recordings", params=query)).status_code == 503
    assert front.archive.asked == []


# Audit


async def test_the_auditor_reads_filters_and_proves_the_log_and_is_in_it(front, site):
    await site.post(f"{API}/devices/dev-north/disable", headers=ANY_VERSION)
    auditor = await front.person(Role.AUDITOR)
    page = (await auditor.get(f"{API}/audit", params={"action": "device.", "subject": "dev-north"})).json()
    assert [entry["action"] for entry in page["items"]] == ["device.disable", "device.register"]
    assert page["items"][0]["principal"] == "user:site_admin.all"
    assert len(page["items"][0]["digest"]) == 64
    proof = (await auditor.get(f"{API}/audit/verify")).json()
    assert (proof["intact"], proof["broken"]) == (True, None)
    mine = await front.actions(principal="user:auditor.all")
    assert [action for _, action, _ in mine] == ["audit.read", "audit.verify"]


async def test_the_log_says_what_the_auditor_asked_for(front):
    auditor = await front.person(Role.AUDITOR)
    asked = {"subject": "dev-north", "from": "2027-01-01T00:00:00.000Z", "to": "2027-01-02T00:00:00.000Z"}
    await auditor.get(f"{API}/audit", params=asked)
    [entry] = (await front.services.ledger.query(action="audit.read")).items
    assert entry.detail == {**asked, "peer": "127.0.0.1"}


async def test_the_log_is_read_page_by_page_within_times(front):
    auditor = await front.person(Role.AUDITOR)
    first = (await auditor.get(f"{API}/audit", params={"limit": 2})).json()
    second = (await auditor.get(f"{API}/audit", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    numbers = [entry["sequence"] for entry in first["items"] + second["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 4
    later = await auditor.get(f"{API}/audit", params={"from": "2027-01-15T08:00:01Z"})
    assert later.json()["items"] == []
    assert (await auditor.get(f"{API}/audit", params={"cursor": "x"})).json()["field"] == "cursor"


async def test_who_tries_what_is_not_theirs_is_on_record(front):
    supervisor = await front.person(Role.SUPERVISOR, "north")
    await supervisor.get(f"{API}/audit")
    await supervisor.get(f"{API}/devices/dev-south")
    page = await front.services.ledger.query(action="access.refused")
    assert [(entry.subject, entry.detail["action"], entry.detail["verdict"]) for entry in page.items] == [
        ("dev-south", "device.read", "hidden"),
        ("", "audit.read", "forbidden"),
    ]


# Numbers and health


async def test_the_overview_counts_what_one_may_see(front, site, northerner):
    front.hub.refuse_codec("dev-north", "main", "VP8")
    everything = (await site.get(f"{API}/overview")).json()
    assert (everything["units"], everything["checkpoints"], everything["devices"]) == (3, 2, 2)
    assert (everything["devices_online"], everything["devices_offline"]) == (0, 2)
    own = (await northerner.get(f"{API}/overview")).json()
    assert (own["units"], own["checkpoints"], own["devices"]) == (1, 1, 1)


async def test_the_system_admin_sees_disk_ledger_and_uptime(front):
    admin = await front.person(Role.SYSTEM_ADMIN)
    front.clock.advance(61)
    system = (await admin.get(f"{API}/system")).json()
    assert system["uptime_s"] == 61
    assert system["disk"]["total_bytes"] >= system["disk"]["free_bytes"] > 0
    assert system["ledger"]["failures"] == 0
    assert system["devices"] == 2


async def test_health_needs_no_session_and_metrics_need_this_machine(front):
    client = front.client()
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready", "checks": {"database": True}}
    front.hub.refuse_codec("dev-north", "main", "VP8")
    metrics = await client.get("/metrics")
    assert 'mingjing_channels{state="codec_not_supported"} 1.0' in metrics.text
    assert 'mingjing_channel_viewers{channel="main",device="dev-north"} 0.0' in metrics.text
    assert (await client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 401


# Errors are problems


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/devices/%2e%2e%2fetc", 404),
        ("DELETE", "/api/v1/devices", 405),
        ("GET", "/api/v1/devices?limit=x", 422),
        ("GET", "/api/v1/devices?sort=key", 422),
        ("POST", "/api/v1/devices", 422),
    ],
)
async def test_every_error_is_a_problem(site, method, path, status):
    answer = await site.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["type"].startswith("urn:mingjing:problem:")
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/whip/dev1", "OPTIONS, POST"),
        ("HEAD", "/whip/dev1", "OPTIONS, POST"),
        ("PUT", "/whip/dev1", "OPTIONS, POST"),
        ("GET", "/whip/dev1/session", "DELETE, OPTIONS, PATCH"),
        ("GET", "/api/v1/login", "POST"),
        ("DELETE", "/api/v1/devices", "GET, POST"),
        ("POST", "/live", "GET"),
    ],
)
async def test_a_method_that_an_address_does_not_have_is_answered_with_those_that_it_has(front, method, path, allowed):
    answer = await front.client().request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_malformed_json_and_long_bodies_are_problems_without_an_echo(front, site):
    broken = await site.post(f"{API}/devices", content='{"id": "s3cret', headers={"Content-Type": "application/json"})
    assert broken.status_code == 422
    assert "s3cret" not in broken.text
    long = await site.post(f"{API}/devices", json={"id": "x" * 70_000})
    assert (long.status_code, long.json()["type"]) == (413, "urn:mingjing:problem:too-large")
    login = await front.client().post(f"{API}/login", json={"username": "a", "password": "s3cret", "more": 1})
    assert (login.status_code, login.json()["field"]) == (422, "more")
    assert "s3cret" not in login.text


async def test_a_house_error_says_nothing_of_the_inside(front, site, monkeypatch):
    monkeypatch.setattr(type(front.hub), "statistics", lambda _: 1 / 0)
    answer = await site.get(f"{API}/devices")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:mingjing:problem:house-error")
    assert "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]

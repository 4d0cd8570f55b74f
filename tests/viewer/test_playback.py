"""Playback through the real app, out of a real archive: what is told, what is sent, and what is on record of it."""

import asyncio
import base64
import io
import secrets
from contextlib import suppress
from datetime import datetime

import av
import pytest

from media.fmp4 import parse_fragment
from recorder import SegmentRules
from storage import iso_from_ns
from tests.storage.manual_clock import START_UTC_NS as NOON_NS
from tests.viewer.conftest import furnished, open_front
from tests.viewer.recordings import PATIENCE_S, PushedStream, recording
from viewer.access import Role
from viewer.live.cut_views import record_cut_views
from viewer.playback import IDLE_S, PERSON_MAX

S = 1_000_000_000
HOUR = {"from": "2027-01-15T07:30:00Z", "to": "2027-01-15T08:30:00Z"}
API = "/api/v1/playback"


@pytest.fixture
async def front(tmp_path):
    async with open_front(furnished(tmp_path), recording=recording()) as opened:
        yield opened


@pytest.fixture
async def short_segments(tmp_path):
    rules = SegmentRules(length_ns=S, length_max_ns=2 * S)
    async with open_front(furnished(tmp_path), recording=recording(rules)) as opened:
        yield opened


async def reviewing(front, unit=None):
    """Somebody who reviews, and has a case `at_hand` that opens all of `HOUR`."""
    client = await front.person(Role.REVIEWER, unit)
    client.at_hand = await front.at_hand(unit or "city")
    return client


@pytest.fixture
async def reviewer(front):
    return await reviewing(front)


def pushed(front, device="dev-north", channel="main"):
    return PushedStream(front.services.index, front.clock, device, channel)


async def kept(front, device="dev-north", channel="main", clips=1):
    """A stream of this device that has come and gone, and its only segment."""
    stream = pushed(front, device, channel).push(clips)
    stream.end()
    [segment] = await stream.kept()
    return stream, segment


def case_of(client):
    return {"case": client.at_hand} if hasattr(client, "at_hand") else {}


async def opened(client, *devices, **more):
    body = {"devices": list(devices or ("dev-north",)), "purpose": "案件复核", **case_of(client), **HOUR, **more}
    answer = await client.post(API, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def at(ns):
    return iso_from_ns(ns)


def url_of(view, segment):
    return f"{API}/{view['id']}/segments/{segment}"


async def segment_of(client, view, segment):
    answer = await client.get(url_of(view, segment))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def bytes_of(client, view, segment, group):
    first, last = group["offset"], group["offset"] + group["length"] - 1
    answer = await client.get(f"{url_of(view, segment)}/media", headers={"Range": f"bytes={first}-{last}"})
    assert (answer.status_code, len(answer.content)) == (206, group["length"])
    return answer.content


def of_track(track, data):
    kept_bytes = b""
    while data:
        parsed = parse_fragment(data)
        kept_bytes += data[: parsed.length] if parsed.track_id == track else b""
        data = data[parsed.length :]
    return kept_bytes


async def entries(front, action, count):
    """Once there are so many, which there are then exactly (I11)."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := await front.services.ledger.query(action=action)).total < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert found.total == count
    return list(reversed(found.items))


async def gone(client, view):
    return (
        await client.get(f"{API}/{view['id']}/at", params={"device": "dev-north", "time": HOUR["from"]})
    ).status_code


# The way of a page


async def test_a_minute_is_found_shown_and_on_record(front, reviewer):
    stream, _ = await kept(front)
    front.clock.advance(10)
    view = await opened(reviewer)
    [lane] = view["lanes"]
    assert (lane["device"], lane["device_name"], lane["checkpoint"]) == ("dev-north", "Recorder north", "cp-north")
    assert [(run["stream"], run["start"], run["live"]) for run in lane["runs"]] == [(stream.id, at(NOON_NS), False)]
    assert [(gap["cause"], gap["ongoing"]) for gap in lane["gaps"]] == [("offline", True)]

    wanted = {"device": "dev-north", "time": at(NOON_NS + 1_500_000_000)}
    place = (await reviewer.get(f"{API}/{view['id']}/at", params=wanted)).json()
    told = await segment_of(reviewer, view, place["segment"])
    assert (told["sealed"], told["missing"], told["stream"], told["next"]) == (True, False, stream.id, None)
    assert [(track["kind"], track["codec"], track["timescale"]) for track in told["tracks"]] == [
        ("video", "h264", 90_000),
        ("audio", "aac", 44_100),
    ]
    [group] = [one for one in told["groups"] if one["start_ms"] <= (NOON_NS + 1_500_000_000) / 1e6 < one["end_ms"]]
    data = await bytes_of(reviewer, view, place["segment"], group)
    video = base64.b64decode(told["tracks"][0]["init"])
    with av.open(io.BytesIO(video + of_track(1, data))) as container:
        assert len(list(container.decode(video=0))) == group["pictures"] == 25

    assert (await reviewer.delete(f"{API}/{view['id']}")).status_code == 204
    [begin], [end] = await entries(front, "playback.open", 1), await entries(front, "playback.close", 1)
    assert begin.principal == end.principal == "user:reviewer.all"
    assert begin.subject == end.subject == "dev-north"
    facts = {"view": view["id"], "channel": "main", "from": at(NOON_NS - 1_800 * S), "to": at(NOON_NS + 1_800 * S)}
    facts |= {"case": reviewer.at_hand, "case_no": (await front.services.cases.find(reviewer.at_hand)).fields.case_no}
    for entry in (begin, end):
        assert entry.detail | facts == entry.detail
        assert entry.detail["purpose"] == "案件复核"
    assert (end.detail["bytes"], end.detail["seconds"], end.detail["reason"]) == (group["length"], 1.0, "left")
    [span] = end.detail["spans"]
    shown = [datetime.fromisoformat(moment).timestamp() * 1_000 for moment in span]
    assert shown == [pytest.approx(group[name], abs=1) for name in ("start_ms", "end_ms")]  # written by the millisecond


async def test_every_byte_of_a_segment_can_be_had_and_only_its_own(front, reviewer):
    stream, segment = await kept(front)
    view = await opened(reviewer)
    told = await segment_of(reviewer, view, segment)
    data = b"".join([await bytes_of(reviewer, view, segment, group) for group in told["groups"]])
    assert data == b"".join(each.data for each in stream.pushed)
    whole = await reviewer.get(f"{url_of(view, segment)}/media")
    assert (whole.status_code, len(whole.content)) == (200, told["size_bytes"])
    assert whole.content.endswith(data)
    assert whole.headers["etag"] == f'"{told["digest"]}"'
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("headers", "status", "content_range"),
    [
        ({"Range": "bytes=0-9"}, 206, "bytes 0-9/{size}"),
        ({"Range": "bytes=-1"}, 206, "bytes {last}-{last}/{size}"),
        ({"Range": "bytes=5-"}, 206, "bytes 5-{last}/{size}"),
        ({"Range": "bytes=0-9", "If-Range": "{etag}"}, 206, "bytes 0-9/{size}"),
        ({"Range": "bytes=0-9", "If-Range": '"other"'}, 200, None),
        ({"Range": "lines=0-9"}, 200, None),
        ({"Range": "bytes=99999999-"}, 416, "bytes */{size}"),
        ({"Range": "bytes=0-1,4-5"}, 416, "bytes */{size}"),
    ],
)
async def test_ranges_are_as_the_standard_has_them(front, reviewer, headers, status, content_range):
    _, segment = await kept(front)
    view = await opened(reviewer)
    told = await segment_of(reviewer, view, segment)
    words = {"size": told["size_bytes"], "last": told["size_bytes"] - 1, "etag": f'"{told["digest"]}"'}
    asked = {name: value.format(**words) for name, value in headers.items()}
    answer = await reviewer.get(f"{url_of(view, segment)}/media", headers=asked)
    assert answer.status_code == status
    assert answer.headers.get("content-range") == (content_range and content_range.format(**words))


async def test_a_moment_in_a_gap_is_told_with_its_cause_and_what_comes_next(front, reviewer):
    first, segment = await kept(front)
    front.clock.advance(600)
    second, later = await kept(front)
    view = await opened(reviewer)

    async def place(ns, **more):
        answer = await reviewer.get(f"{API}/{view['id']}/at", params={"device": "dev-north", "time": at(ns), **more})
        return answer.json()

    between = await place(NOON_NS + 60 * S)
    assert (between["segment"], between["next"]) == (None, {"segment": later, "start": at(second.start_utc_ns)})
    assert (between["gap"]["cause"], between["gap"]["end"]) == ("offline", at(second.start_utc_ns))
    before = await place(NOON_NS - S)
    assert (before["segment"], before["next"]["segment"], before["gap"]) == (None, segment, None)
    assert (await segment_of(reviewer, view, segment))["next"] == later
    narrow = await opened(reviewer, to=at(NOON_NS + 300 * S))
    assert (await segment_of(reviewer, narrow, segment))["next"] is None
    assert first.id != second.id


async def test_a_segment_is_found_by_the_times_that_were_told_of_it_though_they_are_cut(short_segments):
    front = short_segments
    client = await reviewing(front)
    front.clock.advance(0.000_7)
    stream = pushed(front).push(2)
    stream.end()
    segments = await stream.kept()
    view = await opened(client)

    async def found(time):
        answer = await client.get(f"{API}/{view['id']}/at", params={"device": "dev-north", "time": time})
        return answer.json()["segment"]

    told = [await segment_of(client, view, segment) for segment in segments]
    assert [await found(one["start"]) for one in told] == segments
    assert [await found(one["end"]) for one in told] == [*segments[1:], None]


async def test_segments_of_one_stream_are_one_run_and_lead_from_one_to_the_next(short_segments):
    front = short_segments
    client = await reviewing(front)
    stream = pushed(front).push(2)
    stream.end()
    segments = await stream.kept()
    assert len(segments) > 2
    view = await opened(client)
    assert len(view["lanes"][0]["runs"]) == 1
    told = [await segment_of(client, view, segment) for segment in segments]
    assert [one["next"] for one in told] == [*segments[1:], None]


# The live edge


async def test_of_a_segment_that_is_being_written_there_is_what_is_durable_and_it_grows(front, reviewer):
    stream = pushed(front).push()
    [segment] = await stream.kept(sealed=False)
    view = await opened(reviewer)
    assert view["lanes"][0]["runs"][0]["live"]
    told = await segment_of(reviewer, view, segment)
    assert (told["sealed"], told["digest"], len(told["groups"])) == (False, None, 3)
    data = await bytes_of(reviewer, view, segment, told["groups"][0])
    assert len(data) == told["groups"][0]["length"]
    whole = await reviewer.get(f"{url_of(view, segment)}/media", headers={"If-Range": '"x"', "Range": "bytes=0-1"})
    assert (whole.status_code, len(whole.content), "etag" in whole.headers) == (200, told["size_bytes"], False)
    stream.push()
    await stream.kept(sealed=False)
    grown = await segment_of(reviewer, view, segment)
    assert len(grown["groups"]) == 6
    assert grown["groups"][:2] == told["groups"][:2]
    stream.end()
    await stream.kept()
    ended = await segment_of(reviewer, view, segment)
    assert (ended["sealed"], len(ended["groups"])) == (True, 6)


# Who may, and what


async def test_each_of_several_devices_is_on_record_and_a_foreign_one_opens_nothing(front):
    await kept(front)
    await kept(front, "dev-south")
    both = await front.person(Role.SUPERVISOR)
    view = await opened(both, "dev-north", "dev-south", "dev-north")
    assert [lane["device"] for lane in view["lanes"]] == ["dev-north", "dev-south"]
    assert [entry.subject for entry in await entries(front, "playback.open", 2)] == ["dev-north", "dev-south"]
    await both.delete(f"{API}/{view['id']}")
    assert [entry.subject for entry in await entries(front, "playback.close", 2)] == ["dev-north", "dev-south"]
    northerner = await reviewing(front, "north")
    body = {**HOUR, "purpose": "why", "case": northerner.at_hand}
    foreign = await northerner.post(API, json={**body, "devices": ["dev-north", "dev-south"]})
    missing = await northerner.post(API, json={**body, "devices": ["dev-north", "nowhere"]})
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text == missing.text
    await entries(front, "playback.open", 2)


async def test_without_the_audit_log_there_is_no_view(front, reviewer):
    front.disk.sick = True
    answer = await reviewer.post(API, json={"devices": ["dev-north"], "purpose": "why", **case_of(reviewer), **HOUR})
    assert answer.status_code == 503
    front.disk.sick = False
    for _ in range(PERSON_MAX):
        await opened(reviewer)


async def test_an_opening_that_fails_half_way_is_closed_on_record(front, reviewer, monkeypatch):
    ledger, count = front.services.ledger, 0
    append = ledger.append

    async def failing(**entry):
        nonlocal count
        count += entry["action"] == "playback.open"
        if count == 2:
            count += 1
            front.disk.sick = True
        try:
            return await append(**entry)
        finally:
            front.disk.sick = False

    monkeypatch.setattr(ledger, "append", failing)
    body = {"devices": ["dev-north", "dev-south"], "purpose": "why", **case_of(reviewer), **HOUR}
    assert (await reviewer.post(API, json=body)).status_code == 503
    [begin], [end] = await entries(front, "playback.open", 1), await entries(front, "playback.close", 1)
    assert (begin.subject, end.subject, end.detail["reason"]) == ("dev-north", "dev-north", "not_opened")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"devices": []}, "devices"),
        ({"devices": ["a", "b", "c", "d", "e"]}, "devices"),
        ({"purpose": "  "}, "purpose"),
        ({"purpose": "x" * 201}, "purpose"),
        ({"channel": "talk"}, "channel"),
        ({"to": HOUR["from"]}, "to"),
        ({"from": "2026-01-15T07:30:00Z"}, "to"),
    ],
)
async def test_what_cannot_be_opened_is_refused_with_its_field(front, reviewer, body, field):
    answer = await reviewer.post(
        API, json={"devices": ["dev-north"], "purpose": "why", **case_of(reviewer), **HOUR, **body}
    )
    assert (answer.status_code, answer.json()["field"], bool(answer.json()["fix"])) == (422, field, True)
    await entries(front, "playback.open", 0)


async def test_a_segment_outside_of_the_view_is_not_there(front, reviewer):
    _, mine = await kept(front)
    _, foreign = await kept(front, "dev-south")
    _, other_channel = await kept(front, channel="sub")
    view = await opened(reviewer)
    early = await opened(reviewer, to=at(NOON_NS - 60 * S))
    assert (await reviewer.get(url_of(view, mine))).status_code == 200
    names = [(view, foreign), (view, other_channel), (early, mine), (view, "0" * 26), (view, "x%00"), (view, "..%2f..")]
    answers = [await reviewer.get(url_of(of, name)) for of, name in names]
    answers += [await reviewer.get(f"{url_of(of, name)}/media") for of, name in names[:4]]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers[:5]}) == 1


async def test_a_view_is_there_for_the_login_that_opened_it(front, reviewer):
    _, segment = await kept(front)
    view = await opened(reviewer)
    same_person, other = await reviewing(front), await front.person(Role.SUPERVISOR)
    assert same_person is not reviewer
    for client in (same_person, other):
        for path in (url_of(view, segment), f"{url_of(view, segment)}/media"):
            hidden, missing = await client.get(path), await client.get(path.replace(view["id"], secrets.token_hex(8)))
            assert hidden.status_code == missing.status_code == 404
            assert hidden.text == missing.text
        assert (await client.delete(f"{API}/{view['id']}")).status_code == 404
    assert (await reviewer.get(url_of(view, segment))).status_code == 200


async def test_a_moment_or_device_outside_of_the_view_is_refused_with_its_field(front, reviewer):
    view = await opened(reviewer)
    path = f"{API}/{view['id']}/at"
    for wanted, field in (
        ({"device": "dev-south", "time": at(NOON_NS)}, "device"),
        ({"device": "dev-north", "time": at(NOON_NS - 3_600 * S)}, "time"),
        ({"device": "dev-north", "time": at(NOON_NS + 1_801 * S)}, "time"),
    ):
        answer = await reviewer.get(path, params=wanted)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    ends = [HOUR["from"], HOUR["to"]]
    answers = [await reviewer.get(path, params={"device": "dev-north", "time": end}) for end in ends]
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_one_person_has_so_many_views_and_no_more(front, reviewer):
    views = [await opened(reviewer) for _ in range(PERSON_MAX)]
    full = await reviewer.post(API, json={"devices": ["dev-north"], "purpose": "why", **case_of(reviewer), **HOUR})
    assert (full.status_code, bool(full.json()["fix"])) == (429, True)
    await opened(await front.person(Role.SUPERVISOR))
    await reviewer.delete(f"{API}/{views[0]['id']}")
    await opened(reviewer)


# The end


async def test_a_view_of_which_nothing_is_asked_ends_and_says_why(front, reviewer):
    view, used = await opened(reviewer), await opened(reviewer)
    front.clock.advance(IDLE_S - 1)
    assert await gone(reviewer, used) == 200
    front.clock.advance(2)
    [end] = await entries(front, "playback.close", 1)
    assert (end.detail["view"], end.detail["reason"], end.detail["bytes"]) == (view["id"], "idle", 0)
    assert [await gone(reviewer, one) for one in (view, used)] == [404, 200]
    assert (await reviewer.delete(f"{API}/{view['id']}")).status_code == 204  # a page says goodbye
    assert await front.actions(action="access.refused") == []


async def test_the_end_of_the_login_is_the_end_of_its_views(front, reviewer):
    await opened(reviewer)
    await reviewer.delete("/api/v1/session")
    [end] = await entries(front, "playback.close", 1)
    assert end.detail["reason"] == "revoked"


@pytest.mark.parametrize("what", ["removed", "moved"])
async def test_a_device_that_is_out_of_reach_ends_the_views_of_it(front, what):
    client = await reviewing(front, "north")
    view = await opened(client)
    devices = front.registry.devices
    if what == "removed":
        await devices.remove("dev-north", principal="cli:0")
    else:
        await devices.move("dev-north", "cp-south", principal="cli:0")
    [end] = await entries(front, "playback.close", 1)
    assert end.detail["reason"] == ("device_removed" if what == "removed" else "revoked")
    assert await gone(client, view) == 404


async def test_the_stop_of_the_server_ends_them_on_record(front, reviewer):
    view = await opened(reviewer)
    front.services.stopping.set()
    [end] = await entries(front, "playback.close", 1)
    assert end.detail["reason"] == "server_stopping"
    assert await gone(reviewer, view) == 404


@pytest.mark.parametrize("how", ["login", "view"])
async def test_nothing_more_is_sent_of_a_view_that_has_ended(front, reviewer, how):
    stream = pushed(front).push_bulk(20, 2_000_000)
    stream.end()
    [segment] = await stream.kept()
    view = await opened(reviewer)
    size = (await segment_of(reviewer, view, segment))["size_bytes"]
    host, port = front.base_url.removeprefix("http://").split(":")
    reading, writing = await asyncio.open_connection(host, int(port), limit=65_536)
    cookie = reviewer.cookies["session"]
    lines = [f"GET {url_of(view, segment)}/media HTTP/1.1", f"Host: {host}:{port}", f"Cookie: session={cookie}", "", ""]
    writing.write("\r\n".join(lines).encode())
    head = await reading.readuntil(b"\r\n\r\n")
    assert b" 200 " in head
    assert f"content-length: {size}".encode() in head.lower()
    await reviewer.delete("/api/v1/session" if how == "login" else f"{API}/{view['id']}")
    [end] = await entries(front, "playback.close", 1)
    got = 0
    with suppress(ConnectionResetError):
        while data := await reading.read(1 << 20):
            got += len(data)
    writing.close()
    with suppress(ConnectionResetError):
        await writing.wait_closed()
    assert got < size
    assert end.detail["bytes"] < size
    assert 0 < end.detail["seconds"] < 20


async def test_a_client_that_leaves_is_not_sent_the_rest(front, reviewer):
    stream = pushed(front).push_bulk(20, 2_000_000)
    stream.end()
    [segment] = await stream.kept()
    view = await opened(reviewer)
    async with reviewer.stream("GET", f"{url_of(view, segment)}/media") as answer:
        async for _ in answer.aiter_bytes(1_000):
            break
    await reviewer.delete(f"{API}/{view['id']}")
    [end] = await entries(front, "playback.close", 1)
    assert end.detail["bytes"] < 40_000_000


async def test_a_file_that_is_gone_is_told_as_missing(front, reviewer):
    _, segment = await kept(front)
    view = await opened(reviewer)
    [path] = front.services.groups._media.glob(f"*/dev-north/main/{segment}.mp4")
    media = path.read_bytes()
    path.write_bytes(media[:-1])
    part = await reviewer.get(f"{url_of(view, segment)}/media", headers={"Range": "bytes=0-9"})
    assert part.status_code == 206  # these bytes are there
    short = await reviewer.get(f"{url_of(view, segment)}/media")
    assert (short.status_code, short.json()["type"]) == (410, "urn:mingjing:problem:footage-missing")
    assert (short.json()["segment"], bool(short.json()["fix"])) == (segment, True)
    assert (await segment_of(reviewer, view, segment))["missing"]
    path.unlink()
    told = await segment_of(reviewer, view, segment)
    assert (told["missing"], told["tracks"], len(told["groups"])) == (True, [], 3)
    assert (await reviewer.get(f"{url_of(view, segment)}/media")).status_code == 410
    path.with_suffix(".journal").unlink()
    assert (await reviewer.get(url_of(view, segment))).status_code == 410


async def test_what_a_kill_cut_off_is_named_for_each_of_its_devices(tmp_path):
    async with open_front(furnished(tmp_path)) as front:
        ledger = front.services.ledger
        for view, closed in (("one", ("dev-north", "dev-south")), ("two", ("dev-north",)), ("three", ())):
            for action, devices in (("open", ("dev-north", "dev-south")), ("close", closed)):
                for device in devices:
                    detail = {"view": view, "purpose": "why"}
                    await ledger.append(principal="user:li", action=f"playback.{action}", subject=device, detail=detail)
        await record_cut_views(ledger, ledger.statistics().entries + 1)
        cut = await entries(front, "playback.cut", 3)
        assert [(entry.subject, entry.detail["view"]) for entry in cut] == [
            ("dev-south", "two"),
            ("dev-north", "three"),
            ("dev-south", "three"),
        ]


# The timeline


async def timeline(client, **wanted):
    return await client.get("/api/v1/timeline", params={**case_of(client), **HOUR, **wanted})


async def test_the_timeline_of_a_checkpoint_has_a_lane_for_each_of_its_devices(front, reviewer):
    await front.registry.devices.register("dev-n2", "cp-north", principal="cli:0")
    stream, _ = await kept(front)
    told = (await timeline(reviewer, checkpoint="cp-north")).json()
    assert {lane["device"]: len(lane["runs"]) for lane in told["lanes"]} == {"dev-north": 1, "dev-n2": 0}
    assert (told["from"], told["to"]) == (at(NOON_NS - 1_800 * S), at(NOON_NS + 1_800 * S))
    assert told["now"] == at(front.clock.utc_ns())
    read = await front.actions(action="recording.read")
    assert {subject for _, _, subject in read} == {"dev-north", "dev-n2"}
    one = (await timeline(reviewer, device="dev-north")).json()
    assert [run["stream"] for run in one["lanes"][0]["runs"]] == [stream.id]


async def test_a_checkpoint_without_devices_has_no_lanes(front, reviewer):
    await front.registry.checkpoints.create("cp-empty", name="Empty", unit="north", principal="cli:0")
    assert (await timeline(reviewer, checkpoint="cp-empty")).json()["lanes"] == []


async def test_foreign_and_missing_look_alike_on_the_timeline(front):
    northerner = await reviewing(front, "north")
    answers = [
        await timeline(northerner, **wanted)
        for wanted in (
            {"device": "dev-south"},
            {"device": "nowhere"},
            {"checkpoint": "cp-south"},
            {"checkpoint": "nowhere"},
        )
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert await front.actions(action="recording.read") == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "device"),
        ({"device": "dev-north", "checkpoint": "cp-north"}, "device"),
        ({"device": "dev-north", "to": HOUR["from"]}, "to"),
        ({"device": "dev-north", "channel": "talk"}, "channel"),
    ],
)
async def test_a_timeline_that_cannot_be_is_refused_with_its_field(reviewer, wanted, field):
    answer = await timeline(reviewer, **wanted)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_checkpoint_with_very_many_devices_is_asked_for_in_parts(front, reviewer, monkeypatch):
    monkeypatch.setattr("viewer.api.timeline.DEVICES_MAX", 0)
    answer = await timeline(reviewer, checkpoint="cp-north")
    assert (answer.status_code, answer.json()["field"]) == (422, "checkpoint")

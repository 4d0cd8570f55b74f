"""Logging in and out, over HTTP."""

import asyncio

import httpx
import pytest

from tests.viewer.conftest import GOOD_PASSWORD, open_front
from viewer.access import ABSOLUTE_S, IDLE_S, PasswordProfile, Role

LOGIN, SESSION = "/api/v1/login", "/api/v1/session"


@pytest.fixture
async def wei(front):
    """A supervisor's account, and a browser that is not logged in."""
    await front.access.accounts.create("li.wei", Role.SUPERVISOR, "north", by="cli:0", password=GOOD_PASSWORD)
    return front.client()


async def log_in(client, name="li.wei", password=GOOD_PASSWORD):
    return await client.post(LOGIN, json={"username": name, "password": password})


async def does_something(client):
    """Ends a session that is not there: asked for by a person, and done to nothing. False when nobody is logged in."""
    return (await client.delete("/api/v1/session/list/none")).status_code == 404


async def test_a_login_gives_a_session_cookie_that_scripts_and_other_sites_cannot_use(front, wei):
    answer = await log_in(wei)
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 200
    assert cookie.startswith("session=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.json() | {"actions": ...} == {
        "name": "li.wei",
        "role": "supervisor",
        "unit": "north",
        "must_change_password": False,
        "actions": ...,
        "idle_expires_at": "2027-01-15T08:15:00.000Z",
        "expires_at": "2027-01-15T20:00:00.000Z",
        "server_time": "2027-01-15T08:00:00.000Z",
        "version": "0.0.0",
    }
    assert "live.open" in answer.json()["actions"]
    assert "user.create" not in answer.json()["actions"]
    assert (await wei.get(SESSION)).json()["name"] == "li.wei"


async def test_the_token_is_stored_nowhere_and_never_in_an_answer(front, wei, tmp_path):
    answer = await log_in(wei)
    token = wei.cookies["session"]
    assert token not in answer.text
    await wei.get(SESSION)
    await front.access.sessions.flush()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path
            assert GOOD_PASSWORD.encode() not in path.read_bytes(), path


async def test_wrong_name_wrong_password_and_disabled_account_look_alike(front, wei):
    await front.access.accounts.create("gone", Role.REVIEWER, by="cli:0", password=GOOD_PASSWORD)
    await front.access.accounts.disable("gone", by="cli:0")
    answers = [
        await log_in(wei, password="wrong horse battery"),
        await log_in(wei, name="nobody"),
        await log_in(wei, name="gone"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["type"] == "urn:mingjing:problem:wrong-credentials"
    assert await front.actions(action="session.refused") == [
        ("anonymous", "session.refused", name) for name in ("li.wei", "", "gone")
    ]


async def test_a_password_typed_as_user_name_is_written_nowhere(front, wei, tmp_path):
    secret = "sesame-open-yourself"
    assert (await log_in(wei, name=secret, password="x")).status_code == 401
    [entry] = (await front.services.ledger.query(action="session.refused")).items
    assert (entry.subject, entry.detail["account"]) == ("", "unknown")
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


async def test_a_name_is_the_same_in_capitals(wei):
    assert (await log_in(wei, name="Li.Wei")).status_code == 200


async def test_five_failures_lock_for_fifteen_minutes_even_with_the_right_password(front, wei):
    for _ in range(5):
        assert (await log_in(wei, password="wrong")).status_code == 401
    locked = await log_in(wei)
    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "900"
    assert "900 seconds" in locked.json()["fix"]
    front.clock.advance(901)
    assert (await log_in(wei)).status_code == 200


async def test_guesses_that_come_all_at_once_are_counted_too(front, wei):
    statuses = [answer.status_code for answer in await asyncio.gather(*[log_in(wei, password="x") for _ in range(12)])]
    assert (statuses.count(401), statuses.count(429)) == (5, 7)
    assert len(await front.actions(action="session.refused")) == 5


async def test_who_is_elsewhere_is_not_locked_out_by_a_guesser(tmp_path):
    async with open_front(tmp_path, trusted_proxies=("127.0.0.1/32",)) as front:
        await front.access.accounts.create("li.wei", Role.SUPERVISOR, by="cli:0", password=GOOD_PASSWORD)
        proxied = {"X-Forwarded-Proto": "https", "Origin": front.base_url.replace("http", "https", 1)}
        client = front.client()
        guesser, owner = (proxied | {"X-Forwarded-For": address} for address in ("192.0.2.1", "192.0.2.2"))
        body = {"username": "li.wei", "password": "wrong"}
        for _ in range(5):
            assert (await client.post(LOGIN, json=body, headers=guesser)).status_code == 401
        assert (await client.post(LOGIN, json=body, headers=guesser)).status_code == 429
        right = body | {"password": GOOD_PASSWORD}
        answer = await client.post(LOGIN, json=right, headers=owner)
        assert answer.status_code == 200
        assert answer.headers["set-cookie"].startswith("__Host-session=")
        assert "Secure" in answer.headers["set-cookie"]


async def test_a_login_rotates_the_session_of_the_browser(front, wei):
    await log_in(wei)
    first = wei.cookies["session"]
    await log_in(wei)
    assert wei.cookies["session"] != first
    assert (await front.client(first).get(SESSION)).status_code == 401
    assert front.access.sessions.count == 1


async def test_a_session_ends_after_fifteen_idle_minutes(front, wei):
    await log_in(wei)
    front.clock.advance(IDLE_S - 1)
    assert await does_something(wei)
    front.clock.advance(IDLE_S - 1)
    assert await does_something(wei)
    front.clock.advance(IDLE_S)
    assert (await wei.get(SESSION)).status_code == 401


@pytest.mark.parametrize("path", [SESSION, "/api/v1/devices", "/api/v1/overview"])
async def test_what_a_page_reads_by_itself_keeps_nobody_logged_in(front, wei, path):
    await log_in(wei)
    front.clock.advance(IDLE_S - 1)
    assert (await wei.get(path)).status_code == 200
    front.clock.advance(2)
    assert (await wei.get(path)).status_code == 401


async def test_a_session_ends_after_twelve_hours_however_busy(front, wei):
    await log_in(wei)
    for _ in range(ABSOLUTE_S // 600 - 1):
        front.clock.advance(600)
        assert await does_something(wei)
    front.clock.advance(600)
    assert not await does_something(wei)


async def test_a_wall_clock_that_steps_ends_no_session(front, wei):
    await log_in(wei)
    front.clock.step_wall(3600 * 24)
    assert (await wei.get(SESSION)).status_code == 200


async def test_sessions_outlive_a_restart_and_their_idle_time_goes_on(tmp_path):
    async with open_front(tmp_path) as front:
        clock = front.clock
        token = await front.session("li.wei", Role.SUPERVISOR)
        clock.advance(600)
        assert await does_something(front.client(token))
    clock.advance(IDLE_S - 1)
    clock.now_mono_ns = 5  # the machine was restarted, too
    async with open_front(tmp_path, clock=clock) as front:
        assert (await front.client(token).get(SESSION)).status_code == 200
        clock.advance(2)
        assert (await front.client(token).get(SESSION)).status_code == 401


async def test_logging_out_ends_the_session_and_clears_the_cookie(front, wei):
    await log_in(wei)
    token = wei.cookies["session"]
    answer = await wei.delete(SESSION)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await front.client(token).get(SESSION)).status_code == 401
    assert [action for _, action, _ in await front.actions(principal="user:li.wei")] == [
        "session.open",
        "session.close",
    ]


async def test_one_sees_and_ends_ones_own_sessions_only(front, wei):
    await log_in(wei)
    elsewhere = front.client()
    await log_in(elsewhere)
    stranger = await front.session("wang", Role.SUPERVISOR)
    items = (await wei.get("/api/v1/session/list")).json()["items"]
    assert sorted(item["current"] for item in items) == [False, True]
    [other] = [item["id"] for item in items if not item["current"]]
    foreign = front.access.sessions.find(stranger).id
    refused = await wei.delete(f"/api/v1/session/list/{foreign}")
    missing = await wei.delete("/api/v1/session/list/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (refused.status_code, refused.text) == (missing.status_code, missing.text) == (404, missing.text)
    assert (await wei.delete(f"/api/v1/session/list/{other}")).status_code == 204
    assert (await elsewhere.get(SESSION)).status_code == 401
    assert (await front.client(stranger).get(SESSION)).status_code == 200


async def test_of_seventeen_sessions_the_least_used_ends(front):
    tokens = []
    for _ in range(17):
        tokens.append(await front.session("li.wei", Role.SUPERVISOR))
        front.clock.advance(1)
    answers = [(await front.client(token).get(SESSION)).status_code for token in tokens]
    assert answers == [401] + [200] * 16


# One-time and new passwords


async def test_with_a_one_time_password_one_can_only_replace_it(front):
    made = await front.access.accounts.create("li.wei", Role.SUPERVISOR, by="cli:0")
    client = front.client()
    assert (await log_in(client, password=made.password)).json()["must_change_password"] is True
    refused = await client.get("/api/v1/devices")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:mingjing:problem:password-must-change")
    before = client.cookies["session"]
    changed = await client.post("/api/v1/password", json={"current": made.password, "new": GOOD_PASSWORD})
    assert changed.json()["must_change_password"] is False
    assert client.cookies["session"] != before
    assert (await client.get("/api/v1/devices")).status_code == 200
    assert (await log_in(front.client(), password=made.password)).status_code == 401


async def test_changing_the_password_ends_every_other_session(front, wei):
    await log_in(wei)
    elsewhere = front.client()
    await log_in(elsewhere)
    body = {"current": GOOD_PASSWORD, "new": "another long password"}
    assert (await wei.post("/api/v1/password", json=body)).status_code == 200
    assert (await elsewhere.get(SESSION)).status_code == 401
    assert (await wei.get(SESSION)).status_code == 200


@pytest.mark.parametrize(
    ("new", "word"),
    [
        ("short", "12 characters"),
        ("li.wei is my name", "user name"),
        ("aaaaaaaaaaaaaaaa", "different"),
        ("password1234", "common"),
        (GOOD_PASSWORD, "another"),
    ],
)
async def test_a_weak_new_password_is_refused_with_the_fix(wei, new, word):
    await log_in(wei)
    answer = await wei.post("/api/v1/password", json={"current": GOOD_PASSWORD, "new": new})
    assert answer.status_code == 422
    assert answer.json()["field"] == "new"
    assert word in answer.json()["fix"]


async def test_a_wrong_present_password_is_the_forms_fault_not_the_sessions(wei):
    await log_in(wei)
    answer = await wei.post("/api/v1/password", json={"current": "wrong", "new": "another long password"})
    assert (answer.status_code, answer.json()["field"]) == (422, "current")
    assert (await wei.get(SESSION)).status_code == 200


async def test_under_mlps3_a_password_lasts_ninety_days(tmp_path):
    async with open_front(tmp_path, profile=PasswordProfile.MLPS3) as front:
        await front.access.accounts.create("li.wei", Role.SUPERVISOR, by="cli:0", password="Blue-Sky7")
        client = front.client()
        assert (await log_in(client, password="Blue-Sky7")).json()["must_change_password"] is False
        front.clock.advance(91 * 24 * 3600)
        assert (await log_in(client, password="Blue-Sky7")).json()["must_change_password"] is True


# What guards the door itself


async def test_a_foreign_or_missing_origin_is_refused_on_every_unsafe_method(front, wei):
    body = {"username": "li.wei", "password": GOOD_PASSWORD}
    for origin in ("https://evil.example", "null", front.base_url + "0"):
        answer = await wei.post(LOGIN, json=body, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:mingjing:problem:foreign-origin")
    async with httpx.AsyncClient(base_url=front.base_url) as bare:
        assert (await bare.post(LOGIN, json=body)).status_code == 403


async def test_a_password_is_not_taken_over_a_readable_network(tmp_path):
    async with open_front(tmp_path, trusted_proxies=("127.0.0.1/32",)) as front:
        headers = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "http"}
        body = {"username": "li.wei", "password": GOOD_PASSWORD}
        answer = await front.client().post(LOGIN, json=body, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:mingjing:problem:insecure-transport")


async def test_forwarding_headers_of_strangers_are_ignored(front, wei):
    headers = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https"}
    body = {"username": "li.wei", "password": GOOD_PASSWORD}
    answer = await wei.post(LOGIN, json=body, headers=headers)
    assert answer.headers["set-cookie"].startswith("session=")
    assert (await wei.get("/api/v1/session/list")).json()["items"][0]["peer"] == "127.0.0.1"


async def test_without_the_audit_log_nobody_logs_in(front, wei):
    front.disk.sick = True
    answer = await log_in(wei)
    assert answer.status_code == 503
    assert "set-cookie" not in answer.headers
    assert front.access.sessions.count == 0

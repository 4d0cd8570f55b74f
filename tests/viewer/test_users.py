"""Accounts: made, changed, disabled, reset; and sessions ended under people's feet."""

import asyncio

import pytest

from tests.viewer.conftest import GOOD_PASSWORD, open_front
from viewer.access import EndReason, LastAdministrator, Role, SessionRevoked

USERS = "/api/v1/users"
ANY_VERSION = {"If-Match": "*"}


@pytest.fixture
async def security(front):
    return await front.person(Role.SECURITY_ADMIN)


async def log_in(front, name, password):
    client = front.client()
    answer = await client.post("/api/v1/login", json={"username": name, "password": password})
    return client, answer


async def test_the_first_run_makes_the_three_administrators_once(tmp_path):
    async with open_front(tmp_path) as front:
        made = await front.access.accounts.first_run()
        assert [(one.name, one.role.value) for one in made] == [
            ("sysadmin", "system_admin"),
            ("secadmin", "security_admin"),
            ("auditor", "auditor"),
        ]
        assert len({one.password for one in made}) == 3
        assert list(await front.access.accounts.first_run()) == []
        for one in made:
            _, answer = await log_in(front, one.name, one.password)
            assert answer.json()["must_change_password"] is True


async def test_an_account_made_before_the_first_start_keeps_no_administrator_from_being_made(tmp_path):
    async with open_front(tmp_path) as front:
        await front.access.accounts.create("auditor", Role.REVIEWER, by="cli:0")
        await front.access.accounts.create("root", Role.SYSTEM_ADMIN, by="cli:0")
        made = await front.access.accounts.first_run()
        assert [(one.name, one.role.value) for one in made] == [("secadmin", "security_admin"), ("auditor2", "auditor")]


async def test_the_demo_adds_three_people_and_leaves_those_that_are_there(tmp_path):
    async with open_front(tmp_path) as front:
        assert [one.role.value for one in await front.access.accounts.demo()] == [
            "supervisor",
            "reviewer",
            "site_admin",
        ]
        assert list(await front.access.accounts.demo()) == []


async def test_a_user_is_made_with_a_one_time_password_shown_once(front, security):
    answer = await security.post(USERS, json={"name": "li.wei", "role": "supervisor", "unit": "north"})
    assert answer.status_code == 201
    made = answer.json()
    assert made.keys() == {"name", "role", "password"}
    user = (await security.get(f"{USERS}/li.wei")).json()
    assert (user["unit"], user["enabled"], user["must_change_password"]) == ("north", True, True)
    assert made["password"] not in str(user)
    _, login = await log_in(front, "li.wei", made["password"])
    assert login.status_code == 200
    assert ("user:security_admin.all", "user.create", "li.wei") in await front.actions()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "Li Wei", "role": "supervisor"}, 422, "name"),
        ({"name": "../etc", "role": "supervisor"}, 422, "name"),
        ({"name": "li", "role": "emperor"}, 422, "role"),
        ({"name": "li", "role": "unit_user"}, 422, "unit"),
        ({"name": "li", "role": "auditor", "unit": "north"}, 422, "unit"),
        ({"name": "li", "role": "supervisor", "unit": "nowhere"}, 422, "unit"),
        ({"name": "li"}, 422, "role"),
        ({"name": "li", "role": "reviewer", "roles": ["auditor"]}, 422, "roles"),
        ({"name": "security_admin.all", "role": "reviewer"}, 409, "name"),
    ],
)
async def test_what_cannot_be_a_user_is_refused_by_field_with_the_fix(security, body, status, field):
    answer = await security.post(USERS, json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.json()["fix"]
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_change_of_rights_says_what_it_changes_and_ends_the_sessions(front, security):
    token = await front.session("li.wei", Role.SUPERVISOR, "north")
    unconditional = await security.patch(f"{USERS}/li.wei", json={"role": "reviewer"})
    assert unconditional.status_code == 428
    etag = (await security.get(f"{USERS}/li.wei")).headers["etag"]
    stale = await security.patch(f"{USERS}/li.wei", json={"role": "reviewer"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    changed = await security.patch(f"{USERS}/li.wei", json={"role": "reviewer"}, headers={"If-Match": etag})
    assert (changed.json()["role"], changed.json()["unit"]) == ("reviewer", "north")
    assert changed.headers["etag"] != etag
    assert (await front.client(token).get("/api/v1/session")).status_code == 401


async def test_a_disabled_user_is_out_at_once_and_stays_out_over_a_restart(tmp_path):
    async with open_front(tmp_path) as front:
        security = await front.person(Role.SECURITY_ADMIN)
        token = await front.session("li.wei", Role.SUPERVISOR)
        assert (await security.post(f"{USERS}/li.wei/disable", headers=ANY_VERSION)).json()["enabled"] is False
        assert (await front.client(token).get("/api/v1/session")).status_code == 401
        _, login = await log_in(front, "li.wei", GOOD_PASSWORD)
        assert login.status_code == 401
    async with open_front(tmp_path) as front:
        assert (await front.client(token).get("/api/v1/session")).status_code == 401
        await front.access.accounts.enable("li.wei", by="cli:0")
        assert (await front.client(token).get("/api/v1/session")).status_code == 401
        _, login = await log_in(front, "li.wei", GOOD_PASSWORD)
        assert login.status_code == 200


async def test_a_reset_password_is_one_time_and_ends_the_sessions(front, security):
    token = await front.session("li.wei", Role.SUPERVISOR)
    fresh = (await security.post(f"{USERS}/li.wei/reset-password", headers=ANY_VERSION)).json()["password"]
    assert (await front.client(token).get("/api/v1/session")).status_code == 401
    _, old = await log_in(front, "li.wei", GOOD_PASSWORD)
    _, new = await log_in(front, "li.wei", fresh)
    assert (old.status_code, new.status_code) == (401, 200)
    assert new.json()["must_change_password"] is True


@pytest.mark.parametrize("role", ["security_admin", "system_admin", "auditor"])
async def test_the_last_administrator_of_a_kind_can_neither_be_disabled_nor_moved(front, security, role):
    name = "security_admin.all" if role == "security_admin" else "last"
    if name == "last":
        await front.access.accounts.create("last", Role(role), by="cli:0")
    disabled = await security.post(f"{USERS}/{name}/disable", headers=ANY_VERSION)
    assert (disabled.status_code, disabled.json()["type"]) == (409, "urn:mingjing:problem:conflict")
    moved = await security.patch(f"{USERS}/{name}", json={"role": "reviewer"}, headers={"If-Match": '"1"'})
    assert moved.status_code == 409
    await front.access.accounts.create("second", Role(role), by="cli:0")
    assert (await security.post(f"{USERS}/{name}/disable", headers=ANY_VERSION)).status_code == 200


async def test_two_administrators_disabled_at_once_leave_one(front):
    for name in ("one", "two"):
        await front.access.accounts.create(name, Role.AUDITOR, by="cli:0")
    results = await asyncio.gather(
        *(front.access.accounts.disable(name, by="cli:0") for name in ("one", "two")), return_exceptions=True
    )
    assert sum(isinstance(result, LastAdministrator) for result in results) == 1


async def test_a_security_admin_lists_and_revokes_anybodys_sessions(front, security):
    token = await front.session("li.wei", Role.SUPERVISOR)
    events = []
    with front.services.bus.subscribe(SessionRevoked) as revoked:
        [item] = (await security.get(f"{USERS}/li.wei/sessions")).json()["items"]
        ended = []
        front.access.sessions.on_end(item["id"], ended.append)
        assert (await security.delete(f"{USERS}/li.wei/sessions/{item['id']}")).status_code == 204
        events.append(await anext(revoked))
    assert ended == [EndReason.REVOKED]
    assert events == [SessionRevoked(item["id"], "li.wei", EndReason.REVOKED)]
    assert (await front.client(token).get("/api/v1/session")).status_code == 401
    again = await security.delete(f"{USERS}/li.wei/sessions/{item['id']}")
    assert again.status_code == 404


async def test_the_list_of_users_filters_sorts_and_pages(front, security):
    for number in range(7):
        await front.access.accounts.create(f"user{number}", Role.REVIEWER, by="cli:0", password=GOOD_PASSWORD)
    await front.access.accounts.disable("user3", by="cli:0")
    names, cursor = [], None
    while True:
        query = {"q": "USER", "sort": "-name", "limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await security.get(USERS, params=query)).json()
        assert page["total"] == 7
        names += [user["name"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == [f"user{number}" for number in reversed(range(7))]
    disabled = (await security.get(USERS, params={"enabled": "false"})).json()
    assert [user["name"] for user in disabled["items"]] == ["user3"]
    for wrong in ({"sort": "password_hash"}, {"cursor": "x"}, {"cursor": "bnVsbA=="}, {"limit": 0}):
        assert (await security.get(USERS, params=wrong)).status_code == 422


async def test_without_the_audit_log_no_account_is_given_a_right(front, security):
    await front.session("li.wei", Role.SUPERVISOR)
    await front.access.accounts.create("gone", Role.REVIEWER, by="cli:0")
    await front.access.accounts.disable("gone", by="cli:0")
    front.disk.sick = True
    for path in (f"{USERS}/gone/enable", f"{USERS}/li.wei/reset-password"):
        assert (await security.post(path, headers=ANY_VERSION)).status_code == 503
    assert (await security.get(USERS)).status_code == 503
    front.disk.sick = False
    assert (await front.access.accounts.find("gone")).enabled is False
    assert len(front.access.sessions.of_user("li.wei")) == 1


@pytest.mark.parametrize("act", ["disable", "enable", "reset-password"])
async def test_what_is_done_to_an_account_says_which_version_of_it_was_seen(front, security, act):
    await front.session("li.wei", Role.SUPERVISOR)
    etag = (await security.get(f"{USERS}/li.wei")).headers["etag"]
    assert (await security.post(f"{USERS}/li.wei/{act}")).status_code == 428
    await security.patch(f"{USERS}/li.wei", json={"unit": "north"}, headers={"If-Match": etag})
    assert (await security.post(f"{USERS}/li.wei/{act}", headers={"If-Match": etag})).status_code == 412
    etag = (await security.get(f"{USERS}/li.wei")).headers["etag"]
    assert (await security.post(f"{USERS}/li.wei/{act}", headers={"If-Match": etag})).status_code == 200


async def test_nobody_changes_their_own_grant(front, security):
    await front.access.accounts.create("second", Role.SECURITY_ADMIN, by="cli:0")
    own = f"{USERS}/security_admin.all"
    etag = (await security.get(own)).headers["etag"]
    for change in ({"role": "supervisor"}, {"role": "auditor"}):
        answer = await security.patch(own, json=change, headers={"If-Match": etag})
        assert (answer.status_code, answer.json()["detail"]) == (409, "Nobody changes their own grant.")
    assert (await front.access.accounts.find("security_admin.all")).role is Role.SECURITY_ADMIN

"""A right is taken away at once, whatever the ledger says; its entry is owed, and comes exactly once."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from tests.viewer.conftest import open_front
from viewer.access import EndReason, Role, owed

USERS = "/api/v1/users"
ANY_VERSION = {"If-Match": "*"}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(owed, "RETRY_S", 0.02)


async def until_entries(front, action, count):
    async with asyncio.timeout(5):
        while len(found := (await front.services.ledger.query(action=action)).items) < count:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
    return found


async def test_with_the_ledger_unavailable_a_person_can_log_out(front):
    token = await front.session("li.wei", Role.SUPERVISOR)
    ended = []
    front.access.sessions.on_end(front.access.sessions.find(token).id, ended.append)
    front.disk.sick = True
    assert (await front.client(token).delete("/api/v1/session")).status_code == 204
    assert ended == [EndReason.REVOKED]
    assert (await front.client(token).get("/api/v1/session")).status_code == 401
    front.disk.sick = False
    [entry] = await until_entries(front, "session.close", 1)
    assert entry.principal == "user:li.wei"
    assert entry.detail == {"owed_since": "2027-01-15T08:00:00.000Z"}


async def test_with_the_ledger_unavailable_an_account_is_disabled_and_its_sessions_end(front):
    security = await front.person(Role.SECURITY_ADMIN)
    token = await front.session("li.wei", Role.SUPERVISOR)
    front.disk.sick = True
    assert (await security.post(f"{USERS}/li.wei/disable", headers=ANY_VERSION)).status_code == 200
    assert (await front.client(token).get("/api/v1/session")).status_code == 401
    assert (await front.access.accounts.find("li.wei")).enabled is False
    front.disk.sick = False
    [entry] = await until_entries(front, "user.disable", 1)
    assert (entry.principal, entry.subject) == ("user:security_admin.all", "li.wei")


async def test_with_the_ledger_unavailable_a_session_of_somebody_else_is_ended(front):
    security = await front.person(Role.SECURITY_ADMIN)
    token = await front.session("li.wei", Role.SUPERVISOR)
    session = front.access.sessions.find(token).id
    front.disk.sick = True
    assert (await security.delete(f"{USERS}/li.wei/sessions/{session}")).status_code == 204
    assert front.access.sessions.find(token) is None
    front.disk.sick = False
    [entry] = await until_entries(front, "session.revoke", 1)
    assert entry.detail["session"] == session


async def test_what_is_owed_outlives_the_server_and_comes_once(tmp_path, monkeypatch):
    monkeypatch.setattr(owed, "RETRY_S", 3600)  # the first server ends before it tries again
    async with open_front(tmp_path) as front:
        clock = front.clock
        await front.session("li.wei", Role.SUPERVISOR)
        front.disk.sick = True
        await front.access.accounts.disable("li.wei", by="cli:0")
        await asyncio.wait_for(until_owed(front), 5)
    clock.advance(3600)
    async with open_front(tmp_path, clock=clock) as front:
        await until_entries(front, "user.disable", 1)
        await asyncio.wait_for(until_paid(front), 5)
    async with open_front(tmp_path, clock=clock) as front:
        await asyncio.wait_for(until_paid(front), 5)
        [entry] = await until_entries(front, "user.disable", 1)
        assert entry.detail["owed_since"] == "2027-01-15T08:00:00.000Z"
        assert (await front.services.ledger.verify()).intact


async def until_owed(front):
    while not front.access.owed.waiting:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.01)


async def until_paid(front):
    while front.access.owed.waiting:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.01)


async def test_with_the_database_refusing_as_well_sessions_still_end_and_the_entry_comes(front, monkeypatch):
    security = await front.person(Role.SECURITY_ADMIN)
    token = await front.session("li.wei", Role.SUPERVISOR)
    session = front.access.sessions.find(token).id
    write = front.services.database.write

    def refuse():
        raise OperationalError("DELETE", {}, Exception("database or disk is full"))

    monkeypatch.setattr(front.services.database, "write", refuse)
    assert (await security.delete(f"{USERS}/li.wei/sessions/{session}")).status_code == 204
    assert front.access.sessions.find(token) is None
    monkeypatch.setattr(front.services.database, "write", write)
    [entry] = await until_entries(front, "session.revoke", 1)
    assert entry.subject == "li.wei"

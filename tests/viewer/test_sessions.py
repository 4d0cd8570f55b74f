"""Sessions by themselves, and what may happen at the same moment."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import func, select

from tests.viewer.conftest import GOOD_PASSWORD
from viewer.access import IDLE_S, EndReason, Role, WrongCredentials
from viewer.access.login import Peer
from viewer.access.tables import sessions

HERE = Peer("127.0.0.1", "127.0.0.1", "test")


async def opened(front, name="li"):
    token = await front.session(name, Role.SUPERVISOR)
    return front.access.sessions.find(token)


async def rows(front):
    async with front.services.database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(sessions))).scalar_one()


async def test_every_watcher_is_called_once_before_end_returns(front):
    session = await opened(front)
    told = []
    for number in range(3):
        front.access.sessions.on_end(session.id, lambda reason, number=number: told.append((number, reason)))
    front.access.sessions.end([session.id])
    front.access.sessions.end([session.id])
    assert told == [(number, EndReason.REVOKED) for number in range(3)]


async def test_a_cancelled_watcher_is_not_called(front):
    session = await opened(front)
    told = []
    cancel = front.access.sessions.on_end(session.id, told.append)
    cancel()
    cancel()
    front.access.sessions.end([session.id])
    assert told == []


async def test_who_watches_a_session_that_has_ended_is_told_at_once(front):
    session = await opened(front)
    front.access.sessions.end([session.id])
    told = []
    front.access.sessions.on_end(session.id, told.append)
    assert told == [EndReason.REVOKED]


async def test_expiry_calls_the_watchers_and_removes_the_row(front):
    session = await opened(front)
    told = []
    front.access.sessions.on_end(session.id, told.append)
    front.clock.advance(IDLE_S)
    front.access.sessions.sweep()
    assert told == [EndReason.EXPIRED]
    await front.access.sessions.flush()
    assert await rows(front) == 0


async def test_sessions_go_on_expiring_while_the_database_cannot_be_written(front):
    session = await opened(front)
    front.clock.advance(IDLE_S)
    front.access.sessions.sweep()
    async with front.services.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE sessions RENAME TO elsewhere")
    await front.access.sessions.flush()
    assert front.access.sessions.get(session.id) is None
    async with front.services.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO sessions")
    await front.access.sessions.flush()
    assert await rows(front) == 0


async def test_what_a_cancelled_write_did_not_do_is_done_at_the_next_turn(front, monkeypatch):
    """A stop in the midst of it left the row of an expired session behind, which a restart took for one that stands."""
    ended = await opened(front)
    sessions_of = front.access.sessions
    front.clock.advance(IDLE_S)
    sessions_of.sweep()
    used = await opened(front, "wang")
    sessions_of.use(used.id)
    writing = asyncio.Event()

    @asynccontextmanager
    async def behind_a_long_one(_database):
        writing.set()
        await asyncio.Event().wait()
        yield

    with monkeypatch.context() as busy:
        busy.setattr(type(front.services.database), "write", behind_a_long_one)
        async with asyncio.TaskGroup() as group:
            flushing = group.create_task(sessions_of.flush())
            await writing.wait()
            flushing.cancel()
    await sessions_of.flush()
    assert sessions_of.get(ended.id) is None
    assert await rows(front) == 1


async def test_a_use_while_others_are_written_is_written_at_the_next_turn(front, monkeypatch):
    session = await opened(front)
    sessions_of = front.access.sessions
    sessions_of.use(session.id)
    write = type(front.services.database).write

    @asynccontextmanager
    async def used_meanwhile(database):
        async with write(database) as connection:
            yield connection
        front.clock.advance(1)
        sessions_of.use(session.id)

    with monkeypatch.context() as busy:
        busy.setattr(type(front.services.database), "write", used_meanwhile)
        await sessions_of.flush()
    assert session.used_since_flush
    await sessions_of.flush()
    assert not session.used_since_flush


async def test_a_password_reset_while_the_old_one_is_being_checked_wins(front):
    """The check takes a tenth of a second; a session must not begin on what was true before it."""
    await front.access.accounts.create("li", Role.SUPERVISOR, by="cli:0", password=GOOD_PASSWORD)
    verify = front.access.hashing.verify
    checking, go_on = asyncio.Event(), asyncio.Event()

    async def slow(stored, password):
        checking.set()
        await go_on.wait()
        return await verify(stored, password)

    front.access.hashing.verify = slow
    async with asyncio.TaskGroup() as tasks:
        login = tasks.create_task(refused(front.access.login.open("li", GOOD_PASSWORD, HERE)))
        await checking.wait()
        await front.access.accounts.reset_password("li", by="cli:0")
        go_on.set()
    assert login.result()
    assert front.access.sessions.of_user("li") == []


async def refused(login):
    with pytest.raises(WrongCredentials):
        await login
    return True

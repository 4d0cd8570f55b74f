"""Stream passwords as their page sees them: whether they are used, until when, and what a restart remembers."""

import asyncio
from contextlib import asynccontextmanager

from sqlalchemy.exc import OperationalError

from storage import UlidFactory
from viewer.access import DAYS_MAX, EndReason, Role, StreamPasswords, upkeep

API = "/api/v1/stream-passwords"


async def made(person, **fields):
    answer = await person.post(API, json={"label": "wall", "purpose": "duty", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(person):
    [only] = (await person.get(API)).json()["items"]
    return only["views"], only["last_used_at"]


async def test_the_list_says_how_many_players_show_pictures_and_when_the_last_one_did(front):
    person = await front.person(Role.SUPERVISOR)
    password = front.access.stream_passwords.get((await made(person))["id"])
    assert await listed(person) == (0, None)
    cancels = [front.access.stream_passwords.on_end(password, lambda reason: None) for _ in range(2)]
    assert await listed(person) == (2, "2027-01-15T08:00:00.000Z")
    front.clock.advance(60)
    cancels[0]()
    front.clock.advance(60)
    cancels[0]()  # the same view does not end twice
    assert await listed(person) == (1, "2027-01-15T08:01:00.000Z")


async def test_a_restart_remembers_when_each_was_last_used(front):
    person = await front.person(Role.SUPERVISOR)
    passwords = front.access.stream_passwords
    password = passwords.get((await made(person))["id"])
    passwords.on_end(password, lambda reason: None)
    await passwords.flush()
    again = StreamPasswords(front.services.database, front.services.ledger, front.clock, UlidFactory(front.clock))
    await again.load()
    assert (again.get(password.id).last_used_utc_ns, again.get(password.id).views) == (front.clock.utc_ns(), 0)


async def test_uses_that_could_not_be_written_are_written_at_the_next_turn(front, monkeypatch):
    person = await front.person(Role.SUPERVISOR)
    passwords = front.access.stream_passwords
    password = passwords.get((await made(person))["id"])
    passwords.on_end(password, lambda reason: None)

    def full():
        raise OperationalError("UPDATE", {}, Exception("disk full"))

    with monkeypatch.context() as disk:
        disk.setattr(type(front.services.database), "write", lambda self: full())
        await passwords.flush()
        assert password.used_since_flush
    await passwords.flush()
    assert not password.used_since_flush


async def test_a_stop_while_uses_are_written_writes_them_at_last(front, monkeypatch):
    person = await front.person(Role.SUPERVISOR)
    passwords, database = front.access.stream_passwords, front.services.database
    password = passwords.get((await made(person))["id"])
    passwords.on_end(password, lambda reason: None)
    write, writing = type(database).write, asyncio.Event()

    @asynccontextmanager
    async def behind_a_long_one():
        writing.set()
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(upkeep, "SWEEP_S", 0)
    monkeypatch.setattr(upkeep, "FLUSH_S", 0)
    monkeypatch.setattr(type(database), "write", lambda self: write(self) if writing.is_set() else behind_a_long_one())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(passwords.run())
        await writing.wait()
        running.cancel()
    again = StreamPasswords(database, front.services.ledger, front.clock, UlidFactory(front.clock))
    await again.load()
    assert again.get(password.id).last_used_utc_ns == front.clock.utc_ns()


async def test_a_use_while_others_are_written_is_written_at_the_next_turn(front, monkeypatch):
    person = await front.person(Role.SUPERVISOR)
    passwords, database = front.access.stream_passwords, front.services.database
    password = passwords.get((await made(person))["id"])
    passwords.on_end(password, lambda reason: None)
    write = type(database).write

    @asynccontextmanager
    async def used_meanwhile(self):
        async with write(self) as connection:
            yield connection
        front.clock.advance(1)
        passwords.on_end(password, lambda reason: None)

    with monkeypatch.context() as busy:
        busy.setattr(type(database), "write", used_meanwhile)
        await passwords.flush()
    assert password.used_since_flush
    await passwords.flush()
    assert not password.used_since_flush


async def test_one_that_expires_ends_its_views_and_leaves_the_list(front):
    person = await front.person(Role.SUPERVISOR)
    password = front.access.stream_passwords.get((await made(person, days=1))["id"])
    told = []
    front.access.stream_passwords.on_end(password, told.append)
    front.clock.now_utc_ns += 86_400 * 1_000_000_000
    front.access.stream_passwords.sweep()
    assert told == [EndReason.EXPIRED]
    assert (await person.get(API)).json()["total"] == 0


async def test_a_duration_beyond_the_limit_and_a_seventeenth_are_refused(front):
    person = await front.person(Role.SITE_ADMIN)
    refused = await person.post(API, json={"label": "wall", "purpose": "duty", "days": DAYS_MAX + 1})
    assert (refused.status_code, refused.json()["field"]) == (422, "days")
    for _ in range(16):
        await made(person)
    refused = await person.post(API, json={"label": "wall", "purpose": "duty"})
    assert (refused.status_code, refused.json()["field"]) == (422, "label")

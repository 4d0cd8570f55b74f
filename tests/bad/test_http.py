"""Hostile HTTP: Range and token headers, paths, bodies, and names of things, while a stream runs next door."""

import asyncio
import json
from urllib.parse import quote_from_bytes, urlsplit

import httpx

from tests.bad.canary import new_device, unharmed
from tests.bad.speaker import announce, speaking
from tests.bad.test_websocket import AT_A_TIME, numbers
from tests.bad.web import Connection, connection
from tests.house.bounds import told
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.media.rtsp.dialogue import SDP
from tests.vectors.loader import Vector, vectors

pytestmark = SHARES_THE_HOUSE

ANSWERED_WITHIN_S = 2
PROBLEM = "application/problem+json"
NOT_FOR_ANYBODY = ("root:x:", "Traceback", "/site-packages/")


async def test_hostile_http_is_answered_with_4xx_or_closed(shared_house):
    house, token = shared_house, await shared_house.supervisor().token()
    slots = asyncio.Semaphore(AT_A_TIME)
    slowest = 0.0

    async def one(vector: Vector) -> None:
        nonlocal slowest
        async with slots, connection(house, token) as client:
            await client.say(client.filled(vector.data))
            status, head = await client.answer()
            assert status in (0, *numbers(vector, "answers")), (vector.name, status, head)
            slowest = max(slowest, client.slowest_s)

    async with unharmed(house, "HTTP"), asyncio.TaskGroup() as tasks:
        for vector in vectors("http"):
            tasks.create_task(one(vector), name=vector.name)
    told("the slowest answer to HTTP", slowest, ANSWERED_WITHIN_S)


async def test_hostile_names_of_things_become_neither_files_nor_things(shared_house):
    """As an id in a body, in a path, and as a device's path on the RTSP port."""
    house = shared_house
    token = await house.person("siteadmin").token()
    device = await new_device(house)
    before = set(await ids(house))
    async with (
        unharmed(house, "names"),
        httpx.AsyncClient(
            base_url=house.http_url, headers={"Origin": house.http_url}, cookies={"session": token}
        ) as admin,
    ):
        for vector in vectors("names"):
            await in_bodies(admin, vector)
            await in_paths(admin, vector)
            async with speaking(house, device) as speaker:
                base = f"rtsp://{urlsplit(house.rtsp_url).netloc}/"
                await speaker.say(announce(base, SDP).replace(base.encode(), base.encode() + vector.data, 1))
                answer = await speaker.hear()
                assert answer is None or 400 <= answer[0] < 500, (vector.name, answer)
    assert set(await ids(house)) - before <= set(house.keys)


async def in_bodies(admin: httpx.AsyncClient, vector: Vector) -> None:
    name = vector.data.decode("utf-8", "replace")
    for path, body in (
        ("devices", {"id": name, "checkpoint": "gate-north"}),
        ("units", {"id": name, "name": "x"}),
        ("checkpoints", {"id": name, "unit": "north", "name": "x"}),
    ):
        answer = await admin.post(f"/api/v1/{path}", content=json.dumps(body))
        assert_refused(answer, vector.name)


async def in_paths(admin: httpx.AsyncClient, vector: Vector) -> None:
    for path in ("devices", "units", "checkpoints"):
        answer = await admin.get(f"/api/v1/{path}/{quote_from_bytes(vector.data, safe='')}")
        assert 400 <= answer.status_code < 500 or answer.headers["content-type"].startswith("text/html"), vector.name
        assert not any(word in answer.text for word in NOT_FOR_ANYBODY)


def assert_refused(answer: httpx.Response, name: str) -> None:
    assert 400 <= answer.status_code < 500, (name, answer.status_code)
    assert answer.headers["content-type"] == PROBLEM
    assert not any(word in answer.text for word in NOT_FOR_ANYBODY)


async def ids(house) -> list[str]:
    answer = await house.person("siteadmin").call("GET", "devices", params={"limit": "500"})
    return [item["id"] for item in answer.json()["items"]]


async def test_a_body_that_never_comes_does_not_hold_the_others_up(shared_house):
    """A length without a body: the connection waits alone."""
    house, token = shared_house, await shared_house.supervisor().token()
    async with unharmed(house, "bodies that never come"), connection(house, token) as client:
        for _ in range(20):
            await one_more(client)
        answer = await house.supervisor().call("GET", "devices")
        assert answer.status_code == 200


async def one_more(client: Connection) -> None:
    await client.say(client.filled(b"POST /api/v1/login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n"))

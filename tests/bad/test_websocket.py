"""Hostile WebSocket frames and handshakes at the live door and at that of events, while a stream runs next door."""

import asyncio

from tests.bad.canary import new_device, unharmed
from tests.bad.web import Connection, connection
from tests.house.bounds import told
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.house import House
from tests.vectors.loader import Vector, vectors

pytestmark = SHARES_THE_HOUSE

AT_A_TIME = 6
CLOSED_WITHIN_S = 2
PATHS = {"events": "/ws/events", "live": "/ws/live/{device}?purpose=exercise"}


async def test_hostile_frames_close_their_socket_with_the_code_of_the_standard(shared_house):
    house = shared_house
    device = await new_device(house)
    push = await house.device(device).push()
    slots = asyncio.Semaphore(AT_A_TIME)
    slowest = 0.0

    async def one(vector: Vector) -> None:
        nonlocal slowest
        async with slots, connection(house, await house.supervisor().token(), device) as socket:
            try:
                await play(socket, vector)
            except Exception as error:
                raise AssertionError(f"{vector.name}: {error!r}") from error
            slowest = max(slowest, socket.slowest_s)

    async with unharmed(house, "WebSocket"), asyncio.TaskGroup() as tasks:
        for vector in vectors("websocket"):
            tasks.create_task(one(vector), name=vector.name)
    told("the slowest end of a WebSocket", slowest, CLOSED_WITHIN_S)
    push.leave()


async def play(socket: Connection, vector: Vector) -> None:
    door = vector.notes["door"]
    if door == "handshake":
        await socket.say(socket.filled(vector.data))
        assert await socket.status() in numbers(vector, "answers")
        return
    await socket.say(socket.handshake(PATHS[door]))
    assert await socket.status() == 101
    for chunk in vector.chunks:
        await socket.say(chunk)
    code = await socket.close_code()
    # Cut off on bytes nobody read any more, a socket is reset, and the close frame may go with it.
    assert code is None or code in numbers(vector, "closes"), code


def numbers(vector: Vector, note: str) -> list[int]:
    return [int(word) for word in vector.notes[note].split()]


async def test_a_person_who_behaves_is_served_after_all_of_it(shared_house: House):
    device = await new_device(shared_house)
    push = await shared_house.device(device).push()
    viewer = await shared_house.supervisor().watch(device)
    assert await viewer.wait_for_picture(5)
    push.leave()

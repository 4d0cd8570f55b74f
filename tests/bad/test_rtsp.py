"""Hostile requests and interleaved frames against the real server, while a stream runs next door."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from tests.bad.canary import hostile_devices, new_device, unharmed
from tests.bad.speaker import ANSWER_WITHIN_S, Speaker, speaking
from tests.fuzz.test_targets import answers
from tests.house.bounds import told
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.house import House
from tests.vectors.loader import Vector, vectors

pytestmark = SHARES_THE_HOUSE

AT_A_TIME = 6
UNFINISHED = frozenset({"half-a-header", "length-65535-never-sent"})  # the server waits for the rest


async def test_hostile_requests_are_answered_or_end_their_connection_and_nothing_else(shared_house):
    await play_all(shared_house, "RTSP requests", vectors("rtsp"), play_request)


async def test_hostile_frames_end_their_connection_at_most(shared_house):
    await play_all(shared_house, "interleaved frames", vectors("interleaved"), play_frames)


async def test_a_frame_may_be_split_anywhere(shared_house):
    """Byte by byte: whatever the network does to it, it is the same conversation."""
    device = await new_device(shared_house)
    between = next(vector for vector in vectors("interleaved") if vector.name == "request-between-frames")
    async with unharmed(shared_house, "frames byte by byte"), speaking(shared_house, device) as speaker:
        await speaker.recording()
        for byte in filled(between.data, speaker):
            await speaker.say(bytes((byte,)))
            await asyncio.sleep(0)  # so that it leaves as a segment of its own
        assert await speaker.hear_all(1) == [200]
        assert await speaker.still_answers()


async def play_all(
    house: House,
    what: str,
    hostile: Sequence[Vector],
    play: Callable[[House, Speaker, Vector], Awaitable[None]],
) -> None:
    left = deque(hostile)
    slowest = 0.0

    async def play_next(device: str) -> None:
        nonlocal slowest
        while left:
            vector = left.popleft()
            async with speaking(house, device) as speaker:
                try:
                    await play(house, speaker, vector)
                except Exception as error:
                    raise AssertionError(f"{vector.name}: {error!r}") from error
                slowest = max(slowest, speaker.slowest_s)

    devices = await hostile_devices(house, AT_A_TIME)
    async with unharmed(house, what), asyncio.TaskGroup() as tasks:
        for device in devices:
            tasks.create_task(play_next(device), name=device)
    told(f"the slowest answer to {what}", slowest, ANSWER_WITHIN_S)


async def play_request(house: House, speaker: Speaker, vector: Vector) -> None:
    stage = vector.notes.get("after", "")
    if stage in ("described", "playing"):
        async with as_player(house, speaker, stage):
            await speaker.say(filled(vector.data, speaker))
            await expect(speaker, vector, answers(vector))
        return
    await speaker.lead_to(stage)
    data = filled(vector.data, speaker)
    if b"{nonce}" in data:
        challenge = (await speaker.challenged())[0]
        nonce = challenge.split('nonce="')[1].split('"')[0]
        data = data.replace(b"{nonce}", nonce.encode()).replace(b"{response}", b"0" * 64)
    if b"{overheard}" in data:
        async with speaking(house, speaker.device) as owner:
            data = data.replace(b"{overheard}", (await owner.authorization()).encode())
    await speaker.say(data)
    wanted = [int(vector.notes["live"])] if "live" in vector.notes else answers(vector)
    await expect(speaker, vector, wanted)


@asynccontextmanager
async def as_player(house: House, speaker: Speaker, stage: str) -> AsyncIterator[None]:
    """The speaker watches what its device sends, by a stream password."""
    push = await house.device(speaker.device).push()
    viewer = await house.supervisor().watch(speaker.device)
    assert await viewer.wait_for_picture(1)
    await viewer.leave()
    made = await house.supervisor().call("POST", "stream-passwords", json={"label": "bad", "purpose": "exercise"})
    assert made.status_code == 201, made.text
    await speaker.describe(made.json()["user"], made.json()["password"])
    if stage == "playing":
        await speaker.play()
    yield
    push.leave()


async def play_frames(house: House, speaker: Speaker, vector: Vector) -> None:
    await speaker.recording()
    await speaker.say(filled(vector.data, speaker))
    if vector.name not in UNFINISHED:
        await expect(speaker, vector, answers(vector))


async def expect(speaker: Speaker, vector: Vector, wanted: list[int]) -> None:
    got = await speaker.hear_all(len(wanted))
    closes = vector.notes.get("closes") == "yes"
    # A connection that is closed on bytes nobody read any more is reset, and the answer may go with it.
    assert got == wanted or (closes and wanted[: len(got)] == got), (got, wanted)
    if closes:
        assert await speaker.is_closed()
    else:
        assert await speaker.still_answers()


def filled(data: bytes, speaker: Speaker) -> bytes:
    return data.replace(b"{url}", speaker.url.encode()).replace(b"{device}", speaker.device.encode())

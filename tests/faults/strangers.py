"""Strangers at the RTSP port: slow ones that only hold places, and many that ask in vain (F40)."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.house.bounds import FULL
from tests.house.house import House

SLOW_LORISES = 500 if FULL else 60
ANNOUNCES = 2_000 if FULL else 100
ANNOUNCES_PER_S = 2_000 / 60
THEIR_HOST = "127.0.0.66"  # at one address with devices they would displace those that have not proved themselves yet
ANNOUNCE = (
    b"ANNOUNCE rtsp://x/crowd1 RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of it."""

    longest_loris_s: float
    answers: set[bytes]
    longest_device_s: float  # a device that came meanwhile, until it was let in


async def strangers(house: House) -> Crowd:
    """All of them at once, while a device comes and goes."""
    await house.enrol("latecomer")
    async with asyncio.TaskGroup() as group:
        lorises = [group.create_task(dropped(house), name="loris") for _ in range(SLOW_LORISES)]
        flood = group.create_task(announces(house), name="announces")
        latecomer = group.create_task(device_comes(house), name="latecomer")
    return Crowd(max(task.result() for task in lorises), flood.result(), latecomer.result())


async def device_comes(house: House) -> float:
    longest_s = 0.0
    for turn in range(5):
        await asyncio.sleep(1)  # now and then, as they come
        began = time.monotonic()
        push = await house.device("latecomer").push(seconds=0.2, starting_at=turn * 100)
        longest_s = max(longest_s, time.monotonic() - began)
        await push.all_sent()
        push.leave()
    return longest_s


async def dropped(house: House) -> float:
    """A slow loris: a request that never ends, a byte a second; the seconds until it is cut off."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(*house.rtsp_address, local_addr=(THEIR_HOST, 0))
    with suppress(OSError):
        for byte in ANNOUNCE:
            writer.write(bytes((byte,)))
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await reader.read()
                    break
    writer.close()
    return time.monotonic() - began


async def announce(house: House) -> bytes:
    """What a stranger is answered."""
    reader, writer = await asyncio.open_connection(*house.rtsp_address, local_addr=(THEIR_HOST, 0))
    writer.write(ANNOUNCE)
    answer = await reader.readline()
    writer.close()
    return answer


async def announces(house: House) -> set[bytes]:
    """Strangers at the pace of F40, and all that they were answered."""
    answers, began = set(), time.monotonic()
    for number in range(ANNOUNCES):
        await asyncio.sleep(began + number / ANNOUNCES_PER_S - time.monotonic())  # the fault itself: a flood has a pace
        answers.add(await announce(house))
    return answers

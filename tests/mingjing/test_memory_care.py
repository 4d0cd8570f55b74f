"""What ended connections leave goes, and a peak of memory passes."""

import asyncio
import gc
import random
import weakref
from pathlib import Path

import pytest

from mingjing import memory_care
from tests.house.archive import until

MB = 1_000_000
PIECES = 1_500  # of 4,000 bytes, as pictures have


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


def test_what_a_burst_took_is_given_back_though_later_pieces_lie_behind_it() -> None:
    chance = random.Random(1)
    kept = [bytes(4_000) for _ in range(PIECES)]
    burst = []
    for _ in range(10 * PIECES):
        burst.append(bytes(4_000))
        kept[chance.randrange(PIECES)] = bytes(4_000)
    at_peak = resident_bytes()
    burst.clear()

    memory_care.give_back()

    assert at_peak - resident_bytes() > 40 * MB  # of 60
    assert len(kept) == PIECES


class Ended:
    """A connection that ended: what it leaves refers to itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_ended_connections_leave_is_collected_however_old_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The soak of an hour found 30 MB of it."""
    monkeypatch.setattr(memory_care, "CARE_EVERY_S", 0.01)
    ended = Ended()
    left = weakref.ref(ended)
    gc.collect()  # now it is old
    gc.disable()
    try:
        del ended
        async with asyncio.TaskGroup() as tasks:
            caring = tasks.create_task(memory_care.care_for_memory())
            await until(lambda: left() is None)
            caring.cancel()
    finally:
        gc.enable()

"""Calls that never return hold up nobody."""

import asyncio
import threading

import pytest

from storage import LoneThread, ThreadHangs


async def test_what_a_call_returns_or_raises_comes_back_and_calls_keep_their_order():
    thread, done = LoneThread("test"), []
    first, second = thread.run(lambda: done.append(1)), thread.run(lambda: done.append(2) or len(done))
    assert await asyncio.gather(first, second) == [None, 2]
    assert done == [1, 2]
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    thread.close()


async def test_whoever_waits_for_a_call_that_hangs_can_give_up_and_no_queue_grows_behind_it():
    thread, begun, goes_on = LoneThread("test"), threading.Event(), threading.Event()
    async with asyncio.TaskGroup() as group:
        hanging = group.create_task(thread.run(lambda: begun.set() or goes_on.wait()))
        await asyncio.to_thread(begun.wait)
        behind = [group.create_task(thread.run(list)) for _ in range(15)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await thread.run(list)
        with pytest.raises(ThreadHangs):
            await thread.run(list)
        hanging.cancel()
        goes_on.set()
    assert [each.result() for each in behind] == [[]] * 15
    thread.close()

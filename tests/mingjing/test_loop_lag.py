"""A long turn of the loop counts for all the time that it took."""

import asyncio

import pytest

from mingjing.loop_lag import BUCKETS_MS, INTERVAL_S, LoopLag


class Clock:
    """Time that passes as it is told, one step a sleep."""

    def __init__(self, *sleeps_s):
        self.now_ns = 0
        self.sleeps_s = list(sleeps_s)
        self.done = asyncio.Event()

    def mono_ns(self):
        return self.now_ns

    async def sleep(self, _seconds):
        if not self.sleeps_s:
            self.done.set()
            await asyncio.Event().wait()
        self.now_ns += round(self.sleeps_s.pop(0) * 1e9)


async def measured(monkeypatch, *sleeps_s):
    clock = Clock(*sleeps_s)
    lag = LoopLag(clock)
    monkeypatch.setattr("mingjing.loop_lag.asyncio.sleep", clock.sleep)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lag.run())
        await clock.done.wait()
        running.cancel()
    return lag


async def test_what_came_due_within_a_long_turn_has_waited_too(monkeypatch):
    """100 sleeps in time and one of 1 s: a third of the three seconds nothing moved, and a percentile says so."""
    lag = await measured(monkeypatch, *[INTERVAL_S] * 100, 1 + INTERVAL_S)
    assert lag.percentile_ms(100) == pytest.approx(1_000)
    assert lag.percentile_ms(90) > 500  # one sleep in a hundred alone would leave it at 0
    assert lag.percentile_ms(50) == 0


async def test_buckets_count_since_the_start_and_each_holds_those_before_it(monkeypatch):
    lag = await measured(monkeypatch, INTERVAL_S, INTERVAL_S + 0.004, INTERVAL_S + 0.015)
    counts = dict(zip((*BUCKETS_MS, float("inf")), lag.buckets(), strict=True))
    assert (counts[1], counts[5], counts[15], counts[float("inf")]) == (1, 2, 3, 3)
    assert lag.total_ms == pytest.approx(19)

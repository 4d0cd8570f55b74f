import asyncio
from dataclasses import dataclass

import pytest

from storage.bus import Bus, MemoryBus


@dataclass(frozen=True)
class Rang:
    n: int


@dataclass(frozen=True)
class RangTwice(Rang):
    pass


@dataclass(frozen=True)
class Closed:
    n: int


async def take(subscription, count):
    return [await anext(subscription) for _ in range(count)]


async def test_a_subscriber_gets_events_of_its_types_in_the_order_they_were_published():
    bus: Bus = MemoryBus()
    with bus.subscribe(Rang) as rings, bus.subscribe(Rang, Closed) as everything:
        for event in (Rang(1), Closed(2), Rang(3)):
            bus.publish(event)
        assert await take(rings, 2) == [Rang(1), Rang(3)]
        assert await take(everything, 3) == [Rang(1), Closed(2), Rang(3)]


async def test_subtypes_are_events_of_the_type():
    bus = MemoryBus()
    with bus.subscribe(Rang) as rings:
        bus.publish(RangTwice(1))
        assert await take(rings, 1) == [RangTwice(1)]


async def test_an_event_without_subscribers_is_no_error_and_is_not_kept():
    bus = MemoryBus()
    bus.publish(Rang(1))
    with bus.subscribe(Rang) as rings:
        bus.publish(Rang(2))
        assert await take(rings, 1) == [Rang(2)]


async def test_a_full_subscription_drops_its_oldest_counts_it_and_slows_nobody():
    bus = MemoryBus()
    with bus.subscribe(Rang, limit=3) as slow, bus.subscribe(Rang) as quick:
        for n in range(10):
            bus.publish(Rang(n))
        assert slow.missed == 7
        assert await take(slow, 3) == [Rang(7), Rang(8), Rang(9)]
        assert quick.missed == 0
        assert len(await take(quick, 10)) == 10


async def test_a_waiting_subscriber_wakes_when_something_is_published():
    bus = MemoryBus()
    with bus.subscribe(Rang) as rings:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(take(rings, 1))
            await asyncio.sleep(0)
            bus.publish(Rang(1))
        assert waiting.result() == [Rang(1)]


async def test_iteration_ends_when_the_subscription_is_left_and_what_came_before_is_taken():
    bus = MemoryBus()
    got = []

    async def listen(subscription):
        got.extend([event async for event in subscription])

    async with asyncio.TaskGroup() as tasks:
        with bus.subscribe(Rang) as rings:
            tasks.create_task(listen(rings))
            await asyncio.sleep(0)
            bus.publish(Rang(1))
        bus.publish(Rang(2))
    assert got == [Rang(1)]


async def test_a_subscription_of_nothing_or_without_room_is_refused():
    bus = MemoryBus()
    with pytest.raises(ValueError, match="name the types"):
        bus.subscribe()
    with pytest.raises(ValueError, match="at least one"):
        bus.subscribe(Rang, limit=0)

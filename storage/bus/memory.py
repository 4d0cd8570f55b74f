"""The bus of a single process."""

import asyncio
from collections import deque
from typing import Self

from storage.bus.protocol import DEFAULT_LIMIT


class MemorySubscription:
    """A bounded queue of one subscriber; see `Subscription`."""

    def __init__(self, bus: "MemoryBus", types: tuple[type, ...], limit: int) -> None:
        self._bus = bus
        self._types = types
        self._events: deque[object] = deque(maxlen=limit)
        self._arrived = asyncio.Event()
        self._closed = False
        self.missed = 0

    def __enter__(self) -> Self:
        self._bus.enter(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self._bus.leave(self)
        self._closed = True
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> object:
        """The next event; ends once the subscription is left and everything before is taken."""
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()

    def offer(self, event: object) -> None:
        if not isinstance(event, self._types):
            return
        if len(self._events) == self._events.maxlen:
            self.missed += 1  # the deque drops its oldest
        self._events.append(event)
        self._arrived.set()


class MemoryBus:
    """Hands events to subscribers in the order they are published. Belongs to one loop."""

    def __init__(self) -> None:
        self._subscriptions: dict[int, MemorySubscription] = {}

    def publish(self, event: object) -> None:
        for subscription in self._subscriptions.values():
            subscription.offer(event)

    def subscribe(self, *types: type, limit: int = DEFAULT_LIMIT) -> MemorySubscription:
        if not types:
            raise ValueError("name the types of events to subscribe to")
        if limit < 1:
            raise ValueError("a subscription holds at least one event")
        return MemorySubscription(self, types, limit)

    def enter(self, subscription: MemorySubscription) -> None:
        self._subscriptions[id(subscription)] = subscription

    def leave(self, subscription: MemorySubscription) -> None:
        self._subscriptions.pop(id(subscription), None)

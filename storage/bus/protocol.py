"""What any bus does, in this process or over a network."""

from collections.abc import AsyncIterator
from typing import Protocol, Self

# Events one subscriber may be behind. A restart of 200 devices raises some 800 within a few seconds.
DEFAULT_LIMIT = 1000


class Subscription(Protocol):
    """Events of the named types since it was entered, oldest first."""

    @property
    def missed(self) -> int:
        """Events dropped because this subscriber was slower than its limit."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def __aiter__(self) -> AsyncIterator[object]: ...

    async def __anext__(self) -> object: ...


class Bus(Protocol):
    def publish(self, event: object) -> None:
        """Offer the event to every subscription of its type. Only from the loop's own thread."""

    def subscribe(self, *types: type, limit: int = DEFAULT_LIMIT) -> Subscription:
        """A subscription to events of these types and their subtypes; it listens while entered."""

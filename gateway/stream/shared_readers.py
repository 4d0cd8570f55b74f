"""Unit readers that several viewers share: one a channel, attached for as long as anybody uses it.

Not here: what a reader does with its units (gateway.rtsp.outlet, gateway.webrtc.outlet).
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from gateway.stream.hub import Hub
from gateway.stream.reader import UnitReader
from gateway.stream.subscription import Subscription

Reader = TypeVar("Reader", bound=UnitReader)


class SharedReaders(Generic[Reader]):
    """`make` is given device and channel."""

    def __init__(self, hub: Hub, make: Callable[[str, str], Reader]) -> None:
        self._hub = hub
        self._make = make
        self._open: dict[tuple[str, str], tuple[Reader, Subscription, set[object]]] = {}

    def __iter__(self) -> Iterator[Reader]:
        return iter([reader for reader, _, _ in self._open.values()])

    def use(self, device_id: str, channel: str, user: object) -> Reader:
        """The reader of a channel, for as long as this user does not `release` it."""
        key = (device_id, channel)
        if key not in self._open:
            reader = self._make(device_id, channel)
            self._open[key] = reader, self._hub.read_units(device_id, channel, reader), set()
        reader, _, users = self._open[key]
        users.add(user)
        return reader

    def release(self, device_id: str, channel: str, user: object) -> None:
        """Once for each use; nothing if there was none."""
        key = (device_id, channel)
        if key not in self._open:
            return
        _, subscription, users = self._open[key]
        users.discard(user)
        if not users:
            del self._open[key]
            subscription.close()

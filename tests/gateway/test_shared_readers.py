"""One unit reader a channel, for as long as anybody uses it."""

from gateway.stream import Hub, LiveUnit, SharedReaders, StreamEnd, StreamInfo, StreamInit
from storage import UlidFactory
from storage.bus import MemoryBus
from tests.storage.manual_clock import ManualClock


class Reader:
    viewers = 1

    def __init__(self, name: str) -> None:
        self.name = name

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None: ...

    def unit(self, unit: LiveUnit) -> None: ...

    def stream_ended(self, end: StreamEnd) -> None: ...


def test_a_reader_is_made_for_the_first_user_and_let_go_by_the_last() -> None:
    clock = ManualClock()
    hub = Hub(node_id="n", clock=clock, new_id=UlidFactory(clock), bus=MemoryBus())
    readers = SharedReaders(hub, lambda device, channel: Reader(f"{device}/{channel}"))
    first = readers.use("dev1", "main", "a")
    assert readers.use("dev1", "main", "b") is first
    assert readers.use("dev1", "main", "b") is first  # the same user twice is one user
    sub = readers.use("dev1", "sub", "a")
    assert [reader.name for reader in readers] == ["dev1/main", "dev1/sub"]
    assert hub.channel("dev1", "main").unit_readers == (first,)
    readers.release("dev1", "main", "a")
    readers.release("dev1", "main", "a")
    readers.release("dev1", "other", "a")
    assert hub.channel("dev1", "main").viewers == 1
    readers.release("dev1", "main", "b")
    assert hub.channel("dev1", "main").unit_readers == ()
    assert hub.channel("dev1", "sub").unit_readers == (sub,)
    assert readers.use("dev1", "main", "c") is not first

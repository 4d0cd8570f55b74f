"""A server without workers: sound is what the device sends, or it is left out."""

from gateway.sound import SoundReplacements
from gateway.stream import Hub
from storage import Clock, SystemClock, UlidFactory
from storage.bus import MemoryBus
from workers import SoundWorkers


def no_sounds(hub: Hub | None = None, clock: Clock | None = None) -> SoundReplacements:
    clock = clock or SystemClock()
    hub = hub or Hub(node_id="test", clock=clock, new_id=UlidFactory(clock), bus=MemoryBus())
    workers = SoundWorkers(processes=0, now_ns=clock.mono_ns, tell=lambda event: None)
    return SoundReplacements(hub, workers, clock)

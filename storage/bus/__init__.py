"""The event bus: what rooms tell each other without knowing each other.

Here: the `Bus` protocol and its in-memory form. An event is a frozen dataclass declared by the
room that raises it; who subscribes names the types.
Not here: frames (they go through gateway.stream), and anything that must not be lost: an event is
news, the truth is in the registry, the database or the ledger.

Invariants:
- `publish` never blocks and never raises for a subscriber's sake.
- A subscription is bounded; when full it drops its oldest event and counts it in `missed`.
"""

from storage.bus.memory import MemoryBus
from storage.bus.protocol import Bus, Subscription

__all__ = ["Bus", "MemoryBus", "Subscription"]

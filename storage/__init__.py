"""The shelves: where bytes and rows come to rest.

Here: segment files and their journals, the database engine and its one writer (`storage.database`),
the ledger (`storage.ledger`), the event bus (`storage.bus`), clocks and ids.
Not here: what to keep and for how long (recorder), who may read it (viewer.access), what a picture
is (media), and anybody's tables: each room declares its own.

Invariants R1-R8 are in docs/design/storage.md, those of the ledger in docs/design/ledger.md.
"""

from storage.clock import Clock, SystemClock, iso_from_ns, utc_from_ns
from storage.ids import UlidFactory

__all__ = ["Clock", "SystemClock", "UlidFactory", "iso_from_ns", "utc_from_ns"]

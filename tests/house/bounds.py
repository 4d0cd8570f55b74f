"""Bounds of the product, asserted with room for a slow test machine; what was measured is printed.

`pytest -rP` shows it. Steal is what the host took from this machine meanwhile, load is how many
processes wanted a core in the last minute: with much of either a number says nothing about us.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mingjing.bench.meter import steal_s

# For a machine that runs the rest of the suite, and more, beside this test. `make faults` gives none.
ROOM_S = float(os.environ.get("FAULTS_ROOM_S", "5"))


@contextmanager
def at_most(limit_s: float, what: str) -> Iterator[None]:
    """The block takes no longer than this."""
    began, stolen_s = time.monotonic(), steal_s()
    yield
    told(what, time.monotonic() - began, limit_s, steal_s() - stolen_s)


def told(what: str, taken_s: float, limit_s: float, stolen_s: float = 0.0, *, room: int = 1) -> None:
    """Print what was measured elsewhere, and hold it to its bound. What starts a process may need more room."""
    load = os.getloadavg()[0]
    print(f"{what}: {taken_s:.2f} s of {limit_s:g} s, {stolen_s:.2f} s stolen, load {load:.1f}")  # noqa: T201  for the reader of -rP
    assert taken_s <= limit_s + room * ROOM_S, what

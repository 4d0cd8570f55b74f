"""Bounds of the product, asserted with room for a slow test machine; what was measured is printed and kept.

`pytest -rP` shows it, and `make faults` prints it in one table. Steal is what the host took from this
machine meanwhile, load is how many processes wanted a core in the last minute: with much of either a number says
nothing about us.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mingjing.bench import steal_s

# For a machine that runs the rest of the suite, and more, beside this test. `make faults` gives none.
ROOM_S = float(os.environ.get("FAULTS_ROOM_S", "5"))

# The long form of a fault, by `make faults`; the suite tries the short one.
FULL = os.environ.get("FAULTS_FULL") == "1"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a test measured and, unless it only took note, the bound that it was held to."""

    what: str
    value: float
    limit: float | None = None
    unit: str = "s"
    stolen_s: float = 0.0
    load: float = 0.0

    def __str__(self) -> str:
        bound = "" if self.limit is None else f" of {self.limit:g}"
        return f"{self.what}: {self.value:.2f}{bound} {self.unit}, {self.stolen_s:.2f} s stolen, load {self.load:.1f}"


measured: list[Measurement] = []  # by the test that runs now; the fault report takes it at the test's end


@contextmanager
def at_most(limit_s: float, what: str) -> Iterator[None]:
    """The block takes no longer than this."""
    began, stolen_s = time.monotonic(), steal_s()
    yield
    told(what, time.monotonic() - began, limit_s, steal_s() - stolen_s)


def told(what: str, taken_s: float, limit_s: float, stolen_s: float = 0.0, *, room: int = 1) -> None:
    """Print what was measured elsewhere, and hold it to its bound. What starts a process may need more room."""
    _keep(Measurement(what, taken_s, limit_s, "s", stolen_s, os.getloadavg()[0]))
    assert taken_s <= limit_s + room * ROOM_S, what


def within(what: str, value: float, limit: float, unit: str) -> None:
    """Hold something other than a wait to its bound: no room, for a slow machine does not excuse it."""
    _keep(Measurement(what, value, limit, unit, load=os.getloadavg()[0]))
    assert value <= limit, what


def noted(what: str, value: float, unit: str) -> None:
    """Print a figure that nothing depends on."""
    _keep(Measurement(what, value, None, unit, load=os.getloadavg()[0]))


def _keep(measurement: Measurement) -> None:
    measured.append(measurement)
    print(measurement)  # noqa: T201  for the reader of -rP

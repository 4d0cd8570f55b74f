"""What clients count, by the stamps in the pictures: the same for viewers and for players.

Loss is counted between pictures, and a client to which nothing comes any more is told of by name: a
stream that stands still loses nothing and is never late, and would look best of all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mingjing.bench.conversation import Json
from mingjing.bench.histogram import Histogram

SILENT_AFTER_NS = 1_000_000_000  # without a picture at the end of the measurement; longer than any gate's latency


@dataclass(slots=True)
class Counts:
    """Of all clients of a process together, from `begin` to the end."""

    received: int = 0
    lost: int = 0
    duplicated: int = 0
    damaged: int = 0  # stamps whose CRC is wrong, packets missing by number
    skips: int = 0  # times the server left pictures out for a client, and said so
    refused: int = 0
    closed: int = 0  # by the server
    bytes: int = 0
    latency: Histogram = field(default_factory=Histogram)
    first_picture: Histogram = field(default_factory=Histogram)

    def begin(self) -> None:
        """The warm-up is over: forget it."""
        self.received = self.lost = self.duplicated = self.damaged = self.skips = self.bytes = 0
        self.latency = Histogram()

    def as_json(self, silent: int, own_lag: Histogram) -> Json:
        return {
            "received": self.received,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "damaged": self.damaged,
            "skips": self.skips,
            "refused": self.refused,
            "closed": self.closed,
            "bytes": self.bytes,
            "silent": silent,
            "latency": self.latency.as_json(),
            "first_picture": self.first_picture.as_json(),
            "own_lag": own_lag.as_json(),
        }


class UnitCount:
    """Of one client: which picture came last, and when."""

    __slots__ = ("_counts", "_live_from_ns", "last_n", "last_ns", "opened_ns")

    def __init__(self, counts: Counts, opened_ns: int) -> None:
        self._counts = counts
        self._live_from_ns = 0
        self.opened_ns = opened_ns
        self.last_n = -1
        self.last_ns = opened_ns

    def unit(self, n: int, sent_ns: int, now_ns: int) -> None:
        """A picture has come, whole."""
        counts, last_n = self._counts, self.last_n
        self.last_ns = now_ns
        if last_n < 0:
            counts.first_picture.add(now_ns - self.opened_ns)
            self._live_from_ns = now_ns
        elif n <= last_n:
            counts.duplicated += 1
            return
        else:
            counts.lost += n - last_n - 1
        self.last_n = n
        counts.received += 1
        if sent_ns > self._live_from_ns:  # what the server had kept for newcomers is older than the client, not late
            counts.latency.add(now_ns - sent_ns)


def silent(clients: Iterable[UnitCount], now_ns: int) -> int:
    """How many have waited too long for their next picture."""
    return sum(1 for client in clients if now_ns - client.last_ns > SILENT_AFTER_NS)


def together(answers: Iterable[Json]) -> tuple[dict[str, int], dict[str, Histogram]]:
    """The counts of several processes: the numbers added, the distributions merged."""
    numbers: dict[str, int] = {}
    durations: dict[str, Histogram] = {}
    for answer in answers:
        for name, value in answer.items():
            if isinstance(value, int):
                numbers[name] = numbers.get(name, 0) + value
            else:
                durations.setdefault(name, Histogram()).merge(Histogram.from_json(value))
    return numbers, durations

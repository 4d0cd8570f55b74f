"""What the server says of itself at /metrics: one reading, and what lies between two."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_LINE = re.compile(r"^([a-z_:]+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)
_LAG_BUCKET = re.compile(r'mingjing_loop_lag_seconds_bucket\{le="([^"]+)"\}')
_LAG_MAX = 'mingjing_loop_lag_milliseconds{quantile="1"}'


@dataclass(frozen=True, slots=True)
class Metrics:
    """Values by name; labels are part of the name."""

    values: Mapping[str, float]

    @classmethod
    def parse(cls, text: str) -> "Metrics":
        return cls({name: float(value) for name, value in _LINE.findall(text)})

    def __getitem__(self, name: str) -> float:
        """0 for what is not there: nothing of its kind has happened yet."""
        return self.values.get(name, 0.0)

    def total(self, family: str) -> float:
        """Of all lines of a family, whatever their labels."""
        return sum(value for name, value in self.values.items() if name.partition("{")[0] == family)

    def lag_buckets(self) -> list[tuple[float, float]]:
        """Upper ends in milliseconds, and how many samples since the start are not above each."""
        found = [
            (float(match[1]) * 1_000, count)
            for name, count in self.values.items()
            if (match := _LAG_BUCKET.fullmatch(name)) is not None
        ]
        return sorted(found)


def lag_between(before: Metrics, after: Metrics) -> tuple[float, float]:
    """p99 and maximum of the loop lag in milliseconds, of the time between two readings only.

    The server's own percentiles are of its last minute, with the rush of connecting in it. p99 is
    interpolated within its bucket; the maximum is the server's own, unless the last minute holds a
    greater one from before: then it is the upper end of its bucket. Bounds of gates are ends of
    buckets, so no gate is met by interpolation.
    """
    seen = [
        (end, count - earlier)
        for (end, count), (_, earlier) in zip(after.lag_buckets(), before.lag_buckets(), strict=True)
    ]
    if not seen or not seen[-1][1]:
        return 0.0, 0.0
    total = seen[-1][1]
    highest = next(end for end, count in seen if count == total)
    return round(_interpolated(seen, 0.99 * total), 1), round(min(highest, after[_LAG_MAX]), 1)


def _interpolated(buckets: list[tuple[float, float]], wanted: float) -> float:
    below_ms, below = 0.0, 0.0
    for end_ms, count in buckets:
        if count >= wanted:
            if end_ms == float("inf"):
                break
            return below_ms + (end_ms - below_ms) * (wanted - below) / (count - below)
        below_ms, below = end_ms, count
    return below_ms

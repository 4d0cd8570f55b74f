"""Whether a quantity grows: the median of the slopes between all pairs of samples (Theil and Sen).

A single leap or a garbage collection does not move the median; a leak does. What the slope adds over the
judged time is compared with what counts as flat.

Before that, what is explained by who is connected at the moment is taken off: each viewer has some tasks and a
socket, and twenty of them more at the end than at the beginning are chance, not growth.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

PAIRS_MAX = 500_000  # a thousand samples; of more only every other is taken
JUDGED_MIN_S = 300.0  # in less, caches that fill look like a leak


@dataclass(frozen=True, slots=True)
class Allowance:
    """Growth over the judged time that still is flat: a share of the median, or so much, whichever is more."""

    share: float
    least: float


# Memory: an interpreter's heap breathes by some megabytes with what is connected. Files and tasks: a
# visitor more or less at the end than at the beginning.
ALLOWANCES = {
    "rss_mb": Allowance(0.02, 6.0),
    "open_files": Allowance(0.02, 6.0),
    "threads": Allowance(0.0, 1.0),
    "tasks": Allowance(0.02, 6.0),
}


@dataclass(frozen=True, slots=True)
class Flatness:
    quantity: str
    median: float
    growth: float  # the slope, times the judged time
    growth_an_hour: float
    allowed: float
    judged_s: float

    @property
    def flat(self) -> bool:
        return self.growth <= self.allowed

    @property
    def long_enough(self) -> bool:
        return self.judged_s >= JUDGED_MIN_S


def slope(times_s: Sequence[float], values: Sequence[float]) -> float:
    """A second; 0 for fewer than two samples."""
    step = 1
    while (len(times_s) // step) ** 2 / 2 > PAIRS_MAX:
        step += 1
    points = list(zip(times_s[::step], values[::step], strict=True))
    slopes = [
        (later - earlier) / (at - before)
        for place, (at, later) in enumerate(points)
        for before, earlier in points[:place]
        if at > before
    ]
    return median(slopes) if slopes else 0.0


def unexplained(values: Sequence[float], connected: Sequence[float]) -> list[float]:
    """The values as they would be with as many connected all the time.

    What one more of them costs is learned from changes between neighbouring samples (least squares through
    zero), where a slow growth does not show and so is not explained away.
    """
    pairs = list(zip(values, connected, strict=True))
    changes = [(after[0] - before[0], after[1] - before[1]) for before, after in itertools.pairwise(pairs)]
    weight = sum(change * change for _, change in changes)
    each = sum(value * change for value, change in changes) / weight if weight else 0.0
    usual = median(connected) if connected else 0.0
    return [value - each * (count - usual) for value, count in pairs]


def flatness(quantity: str, times_s: Sequence[float], values: Sequence[float]) -> Flatness:
    """Of the samples after the warm-up; the times in order."""
    judged_s = times_s[-1] - times_s[0] if len(times_s) > 1 else 0.0
    middle = median(values) if values else 0.0
    allowance = ALLOWANCES[quantity]
    a_second = slope(times_s, values)
    return Flatness(
        quantity=quantity,
        median=middle,
        growth=round(a_second * judged_s, 2),
        growth_an_hour=round(a_second * 3_600, 2),
        allowed=round(max(allowance.share * middle, allowance.least), 2),
        judged_s=round(judged_s, 1),
    )

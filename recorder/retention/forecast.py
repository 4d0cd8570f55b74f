"""When the disk will not hold what policies ask for. Pure: what comes in each day, what may go, how much room there is.

What a channel recorded each day of the last week it goes on recording. Until its oldest footage is as old as its policy
lets it become it grows by that; after that as much goes as comes. The first day on which all of it together is more
than there is room for is the day on which the ring would have to delete before its time.

Limits: what else grows on the disk is not foreseen, nor are new devices, and a channel is taken to have recorded in the
past as it does now.
"""

from collections.abc import Sequence
from dataclasses import dataclass

HORIZON_DAYS = 730
CURVE_POINTS = 61


@dataclass(frozen=True, slots=True)
class Flow:
    """A channel: bytes a day, and for how many days more it grows."""

    bytes_a_day: float
    grows_days: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`days_left` None: not within two years. `curve` is (days from now, bytes stored)."""

    bytes_a_day: float
    stored_bytes: int
    capacity_bytes: int
    asked_bytes: float  # stored in the end, if there is room
    days_left: float | None
    curve: tuple[tuple[float, float], ...]


def forecast(flows: Sequence[Flow], stored_bytes: int, capacity_bytes: int) -> Forecast:
    """`capacity_bytes`: what the archive may take before the ring deletes for room."""
    asked = _stored(flows, stored_bytes, float("inf"))
    days = _days_left(flows, stored_bytes, capacity_bytes)
    shown = min(HORIZON_DAYS, max(30.0, *(2 * flow.grows_days for flow in flows), 0.0)) if flows else 30.0
    steps = [shown * at / (CURVE_POINTS - 1) for at in range(CURVE_POINTS)]
    return Forecast(
        bytes_a_day=sum(flow.bytes_a_day for flow in flows),
        stored_bytes=stored_bytes,
        capacity_bytes=capacity_bytes,
        asked_bytes=asked,
        days_left=days,
        curve=tuple((day, _stored(flows, stored_bytes, day)) for day in steps),
    )


def _stored(flows: Sequence[Flow], stored_bytes: int, days: float) -> float:
    return stored_bytes + sum(flow.bytes_a_day * min(days, max(0.0, flow.grows_days)) for flow in flows)


def _days_left(flows: Sequence[Flow], stored_bytes: int, capacity_bytes: int) -> float | None:
    """It grows by straight lines from one channel's end of growth to the next."""
    if stored_bytes > capacity_bytes:
        return 0.0
    before = 0.0
    for end in sorted({max(0.0, flow.grows_days) for flow in flows}):
        at_start, at_end = _stored(flows, stored_bytes, before), _stored(flows, stored_bytes, end)
        if at_end > capacity_bytes:
            left = before + (end - before) * (capacity_bytes - at_start) / (at_end - at_start)
            return left if left <= HORIZON_DAYS else None
        before = end
    return None

"""How far around a case footage may be looked for by whoever reviews it. Pure.

From before its first known time to after its last one: a stage is written down by the minute, begins on the way there,
and ends when somebody gets round to saying so. A case of which no time is known is as old as its entry here.
Not here: whose devices these are, clips, and who reviews (viewer.case_at_hand).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from supervision.cases.case import MS_NS, Case, Status

HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class Margins:
    """What is added in front of a case and behind it. A day: whoever enters a time may mistake the day's half, and a
    shift that began before midnight is one shift."""

    before_ns: int = 24 * HOUR_NS
    after_ns: int = 24 * HOUR_NS

    @classmethod
    def of_hours(cls, before: float, after: float) -> "Margins":
        return cls(round(before * HOUR_NS), round(after * HOUR_NS))


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Half open, nanoseconds of UTC."""

    start_utc_ns: int
    end_utc_ns: int


def window_of(case: Case, margins: Margins) -> TimeSpan | None:
    """None: it is closed. Nothing can be tagged to it then, so there is nothing to look for; its clips stay."""
    if case.status is Status.CLOSED:
        return None
    return TimeSpan(case.begun_utc_ns - margins.before_ns, case.latest_utc_ns + margins.after_ns)


def covers(spans: Iterable[TimeSpan], wanted: TimeSpan) -> bool:
    """Whether these together have all of it, by the millisecond, as times are told."""
    reached = wanted.start_utc_ns
    for span in sorted(spans, key=lambda one: one.start_utc_ns):
        if span.start_utc_ns // MS_NS <= reached // MS_NS:
            reached = max(reached, span.end_utc_ns)
    return reached >= wanted.end_utc_ns

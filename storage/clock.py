"""The two clocks, and nothing that mixes them.

Wall time labels and proves; monotonic time measures and limits. Both are handed in, so that a
test owns time.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

DAY_NS = 86_400_000_000_000  # UTC has no leap seconds here: a day of the store is 86,400 of Unix time


class Clock(Protocol):
    def utc_ns(self) -> int:
        """Nanoseconds since 1970 UTC: labels and evidence."""

    def mono_ns(self) -> int:
        """Monotonic nanoseconds: durations and deadlines."""


class SystemClock:
    def utc_ns(self) -> int:
        return time.time_ns()

    def mono_ns(self) -> int:
        return time.monotonic_ns()


def utc_from_ns(utc_ns: int) -> datetime:
    """The aware datetime of a UTC nanosecond count, to the microsecond below."""
    seconds, nanoseconds = divmod(utc_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1_000)


def iso_from_ns(utc_ns: int) -> str:
    """ISO 8601 in UTC with milliseconds and a Z, as every interface of ours writes it."""
    seconds, nanoseconds = divmod(utc_ns, 1_000_000_000)  # by hand: a page of recordings has six hundred of them
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{nanoseconds // 1_000_000:03d}Z"

"""The interval of a question about recordings: from before to, and no longer than a month."""

from datetime import datetime

from viewer.api.times import ns_from
from viewer.problems import INVALID, Problem

INTERVAL_MAX_S = 31 * 24 * 3600  # a month at five minutes a segment is some 9,000 rows of one channel


def interval_of(from_: datetime, to: datetime) -> tuple[int, int]:
    """Both ends in nanoseconds of UTC.

    Raises:
        Problem: it cannot be.
    """
    start_utc_ns, end_utc_ns = ns_from(from_), ns_from(to)
    if not 0 < end_utc_ns - start_utc_ns <= INTERVAL_MAX_S * 1_000_000_000:
        raise Problem(INVALID, "This interval cannot be.", field="to", fix="Ask for at most 31 days, from before to.")
    return start_utc_ns, end_utc_ns

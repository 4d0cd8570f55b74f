"""Times in answers and queries: ISO 8601, UTC, milliseconds."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from storage import iso_from_ns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_or_none(utc_ns: int | None) -> str | None:
    return None if utc_ns is None else iso_from_ns(utc_ns)


def ns_from(moment: datetime) -> int:
    """UTC nanoseconds, exact to the microsecond."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


def _sane(moment: datetime) -> datetime:
    """Within what a 64-bit count of nanoseconds holds."""
    if not 1970 <= moment.year <= 2200:
        raise ValueError("use a year from 1970 to 2200")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]

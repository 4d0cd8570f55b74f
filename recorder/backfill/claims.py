"""When a file may have begun, by what it, its name and its sender say: many answers, and none is believed alone. Pure.

A clock claim is by the device's own clock, and may be wrong by as much as that is: its error is looked up in the
journal (matching). Recorders write local time where UTC belongs, and the end where the start does: the search allows
for both.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from storage import BORN_UTC_NS

BEIJING_NS = 8 * 3_600 * 1_000_000_000  # the one zone of the country that these recorders are made for
AHEAD_MAX_NS = 25 * 3_600 * 1_000_000_000  # of the time of receipt: a clock that is a day and a zone ahead

_STAMP = re.compile(r"(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])[ T_-]?([0-2][0-9])[-:]?([0-5][0-9])[-:]?([0-5][0-9])")


def named_utc_ns(name: str) -> int | None:
    """The moment that the digits of a file name say, as Beijing time; None where there are no such digits."""
    found = _STAMP.search(name)
    if found is None:
        return None
    year, month, day, hours, minutes, seconds = map(int, found.groups())
    try:
        moment = datetime(year, month, day, hours, minutes, seconds, tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1_000_000_000 - BEIJING_NS


def clock_claims(claimed_utc_ns: int, created_utc_ns: int, name: str, received_utc_ns: int) -> list[int]:
    """Starts by the device's clock, the likeliest first."""
    named = named_utc_ns(name)
    wanted = (claimed_utc_ns, created_utc_ns, 0 if named is None else named)
    return list(_sane(wanted, received_utc_ns))


def search_claims(clock: Iterable[int], duration_ns: int, received_utc_ns: int) -> list[int]:
    """Starts around which it is worth while to search, the likeliest first."""
    wanted: list[int] = []
    for claim in clock:
        wanted += [claim, claim - BEIJING_NS, claim + BEIJING_NS]
    wanted.append(received_utc_ns - duration_ns)  # most are sent when the shift is over
    return list(dict.fromkeys(_sane(wanted, received_utc_ns)))


def _sane(claims: Iterable[int], received_utc_ns: int) -> Iterable[int]:
    return (claim for claim in claims if BORN_UTC_NS <= claim <= received_utc_ns + AHEAD_MAX_NS)

"""Why footage is kept and until when: facts in, reasons out, the longest wins. Pure: no clock, no database.

    policy    how old untagged footage of its unit becomes
    minimum   the least that not even a full disk may undercut
    clip      somebody cut it out; hold: somebody froze it. Until two people say otherwise
    remorse   they have said so, and seven days are not over
    case      the file of a case that it is or was tagged to has to be kept
    dispute   it is contested and not decided. Nobody raises disputes yet: the place is kept
    export    it is being written into a bundle

The minimum is below the policy and so never the one that wins; it says what a full disk leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from recorder.kept import Keeping, KeepingKind
from recorder.retention.policy import FOR_EVER, Tagged
from storage import utc_from_ns


class Category(StrEnum):
    UNTAGGED = "untagged"
    TAGGED = "tagged"
    DISPUTED = "disputed"  # until it is decided, then as the case


class Why(StrEnum):
    POLICY = "policy"
    MINIMUM = "minimum"
    CLIP = "clip"
    HOLD = "hold"
    REMORSE = "remorse"
    CASE = "case"
    DISPUTE = "dispute"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Of a case: whose it is, and when it ended; None: it goes on."""

    unit: str
    ended_utc_ns: int | None


@dataclass(frozen=True, slots=True)
class KeptFor:
    """A clip or hold that points at the footage, with the case it is tagged to and how long that is kept."""

    keeping: Keeping
    case: CaseFile | None = None  # None: tagged to none, or nobody knows it
    tagged: Tagged = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one segment."""

    end_utc_ns: int
    untagged_ns: int
    minimum_ns: int
    unit: str  # whose policy it is; empty: the settings
    kept: Sequence[KeptFor] = ()
    disputed: bool = False
    exported: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """`until_utc_ns` None: not to be foreseen. `id`, `case` and `note` are those of a clip or hold."""

    why: Why
    until_utc_ns: int | None
    unit: str = ""
    id: str = ""
    case: str = ""
    note: str = ""


def category(facts: Facts) -> Category:
    if facts.disputed:
        return Category.DISPUTED
    return Category.TAGGED if any(one.keeping.case for one in facts.kept) else Category.UNTAGGED


def reasons(facts: Facts, utc_ns: int) -> list[Reason]:
    """All that keep it at this time, and the policy, also when its time is over."""
    end_ns = facts.end_utc_ns
    found = [Reason(Why.POLICY, end_ns + facts.untagged_ns, unit=facts.unit)]
    minimum = Reason(Why.MINIMUM, end_ns + min(facts.minimum_ns, facts.untagged_ns))
    if minimum.until_utc_ns is not None and minimum.until_utc_ns > utc_ns:
        found.append(minimum)
    for one in facts.kept:
        found += _of_keeping(one, utc_ns)
    if facts.disputed:
        found.append(Reason(Why.DISPUTE, None))
    if facts.exported:
        found.append(Reason(Why.EXPORT, None))
    return found


def winner(found: Sequence[Reason]) -> int:
    """The place of the one that keeps it longest; of equals the first."""
    return max(range(len(found)), key=lambda at: (found[at].until_utc_ns is None, found[at].until_utc_ns or 0, -at))


def free_from(found: Sequence[Reason]) -> int | None:
    """None: not to be foreseen."""
    return found[winner(found)].until_utc_ns


def case_until(case: CaseFile | None, tagged: Tagged) -> int | None:
    """Until when the file of a case has to be kept; None: not to be foreseen, 0: no policy says anything of it.

    A case that nobody knows any more is one that goes on: too much is kept, never too little.
    """
    if tagged is None:
        return 0
    if case is None or case.ended_utc_ns is None or tagged == FOR_EVER:
        return None
    return _years_later(case.ended_utc_ns, int(tagged))


def _of_keeping(one: KeptFor, utc_ns: int) -> list[Reason]:
    keeping = one.keeping
    found: list[Reason] = []
    if keeping.stands(utc_ns):
        kind = Why.CLIP if keeping.kind is KeepingKind.CLIP else Why.HOLD
        why = kind if keeping.free_utc_ns is None else Why.REMORSE
        found.append(Reason(why, keeping.free_utc_ns, "", keeping.id, keeping.case, keeping.note))
    if keeping.case:
        until_ns = case_until(one.case, one.tagged)
        if until_ns is None or until_ns > utc_ns:
            found.append(Reason(Why.CASE, until_ns, one.case.unit if one.case else "", keeping.id, keeping.case))
    return found


def _years_later(utc_ns: int, years: int) -> int:
    """By the calendar, in UTC; the 29th of February becomes the 1st of March where there is none."""
    moment = utc_from_ns(utc_ns)
    try:
        later = moment.replace(year=moment.year + years)
    except ValueError:
        later = (moment + timedelta(days=1)).replace(year=moment.year + years)
    return utc_ns + round((later - moment) / timedelta(microseconds=1)) * 1_000

"""What is decided of how long footage stays, of one unit: values, and their form in ledger and rows.

A unit without a word of its own does as the unit above it; at the top the house decides (`HOUSE`), and where that says
nothing, the settings.

A change keeps what was before for seven days where that was longer (`Earlier`): who shortens a policy by mistake, or
whose password was stolen, has deleted nothing by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from storage import DAY_NS
from storage.ledger import JsonValue

HOUSE = "_house"  # no unit can have this id
FOR_EVER: Final = "for_ever"
UNTAGGED_DAYS_MIN = 30  # the law's least (docs/design/retention.md)
UNTAGGED_DAYS_MAX = 36_500
TAGGED_YEARS_MAX = 100
REMORSE_NS = 7 * DAY_NS  # as long as a removal leaves

# Years from the end of the case. None: as the unit above; at the top until two people agree on its removal, no longer.
Tagged: TypeAlias = int | Literal["for_ever"] | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What held before, in full; it counts where it is longer."""

    untagged_ns: int
    tagged: Tagged
    until_utc_ns: int


@dataclass(frozen=True, slots=True)
class Policy:
    """`untagged_days` and `tagged` None: as the unit above says."""

    unit: str
    untagged_days: int | None
    tagged: Tagged
    note: str
    changed_by: str
    changed_utc_ns: int
    version: int
    earlier: Earlier | None = None

    def detail(self) -> dict[str, JsonValue]:
        """All of it but the unit, which is the entry's subject."""
        earlier = self.earlier
        return {
            "untagged_days": self.untagged_days,
            "tagged": self.tagged,
            "note": self.note,
            "changed_by": self.changed_by,
            "changed_ns": self.changed_utc_ns,
            "version": self.version,
            "earlier": None
            if earlier is None
            else {"untagged_ns": earlier.untagged_ns, "tagged": earlier.tagged, "until_ns": earlier.until_utc_ns},
        }

    @classmethod
    def from_detail(cls, unit: str, detail: Mapping[str, JsonValue]) -> "Policy":
        """Raises KeyError, TypeError: these are not the words of one."""
        days, earlier = detail["untagged_days"], detail["earlier"]
        return cls(
            unit=unit,
            untagged_days=None if days is None else _number(days),
            tagged=_tagged(detail["tagged"]),
            note=_text(detail["note"]),
            changed_by=_text(detail["changed_by"]),
            changed_utc_ns=_number(detail["changed_ns"]),
            version=_number(detail["version"]),
            earlier=None if earlier is None else _earlier(earlier),
        )


def longer(one: Tagged, other: Tagged) -> Tagged:
    if FOR_EVER in (one, other):
        return FOR_EVER
    if one is None or other is None:
        return other if one is None else one
    return max(one, other, key=int)


def _earlier(value: JsonValue) -> Earlier:
    if not isinstance(value, Mapping):
        raise TypeError("earlier is not an object")
    return Earlier(_number(value["untagged_ns"]), _tagged(value["tagged"]), _number(value["until_ns"]))


def _tagged(value: JsonValue) -> Tagged:
    if value is None:
        return None
    return FOR_EVER if value == FOR_EVER else _number(value)


def _number(value: JsonValue) -> int:
    if type(value) is not int:
        raise TypeError("not a number")
    return value


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value

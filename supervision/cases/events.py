"""News of cases on the bus. Who hears them reads the case for the truth; nothing personal is in them."""

from dataclasses import dataclass
from enum import StrEnum


class CaseChange(StrEnum):
    CREATED = "created"
    EDITED = "edited"
    CLOSED = "closed"
    REOPENED = "reopened"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class CaseChanged:
    """`case_id` is empty where an import put many cases into the unit at once. `unit_before` differs when it moved.

    `version` is the one that the change made: who made it knows it, and is told no news.
    """

    case_id: str
    change: CaseChange
    unit: str
    unit_before: str
    version: int = 0

"""A case as this room knows it: immutable; a change makes a new one.

Times are UTC in nanoseconds, whole milliseconds: what an entry of the ledger says of a case is exactly the case.
Not here: what a value may be (words), which stages a procedure wants (stages).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as kept
from enum import StrEnum

MS_NS = 1_000_000


class Field(StrEnum):
    """The five fields of the plan (S4 in the requirements)."""

    MARKET_REGULATION = "market_regulation"
    ECOLOGY = "ecology"
    CITY_MANAGEMENT = "city_management"
    TRANSPORT = "transport"
    EMERGENCY = "emergency"


class Procedure(StrEnum):
    SUMMARY = "summary"
    ORDINARY = "ordinary"


class Stage(StrEnum):
    """In the order in which they come; the names of the Administrative Penalty Law, article 47."""

    START = "start"  # 启动, 立案
    INVESTIGATION = "investigation"  # 调查取证
    REVIEW = "review"  # 审核
    DECISION = "decision"  # 决定
    SERVICE = "service"  # 送达
    ENFORCEMENT = "enforcement"  # 执行


class Status(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Either may be unknown."""

    begin_utc_ns: int | None = None
    end_utc_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Officer:
    """As given: the certificate number may belong to nobody whom this server knows."""

    certificate_no: str
    name: str


@dataclass(frozen=True, slots=True)
class External:
    """The case in another system. Both are free text; one pair is one case."""

    system: str
    id: str


@dataclass(frozen=True, slots=True)
class CaseFields:
    """What people say of a case. `party` is personal data: never in a log, a metric or an event."""

    unit: str
    case_no: str
    cause: str
    field: Field
    procedure: Procedure
    officers: tuple[Officer, ...] = ()
    party: str = kept(default="", repr=False)
    stages: Mapping[Stage, StageTimes] = kept(default_factory=dict)  # only those of which a time is known
    external: External | None = None
    note: str = kept(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    fields: CaseFields
    status: Status
    created_utc_ns: int
    version: int
    import_digest: str = ""  # of the file it came from (imports.Preview)

    @property
    def begun_utc_ns(self) -> int:
        """The earliest time that is known of it; else when it was entered here."""
        return min(self._known_times(), default=self.created_utc_ns)

    @property
    def latest_utc_ns(self) -> int:
        """The latest time that is known of it; else when it was entered here."""
        return max(self._known_times(), default=self.created_utc_ns)

    def _known_times(self) -> list[int]:
        every = self.fields.stages.values()
        return [it for times in every for it in (times.begin_utc_ns, times.end_utc_ns) if it is not None]


def whole_ms(utc_ns: int) -> int:
    return utc_ns // MS_NS * MS_NS

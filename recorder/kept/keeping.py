"""One decision to keep footage: what it points at, why, and how it ends. Values, and their form in ledger and rows.

Limits: `REFERENCES_MAX` streams in one; its entry has to fit into a line of the ledger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from media import Reference
from storage.ledger import JsonValue

REFERENCES_MAX = 500  # of 70 bytes: half of what a ledger line takes; a day of a device that comes back each 3 minutes
REMORSE_NS = 7 * 24 * 3_600 * 1_000_000_000  # between the second person's word and the end


class KeepingKind(StrEnum):
    """The nouns of ledger entries."""

    CLIP = "clip"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Passage:
    """An interval of a channel in placed time, and what there was of it when somebody pointed at it.

    `unit` is that of the device at the time: who may see it when the device is there no more.
    """

    device: str
    channel: str
    unit: str
    start_utc_ns: int
    end_utc_ns: int
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """The way to its end. `agreed_by` is empty and `free_utc_ns` 0 until a second person has agreed."""

    asked_by: str
    asked_utc_ns: int
    reason: str
    agreed_by: str = ""
    free_utc_ns: int = 0


@dataclass(frozen=True, slots=True)
class Keeping:
    """A clip or a hold. `case` is the id of a case or empty; `note` says why."""

    id: str
    kind: KeepingKind
    passage: Passage
    case: str
    stage: str
    note: str
    created_by: str
    created_utc_ns: int
    version: int
    removal: Removal | None = None

    @property
    def free_utc_ns(self) -> int | None:
        """From when its footage is free; None: not to be foreseen."""
        return self.removal.free_utc_ns if self.removal is not None and self.removal.free_utc_ns else None

    def stands(self, utc_ns: int) -> bool:
        """Whether it keeps its footage at this time."""
        return self.free_utc_ns is None or utc_ns < self.free_utc_ns

    def detail(self) -> dict[str, JsonValue]:
        """All of it but the id, which is the entry's subject."""
        passage, removal = self.passage, self.removal
        return {
            "device": passage.device,
            "channel": passage.channel,
            "unit": passage.unit,
            "start_ns": passage.start_utc_ns,
            "end_ns": passage.end_utc_ns,
            "references": [[one.stream, one.first_sequence, one.last_sequence] for one in passage.references],
            "case": self.case,
            "stage": self.stage,
            "note": self.note,
            "created_by": self.created_by,
            "created_ns": self.created_utc_ns,
            "version": self.version,
            "removal": None
            if removal is None
            else {
                "asked_by": removal.asked_by,
                "asked_ns": removal.asked_utc_ns,
                "reason": removal.reason,
                "agreed_by": removal.agreed_by,
                "free_ns": removal.free_utc_ns,
            },
        }

    @classmethod
    def from_detail(cls, kind: KeepingKind, keeping_id: str, detail: Mapping[str, JsonValue]) -> "Keeping":
        """Raises KeyError, TypeError, ValueError: these are not the words of one."""
        removal = detail["removal"]
        return cls(
            id=keeping_id,
            kind=kind,
            passage=Passage(
                device=_text(detail, "device"),
                channel=_text(detail, "channel"),
                unit=_text(detail, "unit"),
                start_utc_ns=_number(detail, "start_ns"),
                end_utc_ns=_number(detail, "end_ns"),
                references=_references(detail["references"]),
            ),
            case=_text(detail, "case"),
            stage=_text(detail, "stage"),
            note=_text(detail, "note"),
            created_by=_text(detail, "created_by"),
            created_utc_ns=_number(detail, "created_ns"),
            version=_number(detail, "version"),
            removal=None if removal is None else _removal(removal),
        )


def _text(detail: Mapping[str, JsonValue], key: str) -> str:
    value = detail[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value


def _number(detail: Mapping[str, JsonValue], key: str) -> int:
    value = detail[key]
    if not isinstance(value, int):
        raise TypeError(f"{key} is not a number")
    return value


def _references(value: JsonValue) -> tuple[Reference, ...]:
    if not isinstance(value, list):
        raise TypeError("references is not a list")
    return tuple(Reference(str(stream), int(first), int(last)) for stream, first, last in value)


def _removal(value: JsonValue) -> Removal:
    if not isinstance(value, Mapping):
        raise TypeError("removal is not an object")
    return Removal(
        asked_by=_text(value, "asked_by"),
        asked_utc_ns=_number(value, "asked_ns"),
        reason=_text(value, "reason"),
        agreed_by=_text(value, "agreed_by"),
        free_utc_ns=_number(value, "free_ns"),
    )

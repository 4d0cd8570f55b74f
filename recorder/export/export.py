"""One export: which footage is handed out, why, for whom, and how far it is. Values, and their form in ledger and rows.

The entry that creates one says all of it; each later one what changed. Laid over each other in their order they are the
export again. Not here: how a bundle is made (making), when (exports).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from media import Reference
from recorder.kept import Passage
from storage.ledger import JsonValue

NS_PER_S = 1_000_000_000


class ExportState(StrEnum):
    WAITING = "waiting"  # for a second person, or for its turn
    RUNNING = "running"  # told of the one that is being made; never kept, for a start begins it anew
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def pins(self) -> bool:
        """Whether the footage that it names must stay for its sake."""
        return self in (ExportState.WAITING, ExportState.RUNNING)


class MassReason(StrEnum):
    """Why one person alone may not hand this out."""

    CLIPS = "clips"
    HOURS = "hours"
    BYTES = "bytes"


class Phase(StrEnum):
    """What is being done about the one that runs, in this order."""

    SIGNING = "signing"  # a head over all that was recorded and written so far
    GATHERING = "gathering"  # original footage, journals, proofs
    PLAYABLE = "playable"  # files that anybody can open
    COPYING = "copying"  # pictures with words burnt in
    CUSTODY = "custody"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One passage. `clip` and `stage` are those of the clip it comes from; empty for a bare interval."""

    passage: Passage
    clip: str = ""
    stage: str = ""

    def detail(self) -> dict[str, JsonValue]:
        passage = self.passage
        return {
            "clip": self.clip,
            "stage": self.stage,
            "device": passage.device,
            "channel": passage.channel,
            "unit": passage.unit,
            "start_ns": passage.start_utc_ns,
            "end_ns": passage.end_utc_ns,
            "references": [[one.stream, one.first_sequence, one.last_sequence] for one in passage.references],
        }

    @classmethod
    def from_detail(cls, value: Mapping[str, Any]) -> "ExportItem":
        """Raises KeyError, TypeError, ValueError: these are not the words of one."""
        references = tuple(Reference(str(stream), int(first), int(last)) for stream, first, last in value["references"])
        return cls(
            passage=Passage(
                device=str(value["device"]),
                channel=str(value["channel"]),
                unit=str(value["unit"]),
                start_utc_ns=int(value["start_ns"]),
                end_utc_ns=int(value["end_ns"]),
                references=references,
            ),
            clip=str(value["clip"]),
            stage=str(value["stage"]),
        )


@dataclass(frozen=True, slots=True)
class Export:
    """`case` is the id of a case, or empty. `mass` says why a second person has to agree; empty: nobody has to."""

    id: str
    items: tuple[ExportItem, ...]
    case: str
    case_no: str
    reason: str
    copies: bool  # with words burnt into the pictures, beside the untouched ones
    created_by: str
    created_utc_ns: int
    estimate_bytes: int
    mass: tuple[MassReason, ...]
    key: str  # by which whoever ordered it knows it again
    order: str  # SHA-256 of what was ordered under that key
    version: int
    state: ExportState = ExportState.WAITING
    agreed_by: str = ""
    agreed_utc_ns: int = 0
    ended_by: str = ""  # who cancelled it
    sha256: str = ""
    size_bytes: int = 0
    ready_utc_ns: int = 0
    free_utc_ns: int = 0  # from when the bundle goes
    failure: str = ""
    fix: str = ""

    @property
    def seconds(self) -> int:
        return sum(one.passage.end_utc_ns - one.passage.start_utc_ns for one in self.items) // NS_PER_S

    @property
    def waits_for_agreement(self) -> bool:
        return self.state is ExportState.WAITING and bool(self.mass) and not self.agreed_by

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(reference for one in self.items for reference in one.passage.references)

    def detail(self) -> dict[str, JsonValue]:
        """All of it but the id, which is the entry's subject."""
        told: dict[str, JsonValue] = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in ("id", "items", "mass")
        }
        told["state"] = self.state.value
        told["mass"] = [one.value for one in self.mass]
        told["items"] = [one.detail() for one in self.items]
        told["clips"] = [one.clip for one in self.items if one.clip]
        return told

    def changes_from(self, before: "Export") -> dict[str, JsonValue]:
        """What an entry says of a change."""
        old, new = before.detail(), self.detail()
        return {name: value for name, value in new.items() if old[name] != value}

    @classmethod
    def from_detail(cls, export_id: str, detail: Mapping[str, Any]) -> "Export":
        """Raises KeyError, TypeError, ValueError: these are not the words of one."""
        if not isinstance(detail["items"], list):
            raise TypeError("items is not a list")
        plain = {
            field.name: _typed(field.name, detail[field.name])
            for field in fields(cls)
            if field.name not in ("id", "items", "mass", "state")
        }
        return cls(
            id=export_id,
            items=tuple(ExportItem.from_detail(one) for one in detail["items"]),
            mass=tuple(MassReason(one) for one in detail["mass"]),
            state=ExportState(detail["state"]),
            **plain,
        )


def next_version(export: Export, **changes: Any) -> Export:
    return replace(export, version=export.version + 1, **changes)


_NUMBERS = frozenset(name.name for name in fields(Export) if name.type is int)


def _typed(name: str, value: object) -> Any:
    wanted = bool if name == "copies" else int if name in _NUMBERS else str
    if type(value) is not wanted:
        raise TypeError(f"{name} is not a {wanted.__name__}")
    return value

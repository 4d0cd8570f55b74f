"""The custody record: what is handed out, how it came about, what is missing in it, who touched it. Values, and JSON.

`custody.json` is canonical: the same facts are the same bytes. The entries that it names go beside it as they stand in
the ledger, with the proofs that lead from each to a signed head; who reads only the record trusts this server, who
follows these does not have to. The same facts as a document: custody_pdf.

Not here: where the facts come from (making). Format: docs/reference/custody.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from media import GapCause
from recorder.export.evidence import Lack
from recorder.export.export import Export, ExportItem
from recorder.footage import GapFact
from storage import iso_from_ns
from storage.heads import LeafProof
from storage.ledger import Entry, JsonValue, json_text

FORMAT = "mingjing custody v1"
GAPS_MAX = 200  # of one passage; how many more there are is said


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file of the bundle whose digest is known before the bundle is written."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The device's own clock less placed time, over the passage; how often it was told."""

    least_ms: int
    greatest_ms: int
    told: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands, in words: as the registry had it when the package was made."""

    device_name: str
    model: str
    checkpoint: str
    unit: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Without the party: whoever gets the package knows it, and whoever finds it need not."""

    id: str
    case_no: str
    cause: str
    unit: str
    officers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HandedItem:
    """`number` is that of its folder in the bundle. `note` is what the clip's author wrote of it."""

    number: int
    item: ExportItem
    note: str
    place: Place
    files: tuple[HandedFile, ...]
    gaps: tuple[GapFact, ...]
    lacks: tuple[Lack, ...]  # what was recorded, and is not in the bundle or not proven
    clock: ClockOffset | None


@dataclass(frozen=True, slots=True)
class Maker:
    """The server: its node, its program, and the key of its heads."""

    node: str
    version: str
    key: str


@dataclass(frozen=True, slots=True)
class Custody:
    export: Export
    case: CaseFacts | None
    items: tuple[HandedItem, ...]
    made_utc_ns: int
    maker: Maker
    entries: tuple[Entry, ...]
    left_out: int


def custody_json(custody: Custody) -> bytes:
    """The record, canonical."""
    export, case, maker = custody.export, custody.case, custody.maker
    told: dict[str, JsonValue] = {
        "format": FORMAT,
        "made": {
            "at": iso_from_ns(custody.made_utc_ns),
            "node": maker.node,
            "program": f"mingjing {maker.version}",
            "key": maker.key,
            "extraction": "original fragments copied from the store byte for byte; digests computed at recording",
        },
        "export": {
            "id": export.id,
            "reason": export.reason,
            "ordered_by": export.created_by,
            "ordered_at": iso_from_ns(export.created_utc_ns),
            "agreed_by": export.agreed_by or None,
            "agreed_at": iso_from_ns(export.agreed_utc_ns) if export.agreed_by else None,
            "copies": export.copies,
        },
        "case": None
        if case is None
        else {
            "id": case.id,
            "case_no": case.case_no,
            "cause": case.cause,
            "unit": case.unit,
            "officers": list(case.officers),
        },
        "items": [_item(one) for one in custody.items],
        "entries": [_entry(one) for one in custody.entries],
        "entries_left_out": custody.left_out,
    }
    return json_text(told).encode()


def entry_proof_lines(numbers: Sequence[int], proofs: Mapping[int, LeafProof]) -> bytes:
    """A line for each entry, in the order of `entries.jsonl`: where its leaf stands and how it leads to a head."""
    return b"".join(_proof_line(n, proofs[n]) for n in numbers)


def head_lines(proofs: Mapping[int, LeafProof]) -> bytes:
    """The heads that the proofs name, each once, in order."""
    heads = {proof.head.number: proof.head for proof in proofs.values()}
    return b"".join(heads[number].line() + b"\n" for number in sorted(heads))


def clock_offset(ahead_ns: Sequence[int]) -> ClockOffset | None:
    """None: the device never told its clock."""
    if not ahead_ns:
        return None
    return ClockOffset(round(min(ahead_ns) / 1e6), round(max(ahead_ns) / 1e6), len(ahead_ns))


def cause_word(cause: GapCause) -> str:
    return cause.name.lower()


def _item(handed: HandedItem) -> dict[str, JsonValue]:
    passage, place, clock = handed.item.passage, handed.place, handed.clock
    return {
        "number": handed.number,
        "clip": handed.item.clip or None,
        "stage": handed.item.stage or None,
        "note": handed.note,
        "device": passage.device,
        "device_name": place.device_name,
        "model": place.model,
        "channel": passage.channel,
        "checkpoint": place.checkpoint,
        "unit": place.unit,
        "from": iso_from_ns(passage.start_utc_ns),
        "to": iso_from_ns(passage.end_utc_ns),
        "references": [[one.stream, one.first_sequence, one.last_sequence] for one in passage.references],
        "files": [{"name": one.name, "size": one.size_bytes, "sha256": one.sha256} for one in handed.files],
        "gaps": [_gap(one) for one in handed.gaps[:GAPS_MAX]],
        "gaps_left_out": max(0, len(handed.gaps) - GAPS_MAX),
        "lacks": [_lack(one) for one in handed.lacks],
        "clock": None
        if clock is None
        else {"least_ms": clock.least_ms, "greatest_ms": clock.greatest_ms, "told": clock.told},
    }


def _gap(gap: GapFact) -> dict[str, JsonValue]:
    return {
        "cause": cause_word(gap.cause),
        "from": iso_from_ns(gap.start_utc_ns),
        "to": iso_from_ns(gap.end_utc_ns),
        "track": gap.track_id,
        "lost_packets": gap.lost_packets,
    }


def _lack(lack: Lack) -> dict[str, JsonValue]:
    return {
        "why": lack.why,
        "stream": lack.stream,
        "from": iso_from_ns(lack.from_utc_ns),
        "to": iso_from_ns(lack.to_utc_ns),
    }


def _entry(entry: Entry) -> dict[str, JsonValue]:
    return {
        "n": entry.n,
        "at": iso_from_ns(entry.utc_ns),
        "principal": entry.principal,
        "action": entry.action,
        "subject": entry.subject,
    }


def _proof_line(n: int, proof: LeafProof) -> bytes:
    told: dict[str, JsonValue] = {
        "n": n,
        "leaf": proof.line.decode(),
        "index": proof.index,
        "proof": [node.hex() for node in proof.proof],
        "head": proof.head.number,
    }
    return json_text(told).encode() + b"\n"

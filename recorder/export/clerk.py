"""The clerk of an export: gathers what the custody record says, from rows, journals and ledger, and makes its files.

Not here: the record's form (custody, custody_pdf), which entries belong to it (touching).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.export.custody import (
    CaseFacts,
    ClockOffset,
    Custody,
    HandedFile,
    HandedItem,
    Maker,
    Place,
    clock_offset,
    custody_json,
    entry_proof_lines,
    head_lines,
)
from recorder.export.custody_pdf import custody_pdf
from recorder.export.evidence import Evidence
from recorder.export.export import Export, ExportItem
from recorder.export.part import Part
from recorder.export.running import ExportFailed
from recorder.export.touching import CLIP_KEPT, ORDERED, touching
from recorder.footage import Footage
from recorder.groups import GroupShelf
from recorder.kept import KeepingKind, Kept, Passage
from recorder.notary import Notary
from recorder.passages import Recordings
from storage import Clock, SegmentUnreadableError
from storage.database import Database
from storage.heads import NoProof, prove_entries
from storage.ledger import Entry, JsonValue, Ledger, raw_lines
from workers import SoundWorkers

CUSTODY_ROLE = "custody"


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a bundle is made of, and whom to ask for the words in it."""

    notary: Notary
    recordings: Recordings
    media: Path
    groups: GroupShelf
    ledger: Ledger
    ledger_dir: Path
    database: Database
    kept: Kept
    workers: SoundWorkers
    clock: Clock
    node: str
    version: str
    place_of: Callable[[Passage], Place]
    case_of: Callable[[str], Awaitable[CaseFacts | None]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The original footage of one item."""

    number: int
    item: ExportItem
    evidence: Evidence


async def custody_parts(rooms: Rooms, export: Export, key: str, evidence: Sequence[Gathered]) -> list[Part]:
    """The files of custody/.

    Raises:
        ExportFailed: an entry has no way to a head.
    """
    return await _files(rooms, await _custody(rooms, export, key, evidence))


async def _custody(rooms: Rooms, export: Export, key: str, evidence: Sequence[Gathered]) -> Custody:
    last_n = rooms.notary.heads.ledger  # newer entries have no head over them
    touched = await touching(export, rooms.ledger, rooms.kept, rooms.database)
    _require_as_written(export, touched.entries)
    return Custody(
        export=export,
        case=await rooms.case_of(export.case) if export.case else None,
        items=tuple([await _handed(rooms, one) for one in evidence]),
        made_utc_ns=rooms.clock.utc_ns(),
        maker=Maker(rooms.node, rooms.version, key),
        entries=tuple(entry for entry in touched.entries if entry.n <= last_n),
        left_out=touched.left_out,
    )


def _require_as_written(export: Export, entries: Sequence[Entry]) -> None:
    """Rows can be changed by whoever has the database, entries cannot: what was kept and ordered is what they say.

    Raises:
        ExportFailed: a row says otherwise.
    """
    kept = {one.subject: one for one in entries if one.action == CLIP_KEPT}
    ordered = next((one for one in entries if one.action == ORDERED and one.subject == export.id), None)
    fix = "Tell the auditor and the system admin: the database was changed, or is damaged."
    if ordered is None or _said(export.items) != _said_by(ordered.detail.get("items")):
        raise ExportFailed("This order is not what the audit log says of it.", fix)
    for item in export.items:
        entry = kept.get(item.clip)
        if item.clip and (entry is None or _said([item]) != _said_by([dict(entry.detail)])):
            raise ExportFailed(f"The clip {item.clip} is not what the audit log says of it.", fix)


def _said(items: Sequence[ExportItem]) -> list[list[JsonValue]]:
    return _said_by([one.detail() for one in items])


def _said_by(told: JsonValue) -> list[list[JsonValue]]:
    """Of each which footage, whatever else is said of it."""
    names, items = ("device", "channel", "start_ns", "end_ns", "references"), told if isinstance(told, list) else []
    return [[one.get(name) for name in names] for one in items if isinstance(one, dict)]


async def _handed(rooms: Rooms, gathered: Gathered) -> HandedItem:
    item = gathered.item
    passage = item.passage
    footage = await rooms.recordings(passage.device, passage.channel, passage.start_utc_ns, passage.end_utc_ns)
    clip = await rooms.kept.find(KeepingKind.CLIP, item.clip) if item.clip else None
    return HandedItem(
        number=gathered.number,
        item=item,
        note="" if clip is None else clip.note,
        place=rooms.place_of(passage),
        files=tuple(HandedFile(one.name, one.size_bytes, one.sha256) for one in gathered.evidence.files),
        gaps=tuple(footage.gaps),
        lacks=gathered.evidence.lacks,
        clock=await _clock(rooms, passage, footage),
    )


async def _clock(rooms: Rooms, passage: Passage, footage: Footage) -> ClockOffset | None:
    ahead = []
    for segment in footage.segments:
        if segment.missing:
            continue
        try:
            groups = (await rooms.groups.of(segment)).groups
        except (SegmentUnreadableError, OSError):
            continue  # what cannot be read says nothing of a clock; that it cannot be read is declared elsewhere
        for group in groups:
            within = group.start_utc_ns < passage.end_utc_ns and group.end_utc_ns > passage.start_utc_ns
            if within and group.device_ahead_ns is not None:
                ahead.append(group.device_ahead_ns)
    return clock_offset(ahead)


async def _files(rooms: Rooms, custody: Custody) -> list[Part]:
    """The files of custody/.

    Raises:
        ExportFailed: an entry has no way to a head.
    """
    numbers = [entry.n for entry in custody.entries]

    def read() -> list[Part]:
        lines = raw_lines(rooms.ledger_dir, numbers)
        there = [n for n in numbers if n in lines]
        proofs = dict(prove_entries(rooms.notary.heads.folder, there))
        files = {
            "custody.json": custody_json(custody),
            "custody.pdf": custody_pdf(custody),
            "entries.jsonl": b"".join(lines[n] + b"\n" for n in there),
            "proofs.jsonl": entry_proof_lines(there, proofs),
            "heads.jsonl": head_lines(proofs),
        }
        return [Part.of(f"custody/{name}", CUSTODY_ROLE, data) for name, data in files.items()]

    try:
        return await asyncio.to_thread(read)
    except NoProof as error:
        fix = "Tell the auditor: `mingjing audit verify` names what is wrong."
        raise ExportFailed(f"An entry of the audit log cannot be proven: {error}.", fix) from error

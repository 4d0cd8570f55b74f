"""What the ledger says of the footage of an export: who cut it, kept it, looked at it and handed it out.

Entries about its clips, holds that overlap its passages, views of recordings of these devices and times, and exports
that named any of it. Not here: live views, which are of the moment and not of what was kept; names of people beyond
what an entry says.

Limits: `ENTRIES_MAX`; the newest count, and how many were left out is said.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from recorder.export.export import Export, ExportItem
from recorder.export.rows import naming
from recorder.kept import KeepingKind, Kept, KeptFilter
from storage.database import Database
from storage.ledger import Entry, Ledger

ENTRIES_MAX = 1_000  # 600 KB of lines and as much of proofs; who reads more than that needs the audit log itself
PAGE = 500
CLIP_KEPT, ORDERED = "clip.create", "export.create"
CLOCK_STEP_NS = 24 * 3_600 * 1_000_000_000  # entries are dated by the wall clock, footage by a steady one


@dataclass(frozen=True, slots=True)
class Touching:
    """Oldest first."""

    entries: tuple[Entry, ...]
    left_out: int


async def touching(export: Export, ledger: Ledger, kept: Kept, database: Database) -> Touching:
    found: dict[int, Entry] = {}
    needed: set[int] = set()  # say what was ordered and kept: the verifier holds the bundle against them
    for clip in {one.clip for one in export.items if one.clip}:
        async for entry in _about(ledger, "clip.", clip):
            found[entry.n] = entry
            if entry.action == CLIP_KEPT:
                needed.add(entry.n)
    for item in export.items:
        for hold in await _holds(kept, item):
            async for entry in _about(ledger, "hold.", hold):
                found[entry.n] = entry
    for item in export.items:
        async for entry in _about(ledger, "playback.", item.passage.device, item.passage.start_utc_ns - CLOCK_STEP_NS):
            if _shows(entry, item):
                found[entry.n] = entry
    for other in await _others(database, export):
        async for entry in _about(ledger, "export.", other):
            found[entry.n] = entry
            if entry.action == ORDERED and entry.subject == export.id:
                needed.add(entry.n)
    newest = sorted(found)[-ENTRIES_MAX:]
    entries = [found[n] for n in sorted({*newest, *needed})]
    return Touching(tuple(entries), len(found) - len(entries))


async def _about(ledger: Ledger, noun: str, subject: str, since_utc_ns: int | None = None) -> AsyncIterator[Entry]:
    """The newest of them, newest first."""
    cursor: str | None = None
    for _ in range(0, ENTRIES_MAX * 2, PAGE):
        page = await ledger.query(action=noun, subject=subject, since_utc_ns=since_utc_ns, cursor=cursor, limit=PAGE)
        for entry in page.items:
            yield entry
        cursor = page.next_cursor
        if cursor is None:
            return


async def _holds(kept: Kept, item: ExportItem) -> list[str]:
    passage = item.passage
    wanted = KeptFilter(
        kind=KeepingKind.HOLD,
        device=passage.device,
        from_utc_ns=passage.start_utc_ns,
        to_utc_ns=passage.end_utc_ns,
    )
    page = await kept.page(wanted, limit=PAGE)
    return [one.id for one in page.items if one.passage.channel == passage.channel]


async def _others(database: Database, export: Export) -> list[str]:
    """This one, and those that hand out any of the same footage."""
    devices = sorted({one.passage.device for one in export.items})
    async with database.read() as connection:
        found = await naming(connection, devices, ENTRIES_MAX)
    return [export.id, *(one.id for one in found if one.id != export.id and _overlap(one, export))]


def _overlap(one: Export, other: Export) -> bool:
    return any(
        mine.stream == theirs.stream
        and mine.first_sequence <= theirs.last_sequence
        and mine.last_sequence >= theirs.first_sequence
        for mine in one.references
        for theirs in other.references
    )


def _shows(entry: Entry, item: ExportItem) -> bool:
    """Whether a view of recordings had any of this passage in it."""
    passage, detail = item.passage, entry.detail
    if detail.get("channel") != passage.channel:
        return False
    start, end = _ns(detail.get("from")), _ns(detail.get("to"))
    return start is not None and end is not None and start < passage.end_utc_ns and end > passage.start_utc_ns


def _ns(value: object) -> int | None:
    try:
        return None if not isinstance(value, str) else round(datetime.fromisoformat(value).timestamp() * 1e9)
    except ValueError:
        return None

"""Files of originals and their rows, compared: at each start, and by `mingjing store check`.

A whole file without a row is given one by what stands beside it; a file whose row says that it went goes now. Of a row
without its file it is told; nothing of it changes. Not here: uploads under way (uploads).
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import select

from recorder.backfill.backfill import Backfill, BackfillState
from recorder.backfill.backfills import Backfills
from recorder.backfill.rows import backfill_of
from recorder.backfill.tables import backfills
from storage import Fault, KeptOriginal, OriginalStore, OriginalUnreadableError, digest_of
from storage.database import Database

log = structlog.get_logger()


@dataclass(slots=True)
class OriginalsReport:
    """`faults` empty: every file is what its row says, and every row has its file."""

    originals: int = 0
    size_bytes: int = 0
    faults: list[Fault] = field(default_factory=list)


async def take_stock_of_originals(known: Backfills, store: OriginalStore) -> int:
    """Make the rows that are missing, and finish deletions; how many rows were made.

    Raises:
        OSError, SQLAlchemyError, LedgerUnavailable: done again it goes on.
    """
    states = await known.states()
    adopted = 0
    for path in await asyncio.to_thread(lambda: list(store.files())):
        state = states.get(path.stem)
        if state is not None and state[0] is BackfillState.EXPIRED:
            await asyncio.to_thread(store.remove, state[1])
        elif state is None and (kept := await asyncio.to_thread(_read, store, path)) is not None:
            await known.receive(_backfill(kept), act="adopt", principal="system")
            adopted += 1
    return adopted


async def original_paths(database: Database) -> list[str]:
    """Of all files whose rows say that they are there, relative to the media folder."""
    return [one.path for one in await _rows(database) if one.state is not BackfillState.EXPIRED]


async def check_originals(database: Database, store: OriginalStore, *, deep: bool) -> OriginalsReport:
    """Look at every row and every file; `deep` also hashes every byte. May run beside a server."""
    report = OriginalsReport()
    files = await asyncio.to_thread(lambda: [path for path in store.files() if path.suffix == ".mp4"])
    rows = {one.id: one for one in await _rows(database)}  # asked later: a file that came meanwhile has its row
    for row in rows.values():
        if row.state is BackfillState.EXPIRED:
            continue
        report.originals += 1
        report.size_bytes += row.size_bytes
        path = store.media / row.path
        words = await asyncio.to_thread(_fault_of, path, row, deep)
        if words:
            report.faults.append(Fault(path, words, None if row.placement is None else row.placement.start_utc_ns))
    strangers = (path for path in files if path.stem not in rows)
    report.faults += [Fault(path, "it has no row: the next start gives it one") for path in strangers]
    return report


async def _rows(database: Database) -> list[Backfill]:
    async with database.read() as connection:
        return [backfill_of(row) for row in (await connection.execute(select(backfills))).all()]


def _fault_of(path: Path, row: Backfill, deep: bool) -> str:
    try:
        if path.stat().st_size != row.size_bytes:
            return "its row tells of another length"
        if deep and digest_of(path) != row.sha256:
            return "altered bytes: its SHA-256 is not the one that it came with"
    except FileNotFoundError:
        return "its row has no file"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return ""


def _read(store: OriginalStore, path: Path) -> KeptOriginal | None:
    if path.suffix != ".mp4":
        return None
    try:
        return store.kept(path)
    except OriginalUnreadableError as error:
        log.error("an original without a word whose it is", path=str(path), why=str(error))
        return None


def _backfill(kept: KeptOriginal) -> Backfill:
    facts = kept.facts
    return Backfill(
        id=kept.id,
        device=str(facts["device"]),
        channel=str(facts["channel"]),
        unit=str(facts["unit"]),
        name=str(facts["name"]),
        size_bytes=int(facts["length"]),
        sha256=str(facts["sha256"]),
        sent_by=str(facts["sent_by"]),
        begun_utc_ns=int(facts["begun_ns"]),
        received_utc_ns=int(facts["received_ns"]),
        claimed_utc_ns=int(facts["claimed_ns"]),
        state=BackfillState.RECEIVED,
    )

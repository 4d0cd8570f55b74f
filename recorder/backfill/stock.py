"""Files of originals and their rows, compared: at each start, and by `mingjing store check`.

A whole file without a row is given one by what stands beside it; a file whose row says that it went goes now. Of a row
without its file it is told; nothing of it changes. Not here: uploads under way (uploads).
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from recorder.backfill.backfill import Backfill, BackfillState
from recorder.backfill.backfills import Backfills
from storage import Fault, KeptOriginal, OriginalStore, OriginalUnreadableError, digest_of

log = structlog.get_logger()


@dataclass(slots=True)
class OriginalsReport:
    """`faults` empty: every file is what its row says, and every row has its file."""

    originals: int = 0
    size_bytes: int = 0
    faults: list[Fault] = field(default_factory=list)


async def take_stock_of_originals(backfills: Backfills, store: OriginalStore) -> int:
    """Make the rows that are missing, and finish deletions; how many rows were made.

    Raises:
        OSError, SQLAlchemyError, LedgerUnavailable: done again it goes on.
    """
    states = await backfills.states()
    adopted = 0
    for path in await asyncio.to_thread(lambda: list(store.files())):
        state = states.get(path.stem)
        if state is not None and state[0] is BackfillState.EXPIRED:
            await asyncio.to_thread(store.remove, state[1])
        elif state is None and (kept := await asyncio.to_thread(_read, store, path)) is not None:
            await backfills.receive(_backfill(kept), act="adopt", principal="system")
            adopted += 1
    return adopted


async def check_originals(backfills: Backfills, store: OriginalStore, *, deep: bool) -> OriginalsReport:
    """Look at every row and every file; `deep` also hashes every byte."""
    report = OriginalsReport()
    states = await backfills.states()
    files = await asyncio.to_thread(lambda: {path.stem: path for path in store.files() if path.suffix == ".mp4"})
    for backfill_id, (state, name) in states.items():
        path = store.media / name
        if state is BackfillState.EXPIRED:
            continue
        row = await backfills.find(backfill_id)
        if row is None:
            continue
        report.originals += 1
        report.size_bytes += row.size_bytes
        words = await asyncio.to_thread(_fault_of, path, row, deep)
        if words:
            report.faults.append(Fault(path, words, None if row.placement is None else row.placement.start_utc_ns))
    for backfill_id, path in files.items():
        if backfill_id not in states and await backfills.find(backfill_id) is None:
            report.faults.append(Fault(path, "it has no row"))
    return report


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

"""Commands on the store as a whole: prove it, put its index right, copy it.

`check` may take hours on a large store and runs beside a server; `rebuild` never does.
"""

import asyncio
import shutil
import time
from pathlib import Path

import recorder
from mingjing.control.requests import SnapshotTaken, StoreFault, StoreRebuilt, StoreReport
from mingjing.wiring import House
from storage import KEY_FILE, take_media
from storage.database import WHOLE_FILE, LookEndedError, damaged_tables

SNAPSHOTS = "snapshots"  # in DATA_DIR: where a backup fetches database and ledger from, and removes them
SNAPSHOT_AGE_MAX_S = 24 * 3600  # a backup that has not fetched its snapshot by then is dead


async def check_store(house: House, *, deep: bool) -> StoreReport:
    damaged = await _look_at_database(house)
    if damaged.keys() & {*recorder.INDEX_TABLES, *recorder.BACKFILL_TABLES}:
        return StoreReport(faults=tuple(damaged.values()))
    report = await recorder.check(house.store, recorder.Index(house.database), deep=deep)
    originals = await recorder.check_originals(house.database, house.store.originals, deep=deep)
    return StoreReport(
        segments=report.segments,
        fragments=report.fragments,
        gaps=report.gaps,
        size_bytes=report.size_bytes,
        open_segments=report.open_segments,
        without_row=report.without_row,
        quarantined=report.quarantined,
        originals=originals.originals,
        original_bytes=originals.size_bytes,
        faults=(
            *damaged.values(),
            *(_fault(house, fault.path, fault.words) for fault in (*report.faults, *originals.faults)),
        ),
    )


async def _look_at_database(house: House) -> dict[str, StoreFault]:
    """Damaged tables. With those of the index nothing can be compared."""
    path = house.database.path
    try:
        found = await asyncio.to_thread(damaged_tables, path)
    except LookEndedError as error:
        return {WHOLE_FILE: _fault(house, path.resolve(), f"the database could not be looked at: {error}")}
    if found:
        house.database.found_damaged("; ".join(f"{table}: {words}" for table, words in found.items()))
    fix = "start the server anew: it mends the database, and compares it with the files"
    return {
        table: _fault(house, path.resolve(), f"{_named(table)} is damaged ({words}): {fix}")
        for table, words in found.items()
    }


def _named(table: str) -> str:
    return "the database" if table == WHOLE_FILE else f"the table {table}"


async def rebuild_store(house: House, principal: str) -> StoreRebuilt:
    await house.ledger.append(principal=principal, action="store.rebuild")
    await asyncio.to_thread(take_media, house.store, house.new_id)
    report = await recorder.rebuild(house.store, recorder.Index(house.database))
    return StoreRebuilt(
        segments=report.segments,
        recovered=report.recovered,
        gaps=report.gaps,
        size_bytes=report.size_bytes,
        quarantined=tuple(_fault(house, path, words) for path, words in report.quarantined),
    )


async def take_snapshot(house: House, principal: str) -> SnapshotTaken:
    """The database and the heads first: the ledger copied after them can only know more."""
    snapshots = house.settings.data_dir.resolve() / SNAPSHOTS
    folder = snapshots / house.new_id()
    await asyncio.to_thread(_make_room, snapshots, folder)
    try:
        await house.ledger.append(principal=principal, action="backup.create")
        await house.database.copy_to(folder / house.settings.database_path.name)
        key = house.settings.data_dir / KEY_FILE  # else no password is read again
        await asyncio.to_thread(shutil.copy2, key, folder)
        await house.notary.copy_to(folder / house.settings.heads_dir.name, folder)
        entries = await house.ledger.copy_to(folder / house.settings.ledger_dir.name)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder)
        raise
    return SnapshotTaken(folder=str(folder), ledger_entries=entries)


def _make_room(snapshots: Path, folder: Path) -> None:
    """A folder for this snapshot; those that backups forgot are removed."""
    snapshots.mkdir(mode=0o700, exist_ok=True)
    for old in snapshots.iterdir():
        if time.time() - old.stat().st_mtime > SNAPSHOT_AGE_MAX_S:
            shutil.rmtree(old)
    folder.mkdir(mode=0o700)


def _fault(house: House, path: Path, words: str) -> StoreFault:
    """The path as an operator finds it: within the data directory."""
    within = path.relative_to(house.store.root) if path.is_relative_to(house.store.root) else path
    return StoreFault(path=str(within), words=words)

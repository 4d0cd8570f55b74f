"""Once after each start: are the rows of the files there, and the files of the rows?

A database that was put back from an hour ago, or is empty, lacks rows of what was recorded since: they are made
from the files (R6). Media that were put back from an older copy lack files: their rows are flagged, and that is told;
once the files are there again the flag goes. Until it is over the ring deletes nothing.

Compared is how many there are of each channel and day, and only where that differs, one by one. So ten million
segments cost one pass over the rows and one over the folders, and memory for the counts. Where something is being
recorded the counts say nothing (a segment that has no row yet makes up for a file that is not there), so these few
folders are always compared one by one.

Not here: whether a file is what its row says (`check`), segments in flight (recovery, row_feed).
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from recorder.index import ChannelDay, Index
from storage import SealedSegment, SegmentStore, SegmentUnreadableError, read_sealed

BATCH = 100  # rows a transaction
FOLDER_REST_S = 0.001  # after each folder's two: the event loop wants the interpreter too

Found = TypeVar("Found")


@dataclass(slots=True)
class Stock:
    adopted: int = 0  # files that had lost their rows
    newly_missing: list[str] = field(default_factory=list)  # ids of rows that have lost their files
    found_again: int = 0
    missing: int = 0  # in all


async def take_stock(store: SegmentStore, index: Index, now_utc_ns: int) -> Stock:
    """Compare, make the rows that are missing, and flag those whose files are.

    Raises:
        SQLAlchemyError, OSError: the database or the disk refuses; done again it goes on.
    """
    stock = Stock()
    recorded_into = await asyncio.to_thread(_recorded_into, store)
    rows = await index.channel_days()
    files = await _files(store)
    recorded_into |= await asyncio.to_thread(_recorded_into, store)  # devices have come while it counted
    for place in sorted(rows.keys() | files.keys()):
        if place in recorded_into or rows.get(place, 0) != files.get(place, 0):
            await _compare(store, index, place, stock)
    for start in range(0, len(stock.newly_missing), BATCH):
        await index.flag_missing(stock.newly_missing[start : start + BATCH], now_utc_ns)
    stock.missing = await index.count_missing()
    return stock


async def learn_newest(store: SegmentStore, index: Index) -> int:
    """Give an index that is empty the newest segment of each channel, before anything is recorded; how many.

    So a stream names the one before it, with the gap in between, and begins no earlier than footage ended, although
    stocktaking has not come by yet. Unended segments have their turn after it, in recovery. Files are listed of one
    folder a channel; of all other days only the names of devices and channels are read.
    """
    if await index.oldest(1):
        return 0
    newest = await _given_up_with_us(lambda given_up: _newest(store, given_up))
    await index.add(newest)
    return len(newest)


def _newest(store: SegmentStore, given_up: threading.Event) -> list[SealedSegment]:
    found: dict[tuple[str, str], SealedSegment] = {}
    for day, device, channel in store.places():
        if given_up.is_set():
            break
        if (device, channel) in found:
            continue
        for path in sorted(store.media.joinpath(day, device, channel).glob("*.mp4"), reverse=True):
            if not store.is_unsettled(path.stem) and (sealed := _read(path)) is not None:
                found[device, channel] = sealed
                break
    return list(found.values())


async def _compare(store: SegmentStore, index: Index, place: ChannelDay, stock: Stock) -> None:
    folder = store.media.joinpath(*place)
    paths = await asyncio.to_thread(lambda: {path.stem: path for path in folder.glob("*.mp4")})
    known = await index.of_channel_day(place)
    going = {Path(name).stem for name in await index.garbage()}  # deleted, but the server died before the files were
    known_or_going = known.keys() | going
    lost = [path for name, path in paths.items() if name not in known_or_going and not store.is_unsettled(name)]
    for start in range(0, len(lost), BATCH):
        batch = [path for path in lost[start : start + BATCH] if not await index.has(path.stem)]
        sealed = [segment for path in batch if (segment := await asyncio.to_thread(_read, path)) is not None]
        await index.add(sealed)
        stock.adopted += len(sealed)
    found = [name for name, (_, missing) in known.items() if missing and name in paths]
    for start in range(0, len(found), BATCH):
        await index.flag_missing(found[start : start + BATCH], None)
    stock.found_again += len(found)
    for name, (path, missing) in known.items():
        if not missing and name not in paths and not (store.media / path).exists():
            stock.newly_missing.append(name)


def _recorded_into(store: SegmentStore) -> set[ChannelDay]:
    """Where there are segments without a row."""
    places = (path.parent.relative_to(store.media).parts for path in store.unsettled())
    return {(day, device, channel) for day, device, channel in places}


async def _files(store: SegmentStore) -> dict[ChannelDay, int]:
    """How many files there are of each channel and day."""
    return await _given_up_with_us(lambda given_up: _count(store, given_up))


async def _given_up_with_us(look: Callable[[threading.Event], Found]) -> Found:
    """Look at the disk in a thread.

    Ten million files take a cold disk many minutes, and a thread cannot be cancelled: it is told when nobody waits any
    more, or the process would not end before it is through (F06).
    """
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(look, given_up)
    finally:
        given_up.set()


def _count(store: SegmentStore, given_up: threading.Event) -> dict[ChannelDay, int]:
    counts: dict[ChannelDay, int] = {}
    for place, count in store.counts():
        if given_up.wait(FOLDER_REST_S):
            break
        counts[place] = count
    return counts


def _read(path: Path) -> SealedSegment | None:
    try:
        return read_sealed(path)
    except (SegmentUnreadableError, OSError):
        return None  # `store check` names it

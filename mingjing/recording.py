"""The recorder of a running server: the archive, what is kept of it, and who looks after both.

Not here: who is handed a package (export_house), rules of retention (retention), what an operator may set
(archive_rules).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from gateway.stream import AlarmKind, Hub
from mingjing.archive_rules import archive_rules, scrub_rules, upload_limits
from mingjing.retention import Retention, open_retention
from mingjing.wiring import House
from recorder import (
    Archiver,
    BackfillRoom,
    DiskState,
    Export,
    Index,
    Kept,
    Pins,
    Prover,
    Scrubber,
    ScrubBook,
    find_references,
    open_backfill,
    pin_exports,
    replay,
    replay_exports,
)
from storage import require_own_media

LATE_SYNC_NS = 500_000_000  # of a second in which everything has to be durable


@dataclass(frozen=True, slots=True)
class Recording:
    """`known_exports` are those that wait or have a bundle."""

    archiver: Archiver
    kept: Kept
    known_exports: Sequence[Export]
    retention: Retention
    backfill: BackfillRoom
    scrubber: Scrubber
    prover: Prover


async def require_media(house: House) -> None:
    has_rows = bool(await Index(house.database).oldest(1))
    await asyncio.to_thread(require_own_media, house.store, house.new_id, has_rows=has_rows)


@asynccontextmanager
async def open_recording(house: House, hub: Hub) -> AsyncIterator[Recording]:
    """Every stream of the hub is archived inside this block. Its disk must be the right one (`require_media`)."""
    rules = archive_rules(house.settings.archive)
    pins = Pins(await replay(house.database, house.ledger, house.steady.utc_ns()))
    known = await replay_exports(house.database, house.ledger)
    pin_exports(pins, known)
    retention = await open_retention(house, rules, pins)
    async with Archiver.open(
        store=house.store,
        index=Index(house.database),
        bus=house.bus,
        clock=house.steady,
        new_id=house.new_id,
        pins=pins,
        rules=rules,
        notary=house.notary,
        keeper=retention.keeper,
    ) as archiver:
        house.steady.not_before(archiver.newest_utc_ns)
        hub.add_reader_factory(archiver.reader)
        find = partial(find_references, archiver.recordings, house.store.media)
        backfill = await open_backfill(
            database=house.database,
            ledger=house.ledger,
            clock=house.steady,
            new_id=house.new_id,
            store=house.store,
            recordings=archiver.recordings,
            pins=pins,
            limits=upload_limits(house.settings),
            max_age_ns=rules.ring.max_age_ns,
        )
        kept = Kept(house.database, house.ledger, house.steady, house.new_id, pins, find)
        scrubber, prover = _scrubber(house, archiver, kept), Prover(house.notary, house.clock)
        yield Recording(archiver, kept, known, retention, backfill, scrubber, prover)
    await house.notary.finish(tell_of_heads(hub))


def tell_of_heads(hub: Hub) -> Callable[[AlarmKind, str], None]:
    return lambda kind, words: hub.alarm(kind, words=words)


def _scrubber(house: House, archiver: Archiver, kept: Kept) -> Scrubber:
    def busy() -> bool:
        """The disk is filling, or so late with what is recorded that it needs all of itself."""
        now = archiver.statistics()
        return now.disk is not DiskState.ENOUGH or now.last_sync_ns > LATE_SYNC_NS

    return Scrubber(
        store=house.store,
        index=archiver.index,
        book=ScrubBook(house.database),
        ledger=house.ledger,
        clock=house.steady,
        pins=kept.pins,
        rules=scrub_rules(house.settings.archive),
        tell=archiver.tell,
        busy=busy,
    )

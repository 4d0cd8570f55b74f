"""The parts of backfill put together, for the roof."""

import asyncio
from dataclasses import dataclass

from recorder.backfill.backfills import Backfills
from recorder.backfill.expiry import Expiry
from recorder.backfill.looking import Looking
from recorder.backfill.matching import Matching, Recordings
from recorder.backfill.replay import replay_backfills
from recorder.backfill.stock import take_stock_of_originals
from recorder.backfill.uploads import UploadLimits, Uploads
from recorder.kept import Pins
from recorder.retention import read_belief
from storage import Clock, SegmentStore, UlidFactory
from storage.database import Database
from storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class BackfillRoom:
    """What a running server has of it."""

    backfills: Backfills
    uploads: Uploads
    looking: Looking
    expiry: Expiry

    async def run(self) -> None:
        """For as long as the server runs."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.looking.run(), name="backfill: looking")
            tasks.create_task(self.expiry.run(), name="backfill: expiry")


async def open_backfill(
    *,
    database: Database,
    ledger: Ledger,
    clock: Clock,
    new_id: UlidFactory,
    store: SegmentStore,
    recordings: Recordings,
    pins: Pins,
    limits: UploadLimits,
    max_age_ns: int,
) -> BackfillRoom:
    """Replay the ledger, take stock of the files, and take up what the last run left.

    Raises:
        OSError, SQLAlchemyError, LedgerUnavailable: a disk or the database refuses.
    """
    matching = Matching(recordings, store.media)
    backfills = Backfills(database, ledger, clock, matching)
    await replay_backfills(database, ledger)
    uploads = Uploads(backfills, store.originals, ledger, clock, new_id, limits)
    await uploads.open()
    await take_stock_of_originals(backfills, store.originals)
    believed = await read_belief(database)
    return BackfillRoom(
        backfills=backfills,
        uploads=uploads,
        looking=Looking(backfills, matching, store.media),
        expiry=Expiry(backfills, uploads, recordings, store.originals, pins, clock, max_age_ns, believed),
    )

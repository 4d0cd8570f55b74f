"""Puts the rooms together: everything that rests, opened in order and closed in reverse.

A `House` is the store with one owner. The server runs on it (`lifecycle`); the command line opens it
for itself when no server has it. Not here: ports, streams and tasks of a running server.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.registry import Registry
from mingjing.database_care import mend_if_damaged, record_mending
from mingjing.settings import Settings
from recorder import Index, Notary
from storage import KEY_FILE, Clock, SecretBox, SegmentStore, SteadyClock, SystemClock, UlidFactory
from storage.bus import Bus, MemoryBus
from storage.database import Database, Mended, migrate
from storage.heads import Heads, SecondCopy
from storage.ledger import Ledger
from supervision.cases import CaseImports, Cases
from viewer.access import Access


@dataclass(frozen=True, slots=True)
class House:
    """What every command and the server work on."""

    settings: Settings
    clock: Clock
    steady: SteadyClock  # what footage is placed by
    new_id: UlidFactory
    store: SegmentStore
    database: Database
    ledger: Ledger
    bus: Bus
    registry: Registry
    access: Access
    cases: Cases
    case_imports: CaseImports
    notary: Notary
    mended: Mended | None = None  # the database was damaged, and somebody was not told yet


@asynccontextmanager
async def open_house(settings: Settings, clock: Clock | None = None) -> AsyncIterator[House]:
    """Lock the store, mend a damaged database, bring it to the present schema, and load what is kept in memory.

    Raises:
        StoreLockedError: another process has this data directory.
        SecretKeyDamaged: the key file for cameras' passwords is no key.
        SchemaTooNewError: a newer version of this program has written it.
        DatabaseUnreadableError, CannotMendError: a damaged database cannot be mended.
    """
    clock = clock or SystemClock()
    steady = SteadyClock(clock)
    new_id = UlidFactory(steady)
    store = SegmentStore(settings.data_dir, clock)
    with store.lock():
        mended = await mend_if_damaged(settings)
        await migrate(settings.database_url)
        database = await Database.open(settings.database_url)
        try:
            async with Ledger.open(settings.data_dir / "ledger", database, clock) as ledger:
                if mended is not None:
                    await record_mending(ledger, settings.database_path, mended)
                bus = MemoryBus()
                box = SecretBox.open(settings.data_dir / KEY_FILE)
                registry = await Registry.load(database, ledger, bus, clock, box)
                access = await Access.open(
                    database=database,
                    ledger=ledger,
                    bus=bus,
                    clock=clock,
                    ids=new_id,
                    unit_exists=lambda unit: registry.units.find(unit) is not None,
                    profile=settings.access.password_profile,
                )
                cases = await Cases.open(
                    database=database,
                    ledger=ledger,
                    bus=bus,
                    clock=clock,
                    new_id=new_id,
                    unit_exists=lambda unit: registry.units.find(unit) is not None,
                )
                try:
                    async with _open_notary(settings, store, database, ledger, clock) as notary:
                        yield House(
                            settings=settings,
                            clock=clock,
                            steady=steady,
                            new_id=new_id,
                            store=store,
                            database=database,
                            ledger=ledger,
                            bus=bus,
                            registry=registry,
                            access=access,
                            cases=cases,
                            case_imports=CaseImports(cases, database, ledger, bus, clock),
                            notary=notary,
                            mended=mended,
                        )
                finally:
                    access.close()
                    await registry.flush_presence()
        finally:
            await database.close()


@asynccontextmanager
async def _open_notary(
    settings: Settings, store: SegmentStore, database: Database, ledger: Ledger, clock: Clock
) -> AsyncIterator[Notary]:
    heads = await asyncio.to_thread(
        Heads.open, settings.heads_dir, settings.heads_key_path, node=settings.node_id, clock=clock
    )
    place = settings.heads.second_copy_dir
    copy = None if place is None else SecondCopy(heads.signed_folder, place, settings.node_id)
    try:
        async with Notary.open(
            heads=heads,
            store=store,
            index=Index(database),
            ledger=ledger,
            ledger_dir=settings.ledger_dir,
            clock=clock,
            copy=copy,
        ) as notary:
            yield notary
    finally:
        heads.close()

"""Cases on real storage, with a clock that the test moves and a ledger whose disk may fail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from storage import UlidFactory
from storage.bus import MemoryBus
from storage.database import Database
from storage.ledger import Ledger
from storage.ledger.files import Disk
from supervision.cases import CaseFields, CaseFilter, CaseImports, Cases, Field, Procedure
from tests.storage.manual_clock import ManualClock
from tests.storage.ready_database import ready_database

BY = "user:reviewer"
UNITS = {"north": "北区大队", "south": "南区大队"}
PLAIN = CaseFields(
    unit="north",
    case_no="北市监罚〔2026〕1号",
    cause="无证经营",
    field=Field.MARKET_REGULATION,
    procedure=Procedure.ORDINARY,
)


def plain(**fields: object) -> CaseFields:
    return replace(PLAIN, **fields)  # type: ignore[arg-type]


@dataclass
class CaseHouse:
    database: Database
    ledger: Ledger
    bus: MemoryBus
    clock: ManualClock
    cases: Cases
    imports: CaseImports

    async def entries(self, **wanted):
        """(action, subject, detail) of the ledger, oldest first."""
        page = await self.ledger.query(limit=500, **wanted)
        return [(entry.action, entry.subject, entry.detail) for entry in reversed(page.items)]

    async def all(self):
        return {case.id: case for case in (await self.cases.page(CaseFilter(), limit=500)).items}


@asynccontextmanager
async def open_cases(
    folder: Path, *, database: str = "mingjing.sqlite3", disk: Disk | None = None, clock: ManualClock | None = None
) -> AsyncIterator[CaseHouse]:
    """With another `database` beside the same ledger: what F14 leaves behind."""
    clock, bus = clock or ManualClock(), MemoryBus()
    url = f"sqlite+aiosqlite:///{folder / database}"
    ready_database(url)
    opened = await Database.open(url)
    try:
        async with Ledger.open(folder / "ledger", opened, clock, disk=disk) as ledger:
            cases = await Cases.open(
                database=opened,
                ledger=ledger,
                bus=bus,
                clock=clock,
                new_id=UlidFactory(clock),
                unit_exists=lambda unit: unit in UNITS,
            )
            yield CaseHouse(opened, ledger, bus, clock, cases, CaseImports(cases, opened, ledger, bus, clock))
    finally:
        await opened.close()

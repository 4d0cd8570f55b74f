"""Files of many cases: looked at first, then taken whole or not at all.

A preview is kept for a while under its reader's name and the digest of the file and of the unit it was looked at with,
and the commit names that digest: what is taken is what was looked at. Taking a file again takes nothing again.
Not here: bytes and cells (sheet, reading), and who may put a case into which unit (the caller says, cell by cell).
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import Clock
from storage.bus import Bus
from storage.database import Database
from storage.ledger import Ledger, LedgerUnavailable
from supervision.cases import entries, tables
from supervision.cases.case import Case
from supervision.cases.cases import Cases
from supervision.cases.errors import ImportRefused, ImportsBusy, PreviewGone
from supervision.cases.events import CaseChange, CaseChanged
from supervision.cases.reading import Reading, ReadRow, RowFault, read_cases
from supervision.cases.sheet import Sheet, read_sheet

PREVIEWS_MAX = 16  # kept at once; some 2 MB each at most
PREVIEW_FOR_S = 1_800  # a person mends a file in a spreadsheet meanwhile
READING_MAX = 2  # files read at once, each in a thread: the interpreter has one lock
TOGETHER = 250  # entries that are handed to the ledger at once: it holds 4,096 for everybody


@dataclass(frozen=True, slots=True)
class Preview:
    """`taken` counts the rows that are cases already because this very file was taken before."""

    digest: str  # SHA-256 in hexadecimal: of the file, and of the unit for rows that name none if one was given
    encoding: str
    rows: tuple[ReadRow, ...]
    faults: tuple[RowFault, ...]
    ignored: tuple[str, ...]
    taken: int
    read_rows: int

    @property
    def ready(self) -> bool:
        return not self.faults and bool(self.rows)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a commit has done: made, or found made by the same file before."""

    digest: str
    created: tuple[Case, ...]
    before: int


class CaseImports:
    def __init__(self, cases: Cases, database: Database, ledger: Ledger, bus: Bus, clock: Clock) -> None:
        self._cases = cases
        self._database = database
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Preview]] = OrderedDict()
        self._reading = 0

    async def preview(
        self, data: bytes, unit_of: Callable[[str], str | None], default_unit: str | None, *, reader: str
    ) -> Preview:
        """Read the file and name every row that cannot be taken. Nothing is changed.

        `unit_of` gives the id of the unit that a cell names; it is called in another thread.

        Raises:
            SheetUnreadable: the file as a whole is none of cases.
            ImportsBusy: other files are being read.
        """
        if self._reading >= READING_MAX:
            raise ImportsBusy("Other files are being read.", fix="Try again.")
        self._reading += 1
        try:
            sheet, reading, digest = await asyncio.to_thread(_read, data, unit_of, default_unit)
        finally:
            self._reading -= 1
        async with self._database.read() as connection:
            faults, taken = await self._against_rows(connection, digest, reading.rows)
        bad = {fault.row for fault in faults}
        preview = Preview(
            digest=digest,
            encoding=sheet.encoding,
            rows=tuple(row for row in reading.rows if row.row not in bad),
            faults=tuple(sorted((*reading.faults, *faults), key=lambda fault: fault.row)),
            ignored=reading.ignored,
            taken=taken,
            read_rows=len(sheet.rows),
        )
        self._keep(reader, preview)
        return preview

    def find(self, digest: str, *, reader: str) -> Preview:
        """Raises PreviewGone."""
        kept = self._kept.get((reader, digest))
        if kept is None or kept[0] < self._now_s():
            raise PreviewGone("No preview of this file is kept.", field="digest", fix="Look at the file again first.")
        return kept[1]

    async def take(self, digest: str, *, reader: str, principal: str) -> Taken:
        """Make all cases of a file that was looked at, in one transaction; one that was taken makes nothing again.

        Every case has its entry, and one more closes the file: without that one the others count for nothing (replay).

        Raises:
            PreviewGone: look at the file again.
            ImportRefused: it has bad rows, or meanwhile a number of it was taken.
            LedgerUnavailable: nothing has changed.
        """
        preview = self.find(digest, reader=reader)
        if not preview.ready:
            raise ImportRefused("The file has rows that cannot be taken.", fix="Mend them and look at the file again.")
        drafts = [self._cases.drafted(row.fields, import_digest=digest) for row in preview.rows]
        async with self._database.write() as connection:
            faults, before = await self._against_rows(connection, digest, preview.rows)
            if faults:
                words = f"Row {faults[0].row} was taken by another case meanwhile."
                raise ImportRefused(words, fix="Look at the file again.")
            if before == len(drafts):
                return Taken(digest, (), before)
            if before:
                raise ImportRefused("Some cases of this file were changed meanwhile.", fix="Look at the file again.")
            await tables.write(connection, drafts)
            for at in range(0, len(drafts), TOGETHER):
                await self._record(drafts[at : at + TOGETHER], principal)
            await self._ledger.append(
                principal=principal,
                action=entries.IMPORT,
                subject=digest,
                detail={"cases": len(drafts)},
                connection=connection,
            )
        for unit in sorted({case.fields.unit for case in drafts}):
            self._bus.publish(CaseChanged("", CaseChange.IMPORTED, unit, unit))
        return Taken(digest, tuple(drafts), 0)

    async def _record(self, cases: list[Case], principal: str) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for case in cases:
                    detail = entries.creation(case)
                    coming = self._ledger.append(
                        principal=principal, action=entries.CREATE, subject=case.id, detail=detail
                    )
                    tasks.create_task(coming, name="import: entry")
        except* LedgerUnavailable as refusals:
            refusal = refusals
        else:
            return
        raise LedgerUnavailable(str(refusal.exceptions[0])) from refusal  # bare: it is told by its type

    async def _against_rows(
        self, connection: AsyncConnection, digest: str, rows: tuple[ReadRow, ...]
    ) -> tuple[list[RowFault], int]:
        """Rows whose number or other system's id is a case already; and how many this very file made."""
        faults: list[RowFault] = []
        taken = 0
        for row in rows:
            fields = row.fields
            there = await tables.find_number(connection, fields.unit, fields.case_no)
            if there is not None and there.import_digest == digest:
                taken += 1
            elif there is not None:
                words = f"The unit has a case {fields.case_no} already."
                faults.append(RowFault(row.row, "case_no", "exists", words, "Leave the row out."))
            elif fields.external is not None and await tables.find_external(connection, fields.external) is not None:
                words = "The other system's id belongs to another case."
                faults.append(RowFault(row.row, "external_id", "exists", words, "Leave the row out."))
        return faults, taken

    def _keep(self, reader: str, preview: Preview) -> None:
        self._kept[reader, preview.digest] = (self._now_s() + PREVIEW_FOR_S, preview)
        self._kept.move_to_end((reader, preview.digest))
        while len(self._kept) > PREVIEWS_MAX:
            self._kept.popitem(last=False)

    def _now_s(self) -> float:
        return self._clock.mono_ns() / 1e9


def _read(data: bytes, unit_of: Callable[[str], str | None], default_unit: str | None) -> tuple[Sheet, Reading, str]:
    sheet = read_sheet(data)
    return sheet, read_cases(sheet, unit_of, default_unit), _digest(data, default_unit)


def _digest(data: bytes, default_unit: str | None) -> str:
    """The same file with another unit for the rows that name none is another import."""
    file = hashlib.sha256(data)
    return (file if default_unit is None else hashlib.sha256(file.digest() + default_unit.encode())).hexdigest()

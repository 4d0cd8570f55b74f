"""Cases: made, changed, closed, taken over from other systems; listed; and made again from the ledger.

A change is one transaction of the row and its entry, then an event on the bus (decision 0009). Two changes of one case
come one after the other, since the database has one writer. Not here: files of many cases (imports), statements
(tables), what a value may be (words), who may do any of this (viewer.access).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import Clock, UlidFactory
from storage.bus import Bus
from storage.database import Database
from storage.ledger import Entry, JsonValue, Ledger
from supervision.cases import entries, tables
from supervision.cases.case import Case, CaseFields, External, Status, whole_ms
from supervision.cases.errors import CaseConflict, CaseNotFound, CaseTaken
from supervision.cases.events import CaseChange, CaseChanged
from supervision.cases.restoring import restore_rows
from supervision.cases.tables import CaseFilter, CasePage
from supervision.cases.words import checked, require_version

HISTORY_MAX = 500  # entries of one case that are shown: a case is changed some twenty times


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a case that another system handed in."""

    case: Case
    created: bool


class Cases:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        new_id: UlidFactory,
        unit_exists: Callable[[str], bool],
    ) -> None:
        """Use `open`, which sees to it that the rows are not behind the ledger."""
        self._database = database
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._new_id = new_id
        self._unit_exists = unit_exists

    @classmethod
    async def open(
        cls,
        *,
        database: Database,
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        new_id: UlidFactory,
        unit_exists: Callable[[str], bool],
    ) -> "Cases":
        """What the ledger knows and the database does not (F14: it is from an hour ago, or new) comes back first."""
        await restore_rows(database, ledger)
        return cls(database, ledger, bus, clock, new_id, unit_exists)

    async def find(self, case_id: str) -> Case | None:
        async with self._database.read() as connection:
            return await tables.find(connection, case_id)

    async def find_external(self, external: External) -> Case | None:
        async with self._database.read() as connection:
            return await tables.find_external(connection, external)

    async def page(
        self, wanted: CaseFilter, *, sort: str = "-begun", cursor: str | None = None, limit: int = 50
    ) -> CasePage:
        """Sort by a key of `SORT_KEYS`, a minus before it turns the order. Raises CaseInvalid (sort, cursor)."""
        async with self._database.read() as connection:
            return await tables.page(connection, wanted, sort, cursor, limit)

    async def count_in_unit(self, unit: str) -> int:
        async with self._database.read() as connection:
            return await tables.count_in_unit(connection, unit)

    async def history(self, case_id: str) -> tuple[Entry, ...]:
        """What was done to the case, newest first; looking at it is not among it."""
        found: list[Entry] = []
        cursor: str | None = None
        while len(found) < HISTORY_MAX:
            page = await self._ledger.query(action=entries.FAMILY, subject=case_id, cursor=cursor, limit=HISTORY_MAX)
            found += [entry for entry in page.items if entry.action in entries.CHANGES]
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple(found[:HISTORY_MAX])

    async def create(self, fields: CaseFields, *, principal: str) -> Case:
        """Raises CaseInvalid, CaseNotFound (the unit), CaseTaken."""
        case = self.drafted(fields)
        async with self._database.write() as connection:
            await self._create(connection, case, principal)
        self._tell(case, CaseChange.CREATED)
        return case

    async def edit(
        self,
        case_id: str,
        change: Callable[[CaseFields], CaseFields],
        *,
        version: int | None = None,
        principal: str,
    ) -> Case:
        """Have `change` say what the case becomes. What changes nothing is no change, and no entry.

        Raises:
            CaseNotFound: the case, or the unit.
            CaseInvalid: a value that cannot be.
            CaseTaken: the number or the other system's id.
            CaseConflict: it is no longer of that version, or closed.
        """
        async with self._database.write() as connection:
            before = await self._get(connection, case_id)
            require_version(before.version, version)
            after = await self._edit(connection, before, change(before.fields), principal)
        if after is not before:
            self._tell(after, CaseChange.EDITED, before.fields.unit)
        return after

    async def put(self, fields: CaseFields, *, seen: str | None, version: int | None = None, principal: str) -> Put:
        """The case of this other system's id: made if it is new, changed if it differs, else left as it is.

        `fields.external` must be there. `seen` is the id of the case that had it when rights were looked at, if one
        did: else it could be of a unit by now that is not theirs. The same call again does nothing, so a system may
        repeat what it is not sure of.
        Raises as `create` and `edit`.
        """
        assert fields.external is not None
        draft = self.drafted(fields)
        assert draft.fields.external is not None
        async with self._database.write() as connection:
            before = await tables.find_external(connection, draft.fields.external)
            if (None if before is None else before.id) != seen:
                raise CaseConflict("It was changed by somebody else meanwhile.", fix="Try again.")
            if before is None:
                await self._create(connection, draft, principal)
                after = draft
            else:
                require_version(before.version, version)
                after = await self._edit(connection, before, draft.fields, principal)
        if before is None:
            self._tell(after, CaseChange.CREATED)
        elif after is not before:
            self._tell(after, CaseChange.EDITED, before.fields.unit)
        return Put(after, before is None)

    async def close(self, case_id: str, *, version: int | None = None, principal: str) -> Case:
        """Nothing of it changes until it is opened again. Raises CaseNotFound, CaseConflict."""
        return await self._switch(case_id, Status.CLOSED, version, principal)

    async def reopen(self, case_id: str, *, version: int | None = None, principal: str) -> Case:
        """Raises CaseNotFound, CaseConflict."""
        return await self._switch(case_id, Status.OPEN, version, principal)

    def drafted(self, fields: CaseFields, *, import_digest: str = "") -> Case:
        """A new case that is nowhere yet. Raises CaseInvalid, CaseNotFound (the unit)."""
        fields = checked(fields)
        self.require_unit(fields.unit)
        return Case(self._new_id(), fields, Status.OPEN, whole_ms(self._clock.utc_ns()), 1, import_digest)

    def require_unit(self, unit: str) -> None:
        if not self._unit_exists(unit):
            raise CaseNotFound(f"There is no unit {unit[:80]!r}.", field="unit", fix="Choose one of the list of units.")

    async def _create(self, connection: AsyncConnection, case: Case, principal: str) -> None:
        await self._require_free(connection, case)
        await tables.write(connection, [case])
        await self._record(connection, principal, entries.CREATE, case, entries.creation(case))

    async def _edit(self, connection: AsyncConnection, before: Case, fields: CaseFields, principal: str) -> Case:
        fields = checked(fields)
        detail = entries.edit(before.fields, fields)
        if not detail:
            return before
        if before.status is Status.CLOSED:
            raise CaseConflict("The case is closed.", fix="Open it again first.")
        if fields.unit != before.fields.unit:
            self.require_unit(fields.unit)
        after = replace(before, fields=fields, version=before.version + 1)
        await self._require_free(connection, after)
        await tables.write(connection, [after])
        await self._record(connection, principal, entries.EDIT, after, {**detail, "version": after.version})
        return after

    async def _switch(self, case_id: str, status: Status, version: int | None, principal: str) -> Case:
        closes = status is Status.CLOSED
        async with self._database.write() as connection:
            before = await self._get(connection, case_id)
            require_version(before.version, version)
            if before.status is status:
                return before
            after = replace(before, status=status, version=before.version + 1)
            await tables.write(connection, [after])
            action = entries.CLOSE if closes else entries.REOPEN
            await self._record(connection, principal, action, after, {"version": after.version})
        self._tell(after, CaseChange.CLOSED if closes else CaseChange.REOPENED)
        return after

    async def _record(
        self, connection: AsyncConnection, principal: str, action: str, case: Case, detail: Mapping[str, JsonValue]
    ) -> None:
        """The last step before the commit. Raises LedgerUnavailable: nothing has changed."""
        await self._ledger.append(
            principal=principal, action=action, subject=case.id, detail=detail, connection=connection
        )

    async def _get(self, connection: AsyncConnection, case_id: str) -> Case:
        case = await tables.find(connection, case_id)
        if case is None:
            raise CaseNotFound(f"There is no case {case_id[:80]!r}.", field="case", fix="Choose one of the list.")
        return case

    async def _require_free(self, connection: AsyncConnection, case: Case) -> None:
        """The database refuses the same; asked before, so that a person reads which of the two it is."""
        fields = case.fields
        other = await tables.find_number(connection, fields.unit, fields.case_no)
        if other is not None and other.id != case.id:
            words = f"The unit has a case {fields.case_no} already."
            raise CaseTaken(words, field="case_no", fix="Look at that one, or give another number.")
        if fields.external is not None:
            other = await tables.find_external(connection, fields.external)
            if other is not None and other.id != case.id:
                words = "The other system's id belongs to another case."
                raise CaseTaken(words, field="external.id", fix="Take it from that case first.")

    def _tell(self, case: Case, change: CaseChange, unit_before: str | None = None) -> None:
        unit = case.fields.unit
        before = unit if unit_before is None else unit_before
        self._bus.publish(CaseChanged(case.id, change, unit, before, case.version))

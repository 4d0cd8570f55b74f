"""Which officer carries which device, and who carried it when: the history of handing over.

An officer is known by their certificate number (执法证号); the name is as it was written when the device was handed
over. Histories outlive the device, for its recordings do. Unlike the rest of the registry they are read from the
database: two shifts of 200 devices are 150,000 rows a year, and nothing live asks for them.

Not here: whether somebody may know of an officer (viewer.access), what the device recorded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Row, Table, Text, Update, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.clerk import Clerk
from gateway.registry.directory import Directory
from gateway.registry.errors import Conflict, Invalid
from gateway.registry.words import NAME_MAX, require_text
from storage import Clock, UlidFactory
from storage.database import metadata
from storage.ledger import JsonValue

CERTIFICATE_NO_MAX = 64
LISTED_MAX = 50  # of a search: who sees more types another letter
CARRIED_MAX = 500  # of one officer in a month: sixteen a day

assignments = Table(
    "assignments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("device", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("certificate_no", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("begin_utc_ns", BigInteger, nullable=False),
    Column("end_utc_ns", BigInteger, nullable=True),
    Index("ix_assignments_device_begin_utc_ns", "device", "begin_utc_ns"),
    Index("ix_assignments_certificate_no_begin_utc_ns", "certificate_no", "begin_utc_ns"),
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One officer with one device. `unit` is that of the device when it was handed over; `end_utc_ns` None: still."""

    id: str
    device: str
    unit: str
    certificate_no: str
    name: str
    begin_utc_ns: int
    end_utc_ns: int | None


class Officers:
    """`principal` is who the ledger says did it: `user:NAME` or `cli:UID`."""

    def __init__(self, directory: Directory, clerk: Clerk, clock: Clock, new_id: UlidFactory) -> None:
        self._directory = directory
        self._clerk = clerk
        self._clock = clock
        self._new_id = new_id

    async def hand_over(
        self, device_id: str, *, certificate_no: str, name: str, since_utc_ns: int | None = None, principal: str
    ) -> Assignment:
        """From now on, or since a moment that is past, this officer carries the device, and nobody else.

        Raises:
            NotFound: no such device.
            Invalid: a value that cannot be.
            Conflict: it was handed over after that moment already.
        """
        certificate_no = require_text(certificate_no, field="certificate_no", limit=CERTIFICATE_NO_MAX, empty=False)
        name = require_text(name, field="name", limit=NAME_MAX)
        now_ns = self._clock.utc_ns()
        begin_ns = now_ns if since_utc_ns is None else since_utc_ns
        if begin_ns > now_ns:
            raise Invalid("A device is not handed over ahead of time.", field="since", fix="Give a time that is past.")
        async with self._directory.turn:
            device = self._directory.device(device_id)
            assignment = Assignment(self._new_id(), device_id, device.unit, certificate_no, name, begin_ns, None)
            detail: dict[str, JsonValue] = {"certificate_no": certificate_no, "name": name, "since_utc_ns": begin_ns}
            async with self._clerk.writes(principal, "device.hand_over", device_id, detail) as connection:
                await self._require_free(connection, device_id, begin_ns)
                await connection.execute(ended(device_id, begin_ns))
                await connection.execute(insert(assignments).values(_values(assignment)))
        return assignment

    async def take_back(self, device_id: str, *, principal: str) -> None:
        """Nobody carries it any more. Raises NotFound."""
        async with self._directory.turn:
            self._directory.device(device_id)
            if (before := await self.carrier(device_id)) is None:
                return
            detail: dict[str, JsonValue] = {"certificate_no": before.certificate_no, "name": before.name}
            async with self._clerk.writes(principal, "device.take_back", device_id, detail) as connection:
                await connection.execute(ended(device_id, self._clock.utc_ns()))

    async def carrier(self, device_id: str) -> Assignment | None:
        """Who carries it now."""
        statement = select(assignments).where(assignments.c.device == device_id, assignments.c.end_utc_ns.is_(None))
        async with self._clerk.database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _assignment(row)

    async def search(self, q: str, *, units: Collection[str] | None = None) -> list[Assignment]:
        """The latest assignment of each officer whose number or name contains this, latest first; at most 50. `units`:
        only of devices that were of these."""
        latest = select(
            assignments,
            func.max(assignments.c.begin_utc_ns).over(partition_by=assignments.c.certificate_no).label("last"),
        )
        if units is not None:
            latest = latest.where(assignments.c.unit.in_(list(units)))
        if q:
            holds = (
                column.contains(q, autoescape=True) for column in (assignments.c.certificate_no, assignments.c.name)
            )
            latest = latest.where(or_(*holds))
        found = latest.subquery()
        statement = select(found).where(found.c.begin_utc_ns == found.c.last).order_by(found.c.last.desc())
        async with self._clerk.database.read() as connection:
            rows = (await connection.execute(statement.limit(LISTED_MAX * 2))).all()
        by_number = {row.certificate_no: _assignment(row) for row in reversed(rows)}
        return list(reversed(by_number.values()))[:LISTED_MAX]

    async def carried(self, certificate_no: str, start_utc_ns: int, end_utc_ns: int) -> Sequence[Assignment]:
        """What this officer carried in the interval, in order of time."""
        statement = (
            select(assignments)
            .where(
                assignments.c.certificate_no == certificate_no,
                assignments.c.begin_utc_ns < end_utc_ns,
                or_(assignments.c.end_utc_ns.is_(None), assignments.c.end_utc_ns > start_utc_ns),
            )
            .order_by(assignments.c.begin_utc_ns, assignments.c.id)
            .limit(CARRIED_MAX)
        )
        async with self._clerk.database.read() as connection:
            return [_assignment(row) for row in await connection.execute(statement)]

    async def _require_free(self, connection: AsyncConnection, device_id: str, begin_ns: int) -> None:
        reached = func.max(func.coalesce(assignments.c.end_utc_ns, assignments.c.begin_utc_ns))
        statement = select(reached).where(assignments.c.device == device_id)
        last_ns = (await connection.execute(statement)).scalar_one()
        if last_ns is not None and begin_ns < last_ns:
            words = "The device was handed over after that already."
            raise Conflict(words, field="since", fix="Give a later time.")


def ended(device_id: str, utc_ns: int) -> Update:
    """Whoever carries the device does so until this moment."""
    mine = (assignments.c.device == device_id, assignments.c.end_utc_ns.is_(None))
    return update(assignments).where(*mine).values(end_utc_ns=utc_ns)


def _values(assignment: Assignment) -> dict[str, object]:
    return {name: getattr(assignment, name) for name in Assignment.__slots__}


def _assignment(row: Row[tuple[object, ...]]) -> Assignment:
    return Assignment(*(getattr(row, name) for name in Assignment.__slots__))

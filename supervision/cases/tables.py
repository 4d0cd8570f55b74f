"""The rows of cases, and every statement about them.

Lists are read page after page by key, not by number: rows that come and go meanwhile shift nothing. Not here: what a
value may be (words), and the entry that comes before a row (cases).
"""

import base64
import binascii
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import metadata
from supervision.cases.case import (
    Case,
    CaseFields,
    External,
    Field,
    Officer,
    Procedure,
    Stage,
    StageTimes,
    Status,
)
from supervision.cases.errors import CaseInvalid

PAGE_MAX = 500
_IDS_MAX = 500  # cases in one statement; SQLite takes 32,766 values

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("officers", Text, nullable=False),  # JSON: [[certificate_no, name], …]
    Column("party", Text, nullable=False),
    Column("stages", Text, nullable=False),  # JSON: {stage: [begin_utc_ns, end_utc_ns]}
    Column("external_system", Text, nullable=True),
    Column("external_id", Text, nullable=True),
    Column("note", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("begun_utc_ns", BigInteger, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("import_digest", Text, nullable=False),
    UniqueConstraint("unit", "case_no"),
    UniqueConstraint("external_system", "external_id"),
    Index("ix_cases_begun_utc_ns_id", "begun_utc_ns", "id"),
)

CASE_TABLES = (cases.name,)  # derived: the ledger has all of it

SORT_KEYS: Mapping[str, Column[str] | Column[int]] = {
    "begun": cases.c.begun_utc_ns,
    "created": cases.c.created_utc_ns,
    "case_no": cases.c.case_no,
    "cause": cases.c.cause,
    "unit": cases.c.unit,
    "field": cases.c.field,
    "procedure": cases.c.procedure,
    "status": cases.c.status,
}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """All that are given must match. `units` None is every unit.

    `q` is looked for in number and cause, and among the parties only where `parties` says that they may be known.
    """

    units: Collection[str] | None = None
    field: Field | None = None
    procedure: Procedure | None = None
    status: Status | None = None
    q: str = ""
    parties: bool = False
    since_utc_ns: int | None = None
    until_utc_ns: int | None = None  # exclusive

    def clauses(self) -> list[ColumnElement[bool]]:
        columns, found = cases.c, list[ColumnElement[bool]]()
        if self.units is not None:
            found.append(columns.unit.in_(list(self.units)))
        for column, wanted in (
            (columns.field, self.field),
            (columns.procedure, self.procedure),
            (columns.status, self.status),
        ):
            if wanted is not None:
                found.append(column == wanted.value)
        if self.q:
            among = [columns.case_no, columns.cause, *([columns.party] if self.parties else [])]
            found.append(or_(*(column.contains(self.q, autoescape=True) for column in among)))
        if self.since_utc_ns is not None:
            found.append(columns.begun_utc_ns >= self.since_utc_ns)
        if self.until_utc_ns is not None:
            found.append(columns.begun_utc_ns < self.until_utc_ns)
        return found


@dataclass(frozen=True, slots=True)
class CasePage:
    """`total` counts all that match, on whatever page."""

    items: tuple[Case, ...]
    next_cursor: str | None
    total: int


async def page(connection: AsyncConnection, wanted: CaseFilter, sort: str, cursor: str | None, limit: int) -> CasePage:
    """Raises CaseInvalid: `sort` names no key, or `cursor` is none that a page gave."""
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    if name not in SORT_KEYS:
        fix = f"Use one of {', '.join(SORT_KEYS)}."
        raise CaseInvalid(f"The list cannot be sorted by {name[:40]!r}.", field="sort", fix=fix)
    key = SORT_KEYS[name]
    clauses = wanted.clauses()
    total = (await connection.execute(select(func.count()).select_from(cases).where(*clauses))).scalar_one()
    if cursor is not None:
        value, case_id = _read_cursor(cursor, numbers=isinstance(key.type, Integer))
        beyond = key < value if descending else key > value
        beyond_id = cases.c.id < case_id if descending else cases.c.id > case_id
        clauses.append(or_(beyond, and_(key == value, beyond_id)))
    order = (key.desc(), cases.c.id.desc()) if descending else (key.asc(), cases.c.id.asc())
    limit = max(1, min(limit, PAGE_MAX))
    rows = (await connection.execute(select(cases).where(*clauses).order_by(*order).limit(limit + 1))).all()
    following = _cursor(getattr(rows[limit - 1], key.name), rows[limit - 1].id) if len(rows) > limit else None
    return CasePage(tuple(_case(row) for row in rows[:limit]), following, total)


async def find(connection: AsyncConnection, case_id: str) -> Case | None:
    row = (await connection.execute(select(cases).where(cases.c.id == case_id))).one_or_none()
    return None if row is None else _case(row)


async def find_external(connection: AsyncConnection, external: External) -> Case | None:
    same = (cases.c.external_system == external.system) & (cases.c.external_id == external.id)
    row = (await connection.execute(select(cases).where(same))).one_or_none()
    return None if row is None else _case(row)


async def find_number(connection: AsyncConnection, unit: str, case_no: str) -> Case | None:
    same = (cases.c.unit == unit) & (cases.c.case_no == case_no)
    row = (await connection.execute(select(cases).where(same))).one_or_none()
    return None if row is None else _case(row)


async def find_all(connection: AsyncConnection, case_ids: Sequence[str]) -> dict[str, Case]:
    found: dict[str, Case] = {}
    for at in range(0, len(case_ids), _IDS_MAX):
        some = case_ids[at : at + _IDS_MAX]
        for row in await connection.execute(select(cases).where(cases.c.id.in_(some))):
            found[row.id] = _case(row)
    return found


async def find_holders(connection: AsyncConnection, wanted: Sequence[Case]) -> dict[str, Case]:
    """By id, the rows that have the number or the other system's id of one of these cases."""
    found: dict[str, Case] = {}
    columns = cases.c
    for at in range(0, len(wanted), _IDS_MAX):
        some = wanted[at : at + _IDS_MAX]
        numbers = [(case.fields.unit, case.fields.case_no) for case in some]
        externals = [(it.system, it.id) for case in some if (it := case.fields.external) is not None]
        same = or_(
            tuple_(columns.unit, columns.case_no).in_(numbers),
            tuple_(columns.external_system, columns.external_id).in_(externals),
        )
        for row in await connection.execute(select(cases).where(same)):
            found[row.id] = _case(row)
    return found


async def count_in_unit(connection: AsyncConnection, unit: str) -> int:
    statement = select(func.count()).select_from(cases).where(cases.c.unit == unit)
    return (await connection.execute(statement)).scalar_one()


async def remove(connection: AsyncConnection, case_ids: Collection[str]) -> None:
    """Cases of which the ledger says that they never were (replay). People close cases, and remove none."""
    for case_id in case_ids:
        await connection.execute(delete(cases).where(cases.c.id == case_id))


async def write(connection: AsyncConnection, changed: Iterable[Case]) -> None:
    """Insert, or replace what was there of the same id."""
    rows = [_row(case) for case in changed]
    if rows:
        statement = insert(cases)
        others = {column.name: statement.excluded[column.name] for column in cases.c if column.name != "id"}
        await connection.execute(statement.on_conflict_do_update(index_elements=[cases.c.id], set_=others), rows)


def _row(case: Case) -> dict[str, object]:
    fields = case.fields
    return {
        "id": case.id,
        "unit": fields.unit,
        "case_no": fields.case_no,
        "cause": fields.cause,
        "field": fields.field.value,
        "procedure": fields.procedure.value,
        "officers": _json([[each.certificate_no, each.name] for each in fields.officers]),
        "party": fields.party,
        "stages": _json({name.value: [it.begin_utc_ns, it.end_utc_ns] for name, it in fields.stages.items()}),
        "external_system": None if fields.external is None else fields.external.system,
        "external_id": None if fields.external is None else fields.external.id,
        "note": fields.note,
        "status": case.status.value,
        "begun_utc_ns": case.begun_utc_ns,
        "created_utc_ns": case.created_utc_ns,
        "version": case.version,
        "import_digest": case.import_digest,
    }


def _case(row: Row[tuple[object, ...]]) -> Case:
    return Case(
        id=row.id,
        fields=CaseFields(
            unit=row.unit,
            case_no=row.case_no,
            cause=row.cause,
            field=Field(row.field),
            procedure=Procedure(row.procedure),
            officers=tuple(Officer(number, name) for number, name in json.loads(row.officers)),
            party=row.party,
            stages={Stage(name): StageTimes(*times) for name, times in json.loads(row.stages).items()},
            external=None if row.external_id is None else External(row.external_system, row.external_id),
            note=row.note,
        ),
        status=Status(row.status),
        created_utc_ns=row.created_utc_ns,
        version=row.version,
        import_digest=row.import_digest,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cursor(value: str | int, case_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([value, case_id]).encode()).decode("ascii").rstrip("=")


def _read_cursor(cursor: str, *, numbers: bool) -> tuple[str | int, str]:
    try:
        value, case_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fits = isinstance(value, int) and abs(value) < 2**63 if numbers else isinstance(value, str)
        if fits and isinstance(case_id, str) and _is_text(f"{value}{case_id}"):
            return value, case_id
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass
    raise CaseInvalid("This is not a cursor of this list.", field="cursor", fix="Begin at the first page.")


def _is_text(value: str) -> bool:
    """Half a letter, which JSON can hold and the database cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True

"""Files of many cases: looked at and taken, and given out.

A file comes in as it is, up to 4 MiB (viewer.headers). Not here: what its cells mean (supervision.cases).
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from storage import iso_from_ns
from storage.ledger import JsonValue
from supervision.cases import HEADINGS, CaseFilter, Preview, RowFault, case_lines, heading_line
from viewer.access import Action, Caller, CallerHere, GuardedRoute
from viewer.api.cases import Asked, filter_of
from viewer.api.times import iso_or_none
from viewer.objects import every_unit, unit_object
from viewer.problems import INVALID, UNSUPPORTED_TYPE, Problem
from viewer.services import Services, ServicesHere

CSV = "text/csv"
TAKEN_TYPES = (CSV, "application/vnd.ms-excel", "application/octet-stream", "text/plain")
EXPORT_MAX = 20_000  # rows; some 6 MB, which a spreadsheet still opens at once. More is for the API
EXPORT_PAGE = 500
SHOWN_ROWS = 20  # of the good ones; of the bad ones all are

router = APIRouter(prefix="/api/v1/cases", route_class=GuardedRoute, tags=["cases"])


class RowFaultItem(BaseModel):
    """`row` as a spreadsheet counts, the headings being 1; `column` as the file has it. `what` is for programs."""

    row: int
    column: str
    what: str
    detail: str
    fix: str


class PreviewRow(BaseModel):
    row: int
    unit: str
    case_no: str
    cause: str
    party: str


class ImportPreview(BaseModel):
    """`ready`: it can be taken, whole. `taken` rows are cases already, since this very file was taken before."""

    digest: str
    encoding: str
    rows: int
    good: int
    taken: int
    ready: bool
    faults: list[RowFaultItem]
    ignored_columns: list[str]
    first_rows: list[PreviewRow]


class ImportOrder(BaseModel):
    """The digest that the preview answered."""

    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ImportResult(BaseModel):
    """`before`: so many were there already, by the same file."""

    digest: str
    created: int
    before: int


_FILE = {"requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("/import/preview", openapi_extra=_FILE)
async def preview_import(
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    unit: Annotated[str | None, Query(max_length=64, description="For rows that name none.")] = None,
) -> ImportPreview:
    """Read a file and name every row that cannot be taken. Nothing is changed.

    UTF-8, UTF-16 or GB18030; commas, semicolons or tabs; times as 2026-03-01 09:30, in China Standard Time.
    """
    principal = await caller.enter()
    if unit is not None:
        await caller.enter_also(Action.CASE_CREATE, unit_object(services.registry, unit))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TAKEN_TYPES:
        raise Problem(UNSUPPORTED_TYPE, "The body is of another type.", field="Content-Type", fix=f"Send {CSV}.")
    data = await request.body()
    preview = await services.case_imports.preview(data, _units_of(caller, services).get, unit, reader=principal.name)
    return _preview(preview)


@router.post("/import")
async def take_import(caller: CallerHere, services: ServicesHere, body: ImportOrder) -> ImportResult:
    """Take the file that was looked at: all of its cases or none. Taking it again makes nothing."""
    principal = await caller.enter()
    preview = services.case_imports.find(body.digest, reader=principal.name)
    for unit in sorted({row.fields.unit for row in preview.rows}):  # rights may be fewer than when it was looked at
        await caller.enter_also(Action.CASE_CREATE, unit_object(services.registry, unit))
    taken = await services.case_imports.take(body.digest, reader=principal.name, principal=caller.ledger_name)
    return ImportResult(digest=taken.digest, created=len(taken.created), before=taken.before)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "Headings as an import has."}},
)
async def export_cases(caller: CallerHere, services: ServicesHere, asked: Asked) -> StreamingResponse:
    """The cases that match as CSV, newest first. Who took which is in the audit log."""
    told = {name: getattr(asked, name) for name in ("unit", "field", "procedure", "status")}
    spans = {"from": iso_or_none(asked.since_utc_ns), "to": iso_or_none(asked.until_utc_ns)}
    detail: dict[str, JsonValue] = {name: value for name, value in {**told, **spans}.items() if value is not None}
    await caller.enter(detail={**detail, "searched": True} if asked.q else detail)  # what for, may be a name
    wanted = filter_of(asked, caller, services.registry)
    first = await services.cases.page(wanted, limit=1)
    if first.total > EXPORT_MAX:
        words = f"{first.total} cases are too many for one file."
        raise Problem(INVALID, words, field="from", fix=f"Ask for at most {EXPORT_MAX}, by time or unit.")
    name = f"cases-{iso_from_ns(services.clock.utc_ns())[:10]}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_lines(services, wanted), 200, headers, f"{CSV}; charset=utf-8")


async def _lines(services: Services, wanted: CaseFilter) -> AsyncIterator[str]:
    names = {unit.id: unit.name for unit in every_unit(services.registry)}
    double = {name for name in names.values() if list(names.values()).count(name) > 1}
    yield heading_line()
    cursor: str | None = None
    while True:
        page = await services.cases.page(wanted, cursor=cursor, limit=EXPORT_PAGE)
        yield case_lines(page.items, lambda unit: _told(unit, names, double), parties=wanted.parties)
        cursor = page.next_cursor
        if cursor is None:
            return


def _told(unit: str, names: dict[str, str], double: set[str]) -> str:
    """The unit's name, or its id where two have the same: an import has to find it again."""
    name = names.get(unit, unit)
    return unit if name in double else name


def _units_of(caller: Caller, services: Services) -> dict[str, str]:
    """Ids by id and by name, of the units in which this person may make a case; no name that two units have."""
    found: dict[str, str] = {}
    named: dict[str, str | None] = {}
    for unit in every_unit(services.registry):
        if caller.sees(Action.CASE_CREATE, unit_object(services.registry, unit.id)):
            found[unit.id] = unit.id
            named[unit.name] = None if unit.name in named else unit.id
    return {**{name: unit for name, unit in named.items() if unit is not None}, **found}


def _preview(preview: Preview) -> ImportPreview:
    return ImportPreview(
        digest=preview.digest,
        encoding=preview.encoding,
        rows=preview.read_rows,
        good=len(preview.rows),
        taken=preview.taken,
        ready=preview.ready,
        faults=[_fault(fault) for fault in preview.faults],
        ignored_columns=list(preview.ignored),
        first_rows=[
            PreviewRow(
                row=row.row,
                unit=row.fields.unit,
                case_no=row.fields.case_no,
                cause=row.fields.cause,
                party=row.fields.party,
            )
            for row in preview.rows[:SHOWN_ROWS]
        ],
    )


def _fault(fault: RowFault) -> RowFaultItem:
    chinese = {heading.key: heading.chinese for heading in HEADINGS}
    column = chinese.get(fault.column, fault.column)
    return RowFaultItem(row=fault.row, column=column, what=fault.what, detail=fault.words, fix=fault.fix)

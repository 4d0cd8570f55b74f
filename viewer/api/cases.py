"""Cases: what was enforced, in which stages and when, and which of them have footage.

Who belongs to a unit sees the cases of it and of the units under it. Not here: files of many cases (case_files).
"""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response, status
from pydantic import BaseModel

from gateway.registry import Registry
from storage import iso_from_ns
from supervision.cases import PERSONAL, Case, CaseFields, CaseFilter, External, Procedure, Status, checked_external
from supervision.cases import Field as CaseField
from viewer.access import Action, Caller, CallerHere, GuardedRoute, Kind, Object
from viewer.api.case_items import CaseEdit, CaseItem, NewCase, PutCase, external_of, items_of, officers_of, stages_of
from viewer.api.paging import LIMIT_DEFAULT, SEARCH_LENGTH_MAX, Cursor, Limit, Page, Sort
from viewer.api.times import Moment, ns_from
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import case_object, every_unit, unit_object
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/cases", route_class=GuardedRoute, tags=["cases"])

External_ = Annotated[str, Path(max_length=512)]


@dataclass(frozen=True, slots=True)
class CaseQuestion:
    """How a list of cases, or a file of them, is asked for."""

    unit: str | None
    field: CaseField | None
    procedure: Procedure | None
    status: Status | None
    q: str
    since_utc_ns: int | None
    until_utc_ns: int | None


def question(
    unit: Annotated[str | None, Query(max_length=64, description="With the units under it.")] = None,
    field: CaseField | None = None,
    procedure: Procedure | None = None,
    status: Status | None = None,
    q: Annotated[str, Query(max_length=SEARCH_LENGTH_MAX, description="What number, cause or party contain.")] = "",
    from_: Annotated[Moment | None, Query(alias="from", description="Begun at or after this.")] = None,
    to: Annotated[Moment | None, Query(description="Begun before this.")] = None,
) -> CaseQuestion:
    since, until = (None if moment is None else ns_from(moment) for moment in (from_, to))
    return CaseQuestion(unit, field, procedure, status, q.strip(), since, until)


Asked = Annotated[CaseQuestion, Depends(question)]


class CaseEvent(BaseModel):
    """One change. Of an edit `changed` has each field as `{"from", "to"}`, of a creation what it began with."""

    sequence: int
    at: str
    principal: str
    action: str
    changed: dict[str, object]


class CaseHistory(BaseModel):
    """Newest first."""

    items: list[CaseEvent]


def filter_of(asked: CaseQuestion, caller: Caller, registry: Registry) -> CaseFilter:
    """Of what was asked for, what this person may see: units by their own, parties by their role."""
    sight = caller.principal.unit
    within = [unit for unit in (asked.unit, sight) if unit is not None]
    units = None
    if within:
        paths = {unit.id: registry.units.path(unit.id) for unit in every_unit(registry)}
        units = [unit for unit, path in paths.items() if all(one in path for one in within)]
    may_know = caller.sees(Action.CASE_READ_PARTY, Object(Kind.CASE, unit_path=() if sight is None else (sight,)))
    return CaseFilter(
        units=units,
        field=asked.field,
        procedure=asked.procedure,
        status=asked.status,
        q=asked.q,
        parties=may_know,
        since_utc_ns=asked.since_utc_ns,
        until_utc_ns=asked.until_utc_ns,
    )


@router.get("")
async def list_cases(
    caller: CallerHere,
    services: ServicesHere,
    asked: Asked,
    sort: Sort = "-begun",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[CaseItem]:
    await caller.enter()
    wanted = filter_of(asked, caller, services.registry)
    page = await services.cases.page(wanted, sort=sort, cursor=cursor, limit=limit)
    items = await items_of(caller, services, list(page.items))
    return Page(items=items, next_cursor=page.next_cursor, total=page.total)


@router.post("", status_code=status.HTTP_201_CREATED)
async def create_case(caller: CallerHere, services: ServicesHere, response: Response, body: NewCase) -> CaseItem:
    await caller.enter(unit_object(services.registry, body.unit))
    fields = body.fields(external_of(body.external))
    case = await services.cases.create(fields, principal=caller.ledger_name)
    return await _answer(case, caller, services, response)


@router.put("/by-external/{system}/{number}", responses={201: {"model": CaseItem, "description": "It is new."}})
async def put_case(
    system: External_,
    number: External_,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: PutCase,
    if_match: IfMatch = None,
) -> CaseItem:
    """The case that another system calls so: made (201), brought up to date, or, if nothing differs, left as it is.

    Without If-Match the other system has the last word; every word before it is in the history.
    """
    await caller.enter(unit_object(services.registry, body.unit))
    external = checked_external(External(system, number))  # as it is kept, or a foreign case would not be found
    before = await services.cases.find_external(external)
    version: int | None = None
    if before is not None:
        await caller.enter_also(Action.CASE_EDIT, case_object(services.registry, before.id, before))
        version = None if if_match is None else require_match(if_match, before.version)
    put = await services.cases.put(
        body.fields(external), seen=None if before is None else before.id, version=version, principal=caller.ledger_name
    )
    if put.created:
        response.status_code = status.HTTP_201_CREATED
    return await _answer(put.case, caller, services, response)


@router.get("/{case}")
async def read_case(case: str, caller: CallerHere, services: ServicesHere, response: Response) -> CaseItem:
    return await _answer(await _enter(case, caller, services), caller, services, response)


@router.patch("/{case}")
async def edit_case(
    case: str,
    caller: CallerHere,
    services: ServicesHere,
    response: Response,
    body: CaseEdit,
    if_match: IfMatch = None,
) -> CaseItem:
    """Change it, or give it to another unit. A closed case is opened first."""
    before = await _enter(case, caller, services)
    version = require_match(if_match, before.version)
    if body.unit is not None and body.unit != before.fields.unit:
        await caller.enter_also(Action.CASE_CREATE, unit_object(services.registry, body.unit))

    def change(fields: CaseFields) -> CaseFields:
        return replace(
            fields,
            unit=fields.unit if body.unit is None else body.unit,
            case_no=fields.case_no if body.case_no is None else body.case_no,
            cause=fields.cause if body.cause is None else body.cause,
            field=body.field or fields.field,
            procedure=body.procedure or fields.procedure,
            officers=fields.officers if body.officers is None else officers_of(body.officers),
            party=fields.party if body.party is None else body.party,
            stages=fields.stages if body.stages is None else stages_of(fields.stages, body.stages),
            external=external_of(body.external) if "external" in body.model_fields_set else fields.external,
            note=fields.note if body.note is None else body.note,
        )

    after = await services.cases.edit(case, change, version=version, principal=caller.ledger_name)
    return await _answer(after, caller, services, response)


@router.post("/{case}/close")
async def close_case(
    case: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> CaseItem:
    """Nothing of it changes until it is opened again."""
    version = require_match(if_match, (await _enter(case, caller, services)).version)
    closed = await services.cases.close(case, version=version, principal=caller.ledger_name)
    return await _answer(closed, caller, services, response)


@router.post("/{case}/reopen")
async def reopen_case(
    case: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> CaseItem:
    version = require_match(if_match, (await _enter(case, caller, services)).version)
    opened = await services.cases.reopen(case, version=version, principal=caller.ledger_name)
    return await _answer(opened, caller, services, response)


@router.get("/{case}/history")
async def read_history(case: str, caller: CallerHere, services: ServicesHere) -> CaseHistory:
    """Who changed what, from the ledger."""
    found = await _enter(case, caller, services)
    knows_party = caller.sees(Action.CASE_READ_PARTY, case_object(services.registry, case, found))
    hidden = {"version", "import", "created_at", *(() if knows_party else PERSONAL)}
    return CaseHistory(
        items=[
            CaseEvent(
                sequence=entry.n,
                at=iso_from_ns(entry.utc_ns),
                principal=entry.principal,
                action=entry.action,
                changed={name: value for name, value in entry.detail.items() if name not in hidden},
            )
            for entry in await services.cases.history(case)
        ]
    )


async def _enter(case_id: str, caller: Caller, services: Services) -> Case:
    found = await services.cases.find(case_id)
    await caller.enter(case_object(services.registry, case_id, found))
    assert found is not None  # the guard lets nobody in to what does not exist
    return found


async def _answer(case: Case, caller: Caller, services: Services, response: Response) -> CaseItem:
    set_etag(response, case.version)
    return (await items_of(caller, services, [case]))[0]

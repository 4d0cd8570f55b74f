"""How long footage stays, by unit and category: read, decided, and what a decision would do before it is one.

    GET /api/v1/retention/policies              what holds in each unit, and who says so; `_house` is above all of them
    GET …/{unit}/effect?untagged_days=90        what would go, and when, that would otherwise stay
    PUT …/{unit}                                decide; what shortens counts seven days later

Not here: rules and rows (recorder.retention).
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from recorder.retention import FOR_EVER, HOUSE, Policy, Tagged
from storage import DAY_NS, iso_from_ns
from viewer.access import CallerHere, GuardedRoute, Object
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Search, Sort, cut_page
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.objects import every_unit, top_of_units, unit_object
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/retention/policies", route_class=GuardedRoute, tags=["retention"])

Days = Annotated[int | None, Query(ge=30, le=36_500, description="Untagged; none: as the unit above.")]
Years = Annotated[int, Field(ge=1, le=100)] | Literal["for_ever"] | None


class PolicyWish(BaseModel):
    """Null: as the unit above says. `tagged` counts from the end of the case."""

    model_config = ConfigDict(extra="forbid")

    untagged_days: Annotated[int | None, Field(ge=30, le=36_500)] = None
    tagged: Years = None
    note: Annotated[str, Field(min_length=1, max_length=1_000)]


class HeldBefore(BaseModel):
    """What held before counts where it is longer, until then."""

    untagged_days: float
    tagged: Years
    until: str


class PolicyItem(BaseModel):
    """`untagged_days` and `tagged` are the unit's own word; `effective_…` what holds now. `decided_by` is the unit
    whose policy says how long untagged footage stays; empty: the settings. Version 0: it has no word of its own.
    """

    unit: str
    name: str  # of the unit; empty: the house
    untagged_days: int | None
    tagged: Years
    effective_untagged_days: float
    effective_tagged: Years
    decided_by: str
    note: str
    changed_by: str
    changed_at: str | None
    before: HeldBefore | None
    version: int


class Effect(BaseModel):
    """What would go by `at` that would stay as it is now, and what would stay that would go. Of footage that nothing
    else keeps."""

    at: str
    freed_segments: int
    freed_seconds: int
    freed_bytes: int
    spared_segments: int
    spared_seconds: int
    spared_bytes: int


class PolicyChange(BaseModel):
    at: str
    by: str
    untagged_days: int | None
    tagged: Years
    note: str
    version: int


class PolicyHistory(BaseModel):
    items: list[PolicyChange]


@router.get("")
async def list_policies(
    caller: CallerHere,
    services: ServicesHere,
    q: Search = "",
    sort: Sort = "unit",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[PolicyItem]:
    principal = await caller.enter()
    units = [unit.id for unit in every_unit(services.registry)]
    if principal.unit is not None:
        units = [unit for unit in units if principal.unit in services.registry.units.path(unit)]
    items = [_item(unit, services) for unit in [HOUSE, *units] if q.casefold() in unit.casefold()]
    keys = {
        "unit": lambda item: item.unit,
        "untagged": lambda item: f"{item.effective_untagged_days:012.3f}",
        "changed_at": lambda item: item.changed_at or "",
    }
    rows, following, total = cut_page(items, keys, "unit", sort, cursor, limit)
    return Page(items=rows, next_cursor=following, total=total)


@router.get("/{unit}")
async def read_policy(unit: str, caller: CallerHere, services: ServicesHere, response: Response) -> PolicyItem:
    await caller.enter(_object(unit, services))
    item = _item(unit, services)
    set_etag(response, item.version)
    return item


@router.get("/{unit}/effect")
async def read_effect(
    unit: str,
    caller: CallerHere,
    services: ServicesHere,
    untagged_days: Days = None,
) -> Effect:
    """Of untagged footage: what is tagged never goes by a policy alone."""
    await caller.enter(_object(unit, services))
    retention, now_ns = services.retention, services.retention.now_utc_ns()
    present = retention.policies.find(unit)
    tagged = None if present is None else present.tagged
    draft = retention.policies.drafted(unit, untagged_days, tagged, "draft", caller.ledger_name)
    assert draft.earlier is not None
    at_ns = draft.earlier.until_utc_ns  # by the clock that the draft was made by
    book = retention.policies.book
    freed, spared = await retention.outlook.difference(book, book.with_draft(draft), now_ns, at_ns + 1)
    return Effect(
        at=iso_from_ns(at_ns),
        freed_segments=freed[0],
        freed_seconds=freed[1],
        freed_bytes=freed[2],
        spared_segments=spared[0],
        spared_seconds=spared[1],
        spared_bytes=spared[2],
    )


@router.put("/{unit}")
async def decide_policy(
    unit: str,
    caller: CallerHere,
    services: ServicesHere,
    body: PolicyWish,
    response: Response,
    if_match: IfMatch = None,
) -> PolicyItem:
    """What shortens counts seven days later: until then what held before does."""
    await caller.enter(_object(unit, services))
    before = services.retention.policies.find(unit)
    version = require_match(if_match, 0 if before is None else before.version)
    await services.retention.policies.decide(
        unit,
        untagged_days=body.untagged_days,
        tagged=body.tagged,
        note=body.note,
        version=version,
        principal=caller.ledger_name,
    )
    item = _item(unit, services)
    set_etag(response, item.version)
    return item


@router.get("/{unit}/history")
async def read_policy_history(unit: str, caller: CallerHere, services: ServicesHere) -> PolicyHistory:
    """Newest first, as the ledger has it."""
    await caller.enter(_object(unit, services))
    changes = []
    for entry in await services.retention.policies.history(unit):
        policy = Policy.from_detail(unit, entry.detail)
        changes.append(
            PolicyChange(
                at=iso_from_ns(entry.utc_ns),
                by=entry.principal,
                untagged_days=policy.untagged_days,
                tagged=_years(policy.tagged),
                note=policy.note,
                version=policy.version,
            )
        )
    return PolicyHistory(items=changes)


def _object(unit: str, services: Services) -> Object:
    """The house is decided of by who sees every unit."""
    return top_of_units() if unit == HOUSE else unit_object(services.registry, unit)


def _item(unit: str, services: Services) -> PolicyItem:
    book, now_ns = services.retention.policies.book, services.retention.now_utc_ns()
    policy = book.find(unit)
    earlier = None if policy is None else policy.earlier
    before = None
    if earlier is not None and earlier.until_utc_ns > now_ns:
        before = HeldBefore(
            untagged_days=earlier.untagged_ns / DAY_NS,
            tagged=_years(earlier.tagged),
            until=iso_from_ns(earlier.until_utc_ns),
        )
    found = services.registry.units.find(unit)
    return PolicyItem(
        unit=unit,
        name="" if found is None else found.name,
        untagged_days=None if policy is None else policy.untagged_days,
        tagged=None if policy is None else _years(policy.tagged),
        effective_untagged_days=book.untagged_ns(unit, now_ns) / DAY_NS,
        effective_tagged=_years(book.tagged(unit, now_ns)),
        decided_by=book.deciding_unit(unit),
        note="" if policy is None else policy.note,
        changed_by="" if policy is None else policy.changed_by,
        changed_at=None if policy is None else iso_from_ns(policy.changed_utc_ns),
        before=before,
        version=0 if policy is None else policy.version,
    )


def _years(tagged: Tagged) -> Years:
    return FOR_EVER if tagged == FOR_EVER else tagged

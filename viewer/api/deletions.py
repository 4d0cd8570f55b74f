"""Certificates of deletion: what the ring deleted, by which rule, as the ledger says it.

    GET /api/v1/deletions         newest first; `kept` true: only footage that a clip or hold kept once
    GET /api/v1/deletions/{n}     one, whole, to be kept: with number and digest of its entry, for which heads vouch

Not here: how they are made (recorder.retention.deletions), the proof (audit, heads).
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from recorder import KeepingKind
from recorder.retention import FOOTAGE, KEPT
from storage import iso_from_ns
from storage.ledger import Entry, JsonValue
from viewer.access import CallerHere, GuardedRoute
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit
from viewer.problems import INVALID, NOT_FOUND, Problem
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/deletions", route_class=GuardedRoute, tags=["deletions"])


class DeletedFootage(BaseModel):
    """Of one channel, by one rule. `folded` is SHA-256 over its segments (docs/reference/deletions.md); `each` names
    them, where a clip or hold kept it once.
    """

    device: str
    channel: str
    unit: str
    rule: str
    start: str
    end: str
    seconds: int
    segments: int
    bytes: int
    folded: str
    each: list[list[str]] = []


class LetGo(BaseModel):
    """The clip or hold that kept it, and by whose word it does not any more."""

    id: str
    kind: str
    case: str
    created_by: str
    asked_by: str
    asked_at: str
    reason: str
    agreed_by: str
    free_at: str


class Certificate(BaseModel):
    """`digest` is that of the ledger's entry `sequence`: `mingjing audit verify` proves it against signed heads."""

    sequence: int
    at: str
    digest: str
    segments: int
    bytes: int
    footage: list[DeletedFootage]
    let_go: LetGo | None


class Certificates(BaseModel):
    items: list[Certificate]
    next_cursor: str | None
    total: int


@router.get("")
async def list_deletions(
    caller: CallerHere,
    services: ServicesHere,
    kept: Annotated[bool, Query(description="Only of footage that a clip or hold kept once.")] = False,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Certificates:
    await caller.enter()
    action = KEPT if kept else "deletion."
    try:
        page = await services.ledger.query(action=action, cursor=cursor, limit=limit)
    except ValueError:
        words = "This is not a cursor of this list."
        raise Problem(INVALID, words, field="cursor", fix="Begin at the first page.") from None
    items = [await _certificate(entry, services) for entry in page.items if entry.action in (FOOTAGE, KEPT)]
    return Certificates(items=items, next_cursor=page.next_cursor, total=page.total)


@router.get("/{sequence}")
async def read_deletion(sequence: int, caller: CallerHere, services: ServicesHere, response: Response) -> Certificate:
    await caller.enter()
    found = []
    if 0 < sequence < 1 << 53:
        found = await services.ledger.newest("deletion.", sequence + 1, 1, after_n=sequence - 1)
    if not found or found[0].action not in (FOOTAGE, KEPT):
        raise Problem(NOT_FOUND, "There is no such certificate.")
    response.headers["Content-Disposition"] = f'attachment; filename="deletion-{sequence}.json"'
    return await _certificate(found[0], services)


async def _certificate(entry: Entry, services: Services) -> Certificate:
    detail = entry.detail
    groups = detail["footage"] if entry.action == FOOTAGE else [detail]
    footage = [_footage(group) for group in groups] if isinstance(groups, list) else []
    return Certificate(
        sequence=entry.n,
        at=iso_from_ns(entry.utc_ns),
        digest=entry.digest.hex(),
        segments=sum(group.segments for group in footage),
        bytes=sum(group.bytes for group in footage),
        footage=footage,
        let_go=await _let_go(entry.subject, services) if entry.action == KEPT else None,
    )


def _footage(group: JsonValue) -> DeletedFootage:
    assert isinstance(group, Mapping)
    return DeletedFootage.model_validate({**group, "start": group["from"], "end": group["to"]})


async def _let_go(keeping_id: str, services: Services) -> LetGo | None:
    for kind in KeepingKind:
        keeping = await services.kept.find(kind, keeping_id)
        if keeping is not None and keeping.removal is not None:
            removal = keeping.removal
            return LetGo(
                id=keeping.id,
                kind=kind.value,
                case=keeping.case,
                created_by=keeping.created_by,
                asked_by=removal.asked_by,
                asked_at=iso_from_ns(removal.asked_utc_ns),
                reason=removal.reason,
                agreed_by=removal.agreed_by,
                free_at=iso_from_ns(removal.free_utc_ns),
            )
    return None

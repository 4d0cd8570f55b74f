"""The audit log, for the auditor: who did what, newest first, and whether the chain is whole."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from storage import iso_from_ns
from storage.heads import HeadsReport
from storage.ledger import Entry
from supervision.cases import PERSONAL
from viewer.access import CallerHere, GuardedRoute
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page
from viewer.api.times import Moment, ns_from
from viewer.problems import INVALID, Problem
from viewer.services import ServicesHere

FILTER_LENGTH_MAX = 200
WITHHELD = "withheld"  # stands where an entry has a name that its readers are not to learn

router = APIRouter(prefix="/api/v1/audit", route_class=GuardedRoute, tags=["audit"])

Filter = Annotated[str | None, Query(max_length=FILTER_LENGTH_MAX)]


class AuditEntry(BaseModel):
    """`digest` is the SHA-256 that the next entry names."""

    sequence: int
    at: str
    principal: str
    action: str
    subject: str
    detail: dict[str, object]
    digest: str


class BrokenAt(BaseModel):
    sequence: int
    file: str
    line: int
    why: str


class BrokenHeadAt(BaseModel):
    """Head 0 is the second copy. `subject` is the stream or entry whose leaf differs."""

    head: int
    leaf: int | None
    subject: str
    file: str
    line: int
    why: str


class HeadsProof(BaseModel):
    """Whether journals and audit log are still what the signed heads say. Of leaves that are `gone` the footage was
    deleted since."""

    heads: int
    leaves: int
    gone: int
    broken: BrokenHeadAt | None


class AuditProof(BaseModel):
    """Whether every entry names the one before it, from the first to the newest, and signed heads agree."""

    intact: bool
    entries: int
    broken: BrokenAt | None
    entries_without_row: int
    heads: HeadsProof | None


@router.get("")
async def list_entries(
    caller: CallerHere,
    services: ServicesHere,
    principal: Annotated[str | None, Query(max_length=FILTER_LENGTH_MAX, description="As `user:li.wei`.")] = None,
    action: Annotated[
        str | None, Query(max_length=FILTER_LENGTH_MAX, description="A noun and a dot takes all of it: `device.`")
    ] = None,
    subject: Filter = None,
    from_: Annotated[Moment | None, Query(alias="from")] = None,
    to: Moment | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[AuditEntry]:
    """Reading the log is an entry of the log."""
    asked = {
        "principal": principal,
        "action": action,
        "subject": subject,
        "from": None if from_ is None else iso_from_ns(ns_from(from_)),
        "to": None if to is None else iso_from_ns(ns_from(to)),
    }
    await caller.enter(detail={name: value for name, value in asked.items() if value is not None})
    try:
        page = await services.ledger.query(
            principal=principal,
            action=action,
            subject=subject,
            since_utc_ns=None if from_ is None else ns_from(from_),
            until_utc_ns=None if to is None else ns_from(to),
            cursor=cursor,
            limit=limit,
        )
    except ValueError:
        raise Problem(
            INVALID, "This is not a cursor of this list.", field="cursor", fix="Begin at the first page."
        ) from None
    return Page(items=[_entry(entry) for entry in page.items], next_cursor=page.next_cursor, total=page.total)


@router.get("/verify")
async def verify(caller: CallerHere, services: ServicesHere) -> AuditProof:
    """Read the whole log and prove it."""
    await caller.enter()
    report = await services.ledger.verify()
    heads = None if services.notary is None else await services.notary.verify()
    broken = report.first_broken
    return AuditProof(
        intact=report.intact and (heads is None or heads.intact),
        entries=report.entries,
        broken=None
        if broken is None
        else BrokenAt(sequence=broken.n, file=broken.file, line=broken.line, why=broken.reason),
        entries_without_row=report.unprojected,
        heads=None if heads is None else _heads(heads),
    )


def _heads(report: HeadsReport) -> HeadsProof:
    broken = report.first_broken
    return HeadsProof(
        heads=report.heads,
        leaves=report.leaves,
        gone=report.gone,
        broken=None
        if broken is None
        else BrokenHeadAt(
            head=broken.head,
            leaf=broken.leaf,
            subject=broken.subject,
            file=broken.file,
            line=broken.line,
            why=broken.reason,
        ),
    )


def _entry(entry: Entry) -> AuditEntry:
    return AuditEntry(
        sequence=entry.n,
        at=iso_from_ns(entry.utc_ns),
        principal=entry.principal,
        action=entry.action,
        subject=entry.subject,
        detail=_detail(entry),
        digest=entry.digest.hex(),
    )


def _detail(entry: Entry) -> dict[str, object]:
    """What the entry says, but of a case who was punished: reading the log is no reading of case files."""
    if not entry.action.startswith("case."):
        return dict(entry.detail)
    return {name: WITHHELD if name in PERSONAL and value else value for name, value in entry.detail.items()}

"""Packages of footage that are handed out: ordered, agreed to, watched while they are made, downloaded.

    POST /api/v1/exports                  clips, intervals or a case; 201, or 200 for what was ordered under this key
    POST …/estimate                       how large, and whether a second person is needed
    POST …/{id}/agree, …/{id}/cancel
    GET …/{id}/bundle?reason=             the bytes, by Range (RFC 9110, 14); each answer is on record

Not here: how one is made (recorder.export), how its bytes are sent and cut off (viewer.exports).
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response, status
from pydantic import StringConstraints

from recorder import Export, ExportFilter, ExportState, Interval, Keeping, KeepingKind, KeptFilter, NotACursor, Order
from storage import ByteRange, SegmentUnreadableError
from storage.ledger import JsonValue
from supervision.cases import Case, TimeSpan
from viewer.access import Action, Caller, CallerHere, GuardedRoute, Object
from viewer.api.export_items import EstimateItem, ExportItem, ExportOrder, NewExport, export_item, file_name
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page, Sort
from viewer.api.times import ns_from
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.case_at_hand import CaseAtHand, CaseId, Stretch, case_at_hand
from viewer.exports import PERSON_MAX, BundleBytes, Downloads, TooManyDownloads, disposition
from viewer.objects import case_object, device_object, export_object, kept_scope, places_of
from viewer.playback import NotSatisfiable, read_first, wanted_range
from viewer.problems import CONFLICT, GONE, INVALID, RANGE_NOT_SATISFIABLE, TOO_MANY, Problem
from viewer.services import Services, ServicesHere

KEY_LENGTH_MAX = 128
REASON_LENGTH_MAX = 200

router = APIRouter(prefix="/api/v1/exports", route_class=GuardedRoute, tags=["exports"])

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=KEY_LENGTH_MAX,
        pattern=r"^[!-~]+$",
        description="The client's own name for this order: sent again, it makes nothing new.",
    ),
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_LENGTH_MAX)]


@router.get("", name="list_exports")
async def list_exports(
    caller: CallerHere,
    services: ServicesHere,
    state: ExportState | None = None,
    case: Annotated[str | None, Query(max_length=64)] = None,
    mine: Annotated[bool, Query(description="Only what I ordered.")] = False,
    sort: Sort = "-created_at",
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[ExportItem]:
    principal = await caller.enter()
    if sort not in ("created_at", "-created_at"):
        words = f"The list cannot be sorted by {sort!r}."
        raise Problem(INVALID, words, field="sort", fix="One of created_at.")
    wanted = ExportFilter(
        state=state,
        case=case,
        created_by=caller.ledger_name if mine else None,
        within=None if principal.unit is None else kept_scope(services.registry, principal.unit),
    )
    try:
        page = await services.exports.page(wanted, oldest_first=sort == "created_at", cursor=cursor, limit=limit)
    except NotACursor:
        words = "This is not a cursor of this list."
        raise Problem(INVALID, words, field="cursor", fix="Begin at the first page.") from None
    items = [export_item(one, services) for one in page.items]
    return Page(items=items, next_cursor=page.next_cursor, total=page.total)


@router.post("", name="create_export", status_code=status.HTTP_201_CREATED)
async def create_export(
    caller: CallerHere, services: ServicesHere, body: NewExport, response: Response, key: Key = None
) -> ExportItem:
    order = await _order(body, caller, services, reason=body.reason, key=key or "")
    try:
        export, new = await services.exports.create(order, caller.ledger_name)
    except (SegmentUnreadableError, OSError) as error:
        raise _unreadable(error) from error
    if not new:
        response.status_code = status.HTTP_200_OK
    set_etag(response, export.version)
    return export_item(export, services)


@router.post("/estimate", name="estimate_export")
async def estimate_export(caller: CallerHere, services: ServicesHere, body: ExportOrder) -> EstimateItem:
    """Nothing is ordered."""
    order = await _order(body, caller, services)
    try:
        found = await services.exports.estimate(order, caller.ledger_name)
    except (SegmentUnreadableError, OSError) as error:
        raise _unreadable(error) from error
    return EstimateItem(
        size_bytes=found.size_bytes,
        seconds=found.seconds,
        mass=[one.value for one in found.mass],
        room_bytes=found.room_bytes,
    )


@router.get("/{export}", name="read_export")
async def read_export(export: str, caller: CallerHere, services: ServicesHere, response: Response) -> ExportItem:
    return _answer(await _enter(export, caller, services), services, response)


@router.post("/{export}/agree", name="agree_export")
async def agree_export(
    export: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> ExportItem:
    """The second person, who is somebody else than who ordered it."""
    before = await _enter(export, caller, services)
    require_match(if_match, before.version)
    return _answer(await services.exports.agree(before, caller.ledger_name), services, response)


@router.post("/{export}/cancel", name="cancel_export")
async def cancel_export(
    export: str, caller: CallerHere, services: ServicesHere, response: Response, if_match: IfMatch = None
) -> ExportItem:
    """One that waits or is made, or a bundle before its time, which is deleted."""
    before = await _enter(export, caller, services)
    require_match(if_match, before.version)
    return _answer(await services.exports.cancel(before, caller.ledger_name), services, response)


@router.get(
    "/{export}/bundle",
    name="download_export",
    response_class=Response,
    responses={
        200: {"description": "All of it.", "content": {"application/zip": {}}},
        206: {"description": "The range that was asked for.", "content": {"application/zip": {}}},
    },
)
async def download_export(
    export: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    reason: Annotated[Reason, Query()],
    case: CaseId = None,
) -> Response:
    """One range an answer; the ETag is the bundle's SHA-256. What begins is on record, and how it ended."""
    downloads: Downloads = request.app.state.downloads
    found = await services.exports.find(export)
    thing = export_object(services.registry, export, places_of(found))
    at_hand = await _at_hand(caller, services, case, found)
    if found is not None:
        thing = await at_hand.over(thing, [Stretch.of(one.passage) for one in found.items])
    if found is None or not caller.sees(Action.EXPORT_DOWNLOAD, thing):
        await caller.enter(thing, at_hand.facts())  # which refuses, on record
        raise AssertionError("the guard let somebody in to what does not exist")
    if found.state is ExportState.EXPIRED:
        raise Problem(GONE, "The package has expired.", fix="Order it again.")
    if found.state is not ExportState.READY:
        raise Problem(CONFLICT, "The package is not ready.", fix="Wait until it is.")
    wanted, part = _wanted(request, found)
    path = services.exports.shelf.path_of(found.id)
    first = await asyncio.to_thread(read_first, path, wanted)
    if first is None:
        raise Problem(GONE, "The file of the package is missing.", fix="Order it again.")
    try:
        downloads.require_room(caller)
    except TooManyDownloads:
        words = f"You have {PERSON_MAX} downloads under way."
        raise Problem(TOO_MANY, words, fix="Wait for one of them.") from None
    told: dict[str, JsonValue] = {"why": reason, "from_byte": wanted.offset, "bytes": wanted.length, "whole": not part}
    told |= at_hand.facts()
    await caller.enter(thing, told)
    headers = {
        "Content-Type": "application/zip",
        "Content-Length": str(wanted.length),
        "Content-Disposition": disposition(file_name(found)),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "ETag": f'"{found.sha256}"',
    }
    code = status.HTTP_200_OK
    if part:
        headers["Content-Range"] = f"bytes {wanted.offset}-{wanted.offset + wanted.length - 1}/{found.size_bytes}"
        code = status.HTTP_206_PARTIAL_CONTENT
    return BundleBytes(downloads, downloads.open(found, caller), path, wanted, first, status=code, headers=headers)


def _wanted(request: Request, export: Export) -> tuple[ByteRange, bool]:
    """Which bytes, and whether they are a part.

    Raises:
        Problem: there are none of these.
    """
    size = export.size_bytes
    try:
        part = wanted_range(request.headers.get("range"), request.headers.get("if-range"), f'"{export.sha256}"', size)
    except NotSatisfiable:
        headers = {"Content-Range": f"bytes */{size}"}
        words, fix = f"There are {size} bytes.", "Ask for one range of them."
        raise Problem(RANGE_NOT_SATISFIABLE, words, field="Range", fix=fix, headers=headers) from None
    return part or ByteRange(0, size), part is not None


async def _enter(export_id: str, caller: Caller, services: Services) -> Export:
    export = await services.exports.find(export_id)
    await caller.enter(export_object(services.registry, export_id, places_of(export)))
    assert export is not None  # the guard lets nobody in to what does not exist
    return export


async def _at_hand(caller: Caller, services: Services, case: str | None, export: Export | None) -> CaseAtHand:
    """The case that was named, else that of the package as far as this person may know of it."""
    if case is not None or export is None or not export.case:
        return await case_at_hand(caller, services, case)
    found = await services.cases.find(export.case)
    known = caller.sees(Action.CASE_LOOK_ROUND, case_object(services.registry, export.case, found))
    return CaseAtHand(services, found if known else None)


async def _order(body: ExportOrder, caller: Caller, services: Services, *, reason: str = "", key: str = "") -> Order:
    """What was ordered, for somebody who may have all of it.

    Raises:
        Refused: one of its clips or devices is not there for this person.
        Problem: there is no such case.
    """
    case = await services.cases.find(body.case) if body.case else None
    if body.case and not caller.sees(Action.CASE_READ, case_object(services.registry, body.case, case)):
        raise Problem(INVALID, "There is no such case.", field="case", fix="Give the id of one of the list of cases.")
    clips = await _clips(body, services)
    if not clips and not body.intervals:
        raise Problem(INVALID, "There is nothing to hand out.", field="clips", fix="Name a clip, or an interval.")
    places = [(one.passage.device, one.passage.unit) for one in clips if one is not None]
    places += [(one.device, "") for one in body.intervals]
    there = None not in clips and all(device_object(services.registry, one.device).exists for one in body.intervals)
    found = [one for one in clips if one is not None]
    if case is None and len(named := {one.case for one in found}) == 1 and not body.intervals:
        case = await services.cases.find(named.pop())
    thing = export_object(services.registry, "", places if there else None)
    await caller.enter(await _opened(thing, case, found, body, caller, services))
    return Order(
        clips=found,
        intervals=[
            Interval(
                device=one.device,
                channel=one.channel,
                unit=services.registry.devices.get(one.device).unit,
                start_utc_ns=ns_from(one.from_),
                end_utc_ns=ns_from(one.to),
            )
            for one in body.intervals
        ],
        case="" if case is None else case.id,
        case_no="" if case is None else case.fields.case_no,
        reason=reason,
        copies=body.copies,
        key=key,
        digest=hashlib.sha256(body.model_dump_json().encode()).hexdigest(),
    )


async def _opened(
    thing: Object, case: Case | None, clips: Sequence[Keeping], body: ExportOrder, caller: Caller, services: Services
) -> Object:
    known = case is not None and caller.sees(Action.CASE_READ, case_object(services.registry, case.id, case))
    stretches = [Stretch.of(one.passage) for one in clips]
    stretches += [Stretch(one.device, TimeSpan(ns_from(one.from_), ns_from(one.to))) for one in body.intervals]
    return await CaseAtHand(services, case if known else None).over(thing, stretches)


async def _clips(body: ExportOrder, services: Services) -> list[Keeping | None]:
    """Each that is named; of a case alone all that stand. None for one that is not there."""
    kept = services.kept
    if body.case and not body.clips and not body.intervals:
        wanted = KeptFilter(kind=KeepingKind.CLIP, case=body.case, standing_at=kept.now_utc_ns())
        return list(reversed((await kept.page(wanted, limit=500)).items))
    return [await kept.find(KeepingKind.CLIP, one) for one in dict.fromkeys(body.clips)]


def _answer(export: Export, services: Services, response: Response) -> ExportItem:
    set_etag(response, export.version)
    return export_item(export, services)


def _unreadable(error: Exception) -> Problem:
    words = f"Footage of this interval cannot be read: {error}."
    return Problem(GONE, words, field="intervals", fix="Run `mingjing store check`; it names the file.")

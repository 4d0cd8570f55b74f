"""Originals (补传): files that devices recorded themselves, where they lie, what they close and where they differ.

    GET  /api/v1/backfills                  of a device, checkpoint, state or interval; newest first
    GET  /api/v1/backfills/{id}             with its gaps and differences
    POST …/{id}/place, …/{id}/reject        a person decides, with a reason
    GET  …/{id}/media?reason=…              the file as it came, by Range; on record

Not here: how they come (backfill_devices, backfill_uploads).
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from gateway.registry import DeviceFilter
from recorder import Backfill, BackfillFilter, BackfillState, Closing, closings_of, hides_pictures
from storage import ByteRange
from supervision.cases import TimeSpan
from viewer.access import Action, Caller, CallerHere, GuardedRoute, Principal, session_token
from viewer.api.backfill_items import (
    BackfillDetail,
    BackfillGapItem,
    BackfillItem,
    backfill_detail,
    backfill_item,
)
from viewer.api.paging import LIMIT_DEFAULT, Cursor, Limit, Page
from viewer.api.times import Moment, ns_from
from viewer.api.versions import IfMatch, require_match, set_etag
from viewer.case_at_hand import CaseId, Stretch, case_at_hand
from viewer.objects import backfill_object, every_device
from viewer.original_bytes import DOWNLOADS_MAX, OriginalBytes
from viewer.playback import NotSatisfiable, wanted_range
from viewer.problems import FOOTAGE_MISSING, RANGE_NOT_SATISFIABLE, TOO_MANY, Problem
from viewer.services import Services, ServicesHere

ID_LENGTH_MAX = 64
REASON_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 1_000

router = APIRouter(prefix="/api/v1/backfills", route_class=GuardedRoute, tags=["backfills"])

Note = Annotated[str, Field(min_length=1, max_length=NOTE_LENGTH_MAX)]


class BackfillPlace(BaseModel):
    """`start`: the placed time of its first picture."""

    model_config = ConfigDict(extra="forbid")

    start: Moment
    note: Note


class BackfillRejection(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Note


@router.get("", name="list_backfills")
async def list_backfills(
    caller: CallerHere,
    services: ServicesHere,
    device: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
    checkpoint: Annotated[str | None, Query(max_length=ID_LENGTH_MAX)] = None,
    state: BackfillState | None = None,
    from_: Annotated[Moment | None, Query(alias="from", description="That end after this, or have no place.")] = None,
    to: Annotated[Moment | None, Query(description="That begin before this, or have no place.")] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT_DEFAULT,
) -> Page[BackfillItem]:
    principal = await caller.enter()
    wanted = BackfillFilter(
        device=device,
        state=state,
        from_utc_ns=None if from_ is None else ns_from(from_),
        to_utc_ns=None if to is None else ns_from(to),
        devices=_devices(principal, checkpoint, services),
    )
    page = await services.backfill.backfills.page(wanted, cursor=cursor, limit=limit)
    items = [backfill_item(one, services) for one in page.items]
    return Page(items=items, next_cursor=page.next_cursor, total=page.total)


@router.get("/{backfill}", name="read_backfill")
async def read(backfill: str, caller: CallerHere, services: ServicesHere, response: Response) -> BackfillDetail:
    found = await _enter(backfill, caller, services)
    return await _answer(found, services, response)


@router.post("/{backfill}/place", name="place_backfill")
async def place(
    backfill: str,
    caller: CallerHere,
    services: ServicesHere,
    body: BackfillPlace,
    response: Response,
    if_match: IfMatch = None,
) -> BackfillDetail:
    """A person says when it begins; what lies between its gaps and the live copy's pictures is not compared."""
    before = await _enter(backfill, caller, services)
    require_match(if_match, before.version)
    after = await services.backfill.backfills.place(
        before, start_utc_ns=ns_from(body.start), note=body.note, principal=caller.ledger_name
    )
    return await _answer(after, services, response)


@router.post("/{backfill}/reject", name="reject_backfill")
async def reject(
    backfill: str,
    caller: CallerHere,
    services: ServicesHere,
    body: BackfillRejection,
    response: Response,
    if_match: IfMatch = None,
) -> BackfillDetail:
    """It closes nothing any more. The file stays as long as others of its age, and can be placed after all."""
    before = await _enter(backfill, caller, services)
    require_match(if_match, before.version)
    after = await services.backfill.backfills.reject(before, note=body.note, principal=caller.ledger_name)
    return await _answer(after, services, response)


@router.get(
    "/{backfill}/media",
    name="download_backfill",
    response_class=Response,
    responses={
        200: {"description": "All of it.", "content": {"video/mp4": {}}},
        206: {"description": "The range that was asked for.", "content": {"video/mp4": {}}},
    },
)
async def download(
    backfill: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    reason: Annotated[str, Query(min_length=1, max_length=REASON_LENGTH_MAX)],
    case: CaseId = None,
) -> Response:
    """The ETag is the SHA-256 that stands in the ledger. Footage stays out of every cache."""
    found = await services.backfill.backfills.find(backfill)
    at_hand = await case_at_hand(caller, services, case)
    detail = {"reason": reason, "range": request.headers.get("range", "")[:REASON_LENGTH_MAX], **at_hand.facts()}
    if found is not None:
        detail |= {"device": found.device, "channel": found.channel}
    thing = await at_hand.over(backfill_object(services.registry, backfill, found), _stretches(found))
    await caller.enter(thing, detail)
    assert found is not None  # the guard lets nobody in to what does not exist
    downloads: Counter[str] = request.app.state.original_downloads
    person = caller.principal.name
    if downloads[person] >= DOWNLOADS_MAX:
        raise Problem(TOO_MANY, "Enough is being sent to you at once.", fix="Wait for one to end.")
    path = services.data_dir / "media" / found.path
    if not await asyncio.to_thread(_is_there, path, found):
        words, fix = f"The file of original {found.id} is missing.", "Tell the system admin."
        raise Problem(FOOTAGE_MISSING, words, field="backfill", fix=fix)
    etag, size = f'"{found.sha256}"', found.size_bytes
    try:
        part = wanted_range(request.headers.get("range"), request.headers.get("if-range"), etag, size)
    except NotSatisfiable:
        words, headers = f"There are {size} bytes.", {"Content-Range": f"bytes */{size}"}
        fix = "Ask for one range of them."
        raise Problem(RANGE_NOT_SATISFIABLE, words, field="Range", fix=fix, headers=headers) from None
    wanted = part or ByteRange(0, size)
    headers = {
        "Content-Type": "video/mp4",
        "Content-Length": str(wanted.length),
        "Content-Disposition": f'attachment; filename="{found.device}-{found.id}.mp4"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "ETag": etag,
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part.offset}-{part.offset + part.length - 1}/{size}"
    token, sessions = session_token(request), services.access.sessions
    return OriginalBytes(
        path,
        wanted,
        status=status.HTTP_200_OK if part is None else status.HTTP_206_PARTIAL_CONTENT,
        headers=headers,
        may_go_on=lambda: sessions.find(token) is not None and caller.sees(Action.ORIGINAL_DOWNLOAD, thing),
        person=person,
        downloads=downloads,
    )


def _stretches(found: Backfill | None) -> list[Stretch]:
    """Of one without a place in time no case can say that it is of it."""
    placement = None if found is None else found.placement
    if found is None or placement is None:
        return []
    return [Stretch(found.device, TimeSpan(placement.start_utc_ns, placement.end_utc_ns), found.unit)]


def _is_there(path: Path, found: Backfill) -> bool:
    try:
        return path.stat().st_size == found.size_bytes
    except OSError:
        return False


def _devices(principal: Principal, checkpoint: str | None, services: Services) -> list[str] | None:
    """Those of this person, and of this checkpoint; None: all, also those that are there no more."""
    if principal.unit is None and checkpoint is None:
        return None
    within = None if principal.unit is None else [principal.unit]
    wanted = DeviceFilter(checkpoint=checkpoint, within=within)
    return [device.id for device in every_device(services.registry, wanted)]


async def _enter(backfill_id: str, caller: Caller, services: Services) -> Backfill:
    found = await services.backfill.backfills.find(backfill_id)
    await caller.enter(backfill_object(services.registry, backfill_id, found))
    assert found is not None  # the guard lets nobody in to what does not exist
    return found


async def _answer(found: Backfill, services: Services, response: Response) -> BackfillDetail:
    set_etag(response, found.version)
    return backfill_detail(found, await _gaps(found, services), services)


async def _gaps(found: Backfill, services: Services) -> list[BackfillGapItem]:
    """The gaps of the live copy in its interval as they are now, and what of each it closes."""
    placement = found.placement
    if placement is None or not found.closes:
        return []
    footage = await services.index.recordings(found.device, found.channel, placement.start_utc_ns, placement.end_utc_ns)
    mine = [
        Closing(found.id, found.received_utc_ns, placement.quality, span.start_ns, span.end_ns)
        for span in placement.coverage
    ]
    pictures = {(gap.stream, gap.sequence): gap.pictures for gap in placement.gaps}
    items = []
    for gap in footage.gaps:
        closed = closings_of(mine, gap.start_utc_ns, gap.end_utc_ns)
        if closed and hides_pictures(gap):
            counted = None if gap.ongoing else pictures.get((gap.stream, gap.sequence))
            items.append(BackfillGapItem.of(gap, closed, counted))
    return items

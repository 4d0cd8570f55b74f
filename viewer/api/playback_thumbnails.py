"""Thumbnails in a view of recordings: what is on the screen at a moment, small, for who looks for it on the ribbon.

    GET /api/v1/playback/{view}/thumbnail?device=&time=     a JPEG of the last key picture at or before the moment

Each is a look at footage, so it is had in a view alone, which is on record with what it was opened for; at its end
that record says how many were sent and of which times. Not here: how a view is opened and ended (playback), how
thumbnails are made and kept (recorder).
"""

import asyncio
from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from recorder import NoThumbnailHere, Thumbnail
from storage import SegmentUnreadableError, iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.api.lanes import lane_gap_item
from viewer.api.playback import MS_NS, footage_at, moment_in, own_view
from viewer.api.playback_segments import missing_footage
from viewer.api.times import Moment
from viewer.playback import PlaybackView, client_leaves
from viewer.problems import NOT_FOUND, TOO_MANY, UNAVAILABLE, UNREADABLE, Problem
from viewer.services import ServicesHere

LOOKING_MAX = 8  # thumbnails that a view waits for at once; a page asks for four
# The browser that was sent it may show it again while the page is open: a view ends ten minutes after its last use. Its
# address names the view, which is there for one login alone.
KEPT_S = 600
PICTURE_START = "Picture-Start"  # header: when the picture that was made small is shown

router = APIRouter(prefix="/api/v1/playback/{view}/thumbnail", route_class=GuardedRoute, tags=["playback"])

Outcome = Thumbnail | NoThumbnailHere | SegmentUnreadableError | OSError | None


@router.get(
    "",
    name="read_playback_thumbnail",
    response_class=Response,
    responses={
        200: {"description": "At most 160 pixels wide and high.", "content": {"image/jpeg": {}}},
        304: {"description": "The one that the client has."},
        404: {"description": "A gap, which `gap` names with its cause; or a picture that nobody can decode."},
    },
)
async def read_thumbnail(
    view: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    device: Annotated[str, Query(max_length=64)],
    time: Moment,
) -> Response:
    opened = await own_view(request, caller, view)
    at_ns = moment_in(opened.wanted, device, time)
    there, gaps = await footage_at(services, opened.wanted.channel, device, at_ns)
    if gaps or not there:
        channel = opened.wanted.channel
        lying = await services.backfill.backfills.lying(device, channel, at_ns, at_ns + MS_NS) if gaps else []
        gap = lane_gap_item(gaps[-1], lying).model_dump() if gaps else None
        words, fix = "There is no footage at this moment.", "Ask for another moment."
        raise Problem(NOT_FOUND, words, field="time", fix=fix, more={"gap": gap})
    if opened.looking >= LOOKING_MAX:
        raise _too_many()
    opened.looking += 1
    try:
        found = await _while_wanted(request, opened, _outcome(services.thumbnails.at(there[-1], at_ns)))
    finally:
        opened.looking -= 1
    if not isinstance(found, Thumbnail):
        raise _problem(found, there[-1].id)
    return _answer(request, opened, device, f'"{there[-1].id}-{found.sequence}"', found)


def _answer(request: Request, view: PlaybackView, device: str, etag: str, found: Thumbnail) -> Response:
    kept = f"private, max-age={KEPT_S}, immutable" if found.settled else "private, no-store"
    headers = {"ETag": etag, "Cache-Control": kept, PICTURE_START: iso_from_ns(found.start_utc_ns)}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    view.thumbnail_sent(device, found.start_utc_ns, len(found.jpeg))
    return Response(found.jpeg, media_type="image/jpeg", headers=headers)


async def _outcome(made: Awaitable[Thumbnail]) -> Outcome:
    try:
        return await made
    except (NoThumbnailHere, SegmentUnreadableError, OSError) as error:
        return error


async def _while_wanted(request: Request, view: PlaybackView, making: Awaitable[Outcome]) -> Outcome:
    """None: the view has ended, or its client has gone; then it is not made any more."""

    async def make() -> Outcome:
        return await making

    async with asyncio.TaskGroup() as tasks:
        made = tasks.create_task(make(), name="thumbnail")
        leaving = tasks.create_task(client_leaves(request.receive), name="thumbnail: client")
        await asyncio.wait((made, leaving, view.ended), return_when=asyncio.FIRST_COMPLETED)
        done = made.done() and not view.ended.done()
        made.cancel()
        leaving.cancel()
    return made.result() if done else None


def _problem(found: Exception | None, segment: str) -> Problem:
    if found is None:
        return Problem(NOT_FOUND, "This view is over.", fix="Open another one.")
    why = found.why if isinstance(found, NoThumbnailHere) else "missing"
    if why == "missing":
        return missing_footage(segment)
    if why == "crowded_out":
        return _too_many()
    if why == "no_workers":
        return Problem(UNAVAILABLE, "No thumbnails are made now.", fix="Look at the footage itself.")
    words = "Nothing can be made of this picture."
    return Problem(UNREADABLE, words, fix="Look at the footage itself.", more={"why": why, "segment": segment})


def _too_many() -> Problem:
    return Problem(TOO_MANY, "Too many thumbnails are waited for.", fix="Wait for an answer before you ask.")

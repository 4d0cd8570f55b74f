"""Playback: a view of recordings is opened with a purpose, and in it the archive's own bytes are handed out.

    POST /api/v1/playback       up to four devices, an interval, a purpose: 201, on record for each device
    GET …/{view}/at             where to begin to show a moment
    DELETE …/{view}             the end; else it comes ten minutes after the last request

Not here: segments and their bytes (playback_segments), thumbnails (playback_thumbnails), how a view lives and is
recorded (viewer.playback).
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from recorder import LaneGap, SegmentFact, hides_pictures, missing_files
from storage import iso_from_ns
from viewer.access import Caller, CallerHere, GuardedRoute
from viewer.api.interval import interval_of
from viewer.api.lanes import LaneGapItem, LaneItem, lane_gap_item, lane_item
from viewer.api.times import Moment, ns_from
from viewer.case_at_hand import case_at_hand
from viewer.objects import view_object
from viewer.playback import PERSON_MAX, PlaybackView, PlaybackViews, TooManyViews, Wanted
from viewer.problems import INVALID, NOT_FOUND, TOO_MANY, Problem
from viewer.services import Services, ServicesHere

DEVICES_MAX = 4  # that a screen shows in step
PURPOSE_LENGTH_MAX = 200
MS_NS = 1_000_000

router = APIRouter(prefix="/api/v1/playback", route_class=GuardedRoute, tags=["playback"])

DeviceId = Annotated[str, Field(min_length=1, max_length=64)]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=PURPOSE_LENGTH_MAX)]


class NewPlayback(BaseModel):
    """`to` may lie ahead: then what comes is seen as well."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    devices: Annotated[list[DeviceId], Field(min_length=1, max_length=DEVICES_MAX)]
    channel: Literal["main", "sub"] = "main"
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    purpose: Purpose
    case: Annotated[str, Field(max_length=64, description="The case at hand: who reviews names one.")] = ""


class Playback(BaseModel):
    id: str
    now: str
    lanes: list[LaneItem]


class NextFootage(BaseModel):
    segment: str
    start: str


class Place(BaseModel):
    """Where a moment is. `segment` has it; where none does, `next` is the footage that comes first behind it, as far as
    the view reaches. `gap` is what the moment lies in, also inside of a segment."""

    segment: str | None
    next: NextFootage | None
    gap: LaneGapItem | None


@router.post("", name="open_playback", status_code=status.HTTP_201_CREATED)
async def open_view(request: Request, caller: CallerHere, services: ServicesHere, body: NewPlayback) -> Playback:
    views, devices = playback_views(request), tuple(dict.fromkeys(body.devices))
    await views.require_rights(caller, devices)
    start_utc_ns, end_utc_ns = interval_of(body.from_, body.to)
    at_hand = await case_at_hand(caller, services, body.case)
    wanted = Wanted(devices, body.channel, start_utc_ns, end_utc_ns, body.purpose, at_hand)
    try:
        view = await views.open(caller, wanted)
    except TooManyViews:
        words = f"You have {PERSON_MAX} views of recordings open."
        raise Problem(TOO_MANY, words, fix="Close one; each ends ten minutes after its last use.") from None
    try:
        lanes = [
            await lane_item(caller, services, device, body.channel, start_utc_ns, end_utc_ns) for device in devices
        ]
    except BaseException:  # whoever asked will never know its name
        view.end(None)
        raise
    services.thumbnails.expect()
    return Playback(id=view.id, now=iso_from_ns(services.clock.utc_ns()), lanes=lanes)


@router.delete("/{view}", name="close_playback", status_code=status.HTTP_204_NO_CONTENT)
async def close_view(view: str, request: Request, caller: CallerHere) -> Response:
    """Also of a view that has ended by itself: every page says goodbye when it closes."""
    found = await _enter(request, caller, view)
    if found is not None:
        found.end(None)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/{view}/at", name="find_playback_moment")
async def find_moment(
    view: str,
    request: Request,
    caller: CallerHere,
    services: ServicesHere,
    device: Annotated[str, Query(max_length=64)],
    time: Moment,
) -> Place:
    wanted = (await own_view(request, caller, view)).wanted
    at_ns = moment_in(wanted, device, time)
    there, gaps = await footage_at(services, wanted.channel, device, at_ns)
    coming = None
    if not there:
        coming = await services.index.next_segment(device, wanted.channel, at_ns)
    if coming is not None and coming.start_utc_ns >= wanted.end_utc_ns:
        coming = None
    originals = await services.backfill.backfills.lying(device, wanted.channel, at_ns, at_ns + MS_NS) if gaps else []
    return Place(
        segment=there[-1].id if there else None,
        next=None if coming is None else NextFootage(segment=coming.id, start=iso_from_ns(coming.start_utc_ns)),
        gap=lane_gap_item(gaps[-1], originals) if gaps else None,
    )


def moment_in(wanted: Wanted, device: str, time: datetime) -> int:
    """The moment as a view of this device has it. Times are told by the millisecond: a segment is found by the start
    that was told of it.

    Raises:
        Problem: the view is of other devices, or of another time.
    """
    if device not in wanted.devices:
        raise Problem(INVALID, "This view is of other devices.", field="device", fix="Open a view of this device.")
    at_ns = ns_from(time)
    if not wanted.start_utc_ns <= at_ns <= wanted.end_utc_ns:
        raise Problem(INVALID, "This view is of another time.", field="time", fix="Open a view of this time.")
    return min(at_ns, wanted.end_utc_ns - 1) // MS_NS * MS_NS


async def footage_at(
    services: Services, channel: str, device: str, at_ns: int
) -> tuple[list[SegmentFact], list[LaneGap]]:
    """The segments that have a moment, and the gaps that it lies in; the last of each counts."""
    footage = await services.index.recordings(device, channel, at_ns, at_ns + MS_NS)
    there = [one for one in footage.segments if not one.missing and one.end_utc_ns >= at_ns + MS_NS]
    gaps = [LaneGap.of(gap) for gap in footage.gaps if hides_pictures(gap)] or missing_files(footage.segments)
    return there, [gap for gap in gaps if gap.end_utc_ns >= at_ns + MS_NS]


async def own_view(request: Request, caller: Caller, view_id: str) -> PlaybackView:
    """The view, for the login that opened it.

    Raises:
        Refused: it is somebody else's, or was never there.
        Problem: 404, it is over.
    """
    found = await _enter(request, caller, view_id)
    if found is None:
        raise Problem(NOT_FOUND, "This view is over.", fix="Open another one.")
    return found


async def _enter(request: Request, caller: Caller, view_id: str) -> PlaybackView | None:
    """None: it was there, and is over. For others there never was one."""
    views, principal = playback_views(request), caller.principal
    found = views.find(view_id, principal.session_id)
    exists = found is not None or views.was(view_id, principal.session_id)
    await caller.enter(view_object(view_id, principal.name, exists=exists))
    return found


def playback_views(request: Request) -> PlaybackViews:
    views: PlaybackViews = request.app.state.playback_views
    return views

"""Segments in a view of recordings: what a player must know of one, and its bytes.

    GET /api/v1/playback/{view}/segments/{segment}          its tracks, its groups of pictures, its gaps
    GET /api/v1/playback/{view}/segments/{segment}/media    bytes of it, by Range (RFC 9110, 14)

A player asks for the bytes of a group and has a picture. Of a segment that is being written there is what is durable,
and a second later there is more. Not here: how a view is opened and ended (playback).
"""

import asyncio
import base64
from typing import Literal

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel

from recorder import FoundSegment, PlayableTrack, SegmentGroups
from storage import ByteRange, Group, RecordedGap, SegmentUnreadableError, iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.api.playback import own_view
from viewer.playback import (
    SENDING_MAX,
    NotSatisfiable,
    PlaybackView,
    SegmentBytes,
    Source,
    read_first,
    wanted_range,
)
from viewer.problems import FOOTAGE_MISSING, NOT_FOUND, RANGE_NOT_SATISFIABLE, TOO_MANY, Problem
from viewer.services import Services, ServicesHere

router = APIRouter(prefix="/api/v1/playback/{view}/segments/{segment}", route_class=GuardedRoute, tags=["playback"])


class TrackItem(BaseModel):
    """`mime` null: no browser plays it. `init` is ftyp and moov of this track alone, in base64."""

    id: int
    kind: Literal["video", "audio"]
    mime: str | None
    codec: str
    width: int | None
    height: int | None
    timescale: int
    init: str


class GroupItem(BaseModel):
    """`length` bytes of the segment from `offset`: whole fragments, a key picture and all up to the next, sound among
    them. `key` false: nobody can begin to decode here. `device_offset_ms`: the device's own clock less placed time."""

    first_sequence: int
    start_ms: float
    end_ms: float
    offset: int
    length: int
    pictures: int
    key: bool
    device_offset_ms: float | None


class SegmentGapItem(BaseModel):
    """`track` 0: all of the stream is missing."""

    cause: str
    start_ms: float
    end_ms: float
    track: int


class PlaybackSegment(BaseModel):
    """`next` goes on where this one ends, or is what comes first behind it, as far as the view reaches. `size_bytes`
    grows until it is `sealed`. Of a `missing` one the file is not there, or cut off: its bytes are refused."""

    segment: str
    stream: str
    device: str
    channel: str
    start: str
    end: str
    sealed: bool
    missing: bool
    next: str | None
    size_bytes: int
    digest: str | None
    tracks: list[TrackItem]
    groups: list[GroupItem]
    gaps: list[SegmentGapItem]


@router.get("", name="read_playback_segment")
async def read_segment(
    view: str, segment: str, request: Request, caller: CallerHere, services: ServicesHere
) -> PlaybackSegment:
    opened = await own_view(request, caller, view)
    found = await _find(opened, segment, services)
    told = await _told(found, services)
    fact = found.fact
    coming = await services.index.next_segment(found.device, found.channel, fact.start_utc_ns, fact.id)
    if coming is not None and coming.start_utc_ns >= opened.wanted.end_utc_ns:
        coming = None
    return PlaybackSegment(
        segment=fact.id,
        stream=fact.stream,
        device=found.device,
        channel=found.channel,
        start=iso_from_ns(fact.start_utc_ns),
        end=iso_from_ns(told.end_utc_ns),
        sealed=fact.sealed,
        missing=not told.there,
        next=None if coming is None else coming.id,
        size_bytes=told.size_bytes,
        digest=fact.digest.hex() or None,
        tracks=[_track(track) for track in told.tracks],
        groups=[_group(group) for group in told.groups],
        gaps=[_gap(gap) for gap in told.gaps],
    )


@router.get(
    "/media",
    name="read_playback_media",
    response_class=Response,
    responses={
        200: {"description": "All of it.", "content": {"video/mp4": {}}},
        206: {"description": "The range that was asked for.", "content": {"video/mp4": {}}},
    },
)
async def read_media(view: str, segment: str, request: Request, caller: CallerHere, services: ServicesHere) -> Response:
    """One range an answer; the ETag of a sealed segment is its digest. Footage stays out of every cache."""
    opened = await own_view(request, caller, view)
    found = await _find(opened, segment, services)
    if opened.sending >= SENDING_MAX:
        raise Problem(TOO_MANY, "This view is being sent enough at once.", fix="Wait for an answer before you ask.")
    told = await _told(found, services)
    size = told.size_bytes
    etag = f'"{found.fact.digest.hex()}"' if found.fact.sealed else None
    asked, if_range = request.headers.get("range"), request.headers.get("if-range")
    try:
        part = wanted_range(asked, if_range, etag, size)
    except NotSatisfiable:
        headers = {"Content-Range": f"bytes */{size}"}
        words, fix = f"There are {size} bytes.", "Ask for one range of them."
        raise Problem(RANGE_NOT_SATISFIABLE, words, field="Range", fix=fix, headers=headers) from None
    wanted = part or ByteRange(0, size)
    path = services.groups.path_of(found.fact)
    first = await asyncio.to_thread(read_first, path, wanted)
    if first is None:
        raise missing_footage(segment)
    headers = {
        "Content-Type": "video/mp4",
        "Content-Length": str(wanted.length),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
    }
    if etag is not None:
        headers["ETag"] = etag
    if part is not None:
        headers["Content-Range"] = f"bytes {part.offset}-{part.offset + part.length - 1}/{size}"
    code = status.HTTP_200_OK if part is None else status.HTTP_206_PARTIAL_CONTENT
    return SegmentBytes(opened, Source(path, found.device, told), wanted, first, status=code, headers=headers)


async def _find(view: PlaybackView, segment_id: str, services: Services) -> FoundSegment:
    """
    Raises:
        Problem: the view does not show such a segment.
    """
    found = view.known(segment_id) or await services.index.segment(segment_id)
    if found is None or not view.shows(found):
        raise Problem(NOT_FOUND, "There is no such segment in this view.", fix="Ask which one has the moment.")
    view.remember(found)
    return found


async def _told(found: FoundSegment, services: Services) -> SegmentGroups:
    """
    Raises:
        Problem: its journal cannot be read.
    """
    try:
        return await services.groups.of(found.fact)
    except (SegmentUnreadableError, OSError):
        raise missing_footage(found.fact.id) from None


def missing_footage(segment_id: str) -> Problem:
    words = f"The file of segment {segment_id} is missing, or shorter than it was."
    fix = "Go on at the next one. Tell the system admin: `mingjing store check` names what is missing."
    return Problem(FOOTAGE_MISSING, words, field="segment", fix=fix, more={"segment": segment_id})


def _track(track: PlayableTrack) -> TrackItem:
    parsed = track.parsed
    return TrackItem(
        id=parsed.id,
        kind="video" if parsed.handler == "vide" else "audio",
        mime=track.mime,
        codec=track.codec.value,
        width=parsed.width or None,
        height=parsed.height or None,
        timescale=parsed.timescale,
        init=base64.b64encode(track.init).decode(),
    )


def _group(group: Group) -> GroupItem:
    ahead = group.device_ahead_ns
    return GroupItem(
        first_sequence=group.first_sequence,
        start_ms=group.start_utc_ns / 1e6,
        end_ms=group.end_utc_ns / 1e6,
        offset=group.offset,
        length=group.length,
        pictures=group.pictures,
        key=group.key,
        device_offset_ms=None if ahead is None else ahead / 1e6,
    )


def _gap(gap: RecordedGap) -> SegmentGapItem:
    return SegmentGapItem(
        cause=gap.cause.name.lower(),
        start_ms=gap.start_utc_ns / 1e6,
        end_ms=gap.end_utc_ns / 1e6,
        track=gap.track_id,
    )

"""What the two doors for originals have in common: a device's own, and that for people with a docking station's folder.

Bytes are told as taken when they are durable. A piece that breaks off counts as far as it came, one with a checksum not
at all. A sender that says nothing for `SILENCE_MAX_S`, or too little over a minute, is sent away and may come again.

Not here: who is there (the doors), limits of uploads (recorder.backfill), headers (tus).
"""

import re
import time
from collections.abc import Mapping

import structlog
from fastapi import Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from recorder import AlreadyHere, Backfill, NewUpload, Turn, Upload, UploadInvalid
from viewer.api.times import Moment, ns_from
from viewer.channel_name import ChannelName
from viewer.problems import (
    CHECKSUM_MISMATCH,
    CONFLICT,
    NO_ROOM,
    TIMED_OUT,
    TOO_LARGE,
    TOO_MANY,
    UNSUPPORTED_TYPE,
    Problem,
)
from viewer.services import Services
from viewer.tus import Checksum, checksum, metadata, number, problem, progress, require_piece, require_version

SILENCE_MAX_S = 30.0  # links of recorders stand still for 8 to 30 s, and then go on
SLOW_WINDOW_S = 60.0
SLOW_BYTES = 60 * 1_024  # 1 KiB/s: a hundredth of the slowest 4G uplink that is of any use
APPEND_BYTES = 1 << 20  # held in memory for each request; a write of the disk
SYNC_BYTES = 16 << 20  # what a killed server loses of a piece without a checksum
NAME_LENGTH_MAX = 255  # as a file system has it
KEPT_HEADER = "Mingjing-Backfill"  # the id of the original, when all of it is kept

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MOMENT: TypeAdapter[Moment] = TypeAdapter(Moment)

log = structlog.get_logger()


def new_upload(request: Request, *, device: str, unit: str, sent_by: str) -> NewUpload:
    """What a POST says.

    Raises:
        Problem, UploadInvalid: something that cannot be.
    """
    require_version(request)
    said = metadata(request)
    digest = said.get("sha256", "")
    if digest and not _SHA256.fullmatch(digest):
        raise UploadInvalid("This is no SHA-256.", field="sha256", fix="Send 64 hexadecimal digits.")
    channel = said.get("channel", ChannelName.MAIN)
    if channel not in set(ChannelName):
        raise UploadInvalid("There is no such channel.", field="channel", fix="Send main or sub.")
    return NewUpload(
        device=device,
        channel=channel,
        unit=unit,
        name=_name(said),
        length=number(request, "Upload-Length"),
        sent_by=sent_by,
        sha256=digest.lower(),
        claimed_utc_ns=_started(said),
    )


def _name(said: Mapping[str, str]) -> str:
    """The last part of a path, without what is not to be shown."""
    last = re.split(r"[/\\]", said.get("filename", ""))[-1]
    return "".join(one for one in last if one.isprintable())[:NAME_LENGTH_MAX]


def _started(said: Mapping[str, str]) -> int:
    if not said.get("started"):
        return 0
    try:
        return ns_from(_MOMENT.validate_python(said["started"]))
    except ValidationError:
        words, fix = "This is no moment.", "Send ISO 8601 with a zone, as 2026-12-01T08:30:00+08:00."
        raise UploadInvalid(words, field="started", fix=fix) from None


async def begin(new: NewUpload, services: Services, place: str) -> Response:
    """`place` is the path of the door; the upload is under it."""
    try:
        upload = await services.backfill.uploads.begin(new)
    except OSError as error:
        raise _disk_refuses(error) from error
    location = {"Location": f"{place}/{upload.id}"}
    return Response(status_code=201, headers={**progress(0, upload.expires_utc_ns), **location})


async def tell(upload: Upload, services: Services) -> Response:
    """How far it is. One that is whole is kept first, so that whole means kept."""
    async with services.backfill.uploads.turn(upload) as turn:
        if upload.offset == upload.new.length:
            return tell_kept(await _finish(turn, services), 200)
        headers = progress(upload.offset, upload.expires_utc_ns)
    return Response(status_code=200, headers={**headers, "Upload-Length": str(upload.new.length)})


async def take(request: Request, upload: Upload, services: Services) -> Response:
    """A piece.

    Raises:
        Problem, BackfillError: it is not taken, or not to its end; HEAD tells how far it came.
    """
    require_version(request)
    require_piece(request)
    offset, expected = number(request, "Upload-Offset"), checksum(request)
    uploads = services.backfill.uploads
    if uploads.writing >= uploads.limits.writing:
        words, fix = "Enough is being uploaded at once.", "Try again in a minute."
        raise problem(Problem(TOO_MANY, words, fix=fix), {"Retry-After": "60"})
    uploads.writing += 1
    try:
        async with uploads.turn(upload) as turn:
            if upload.kept is not None:
                return tell_kept(upload.kept, 204)
            if offset != upload.offset:
                words, fix = f"{upload.offset} bytes are here.", "Go on from there."
                raise problem(Problem(CONFLICT, words, field="Upload-Offset", fix=fix), progress(upload.offset))
            _require_fitting(request, upload)
            try:
                await _pour(request, turn, expected)
            except OSError as error:
                raise _disk_refuses(error) from error
            if upload.offset == upload.new.length:
                return tell_kept(await _finish(turn, services), 204)
            return Response(status_code=204, headers=progress(upload.offset, upload.expires_utc_ns))
    finally:
        uploads.writing -= 1


async def end(request: Request, upload: Upload, services: Services) -> Response:
    require_version(request)
    async with services.backfill.uploads.turn(upload) as turn:
        if upload.kept is None:
            await turn.drop("end")
    return Response(status_code=204, headers=progress(upload.offset))


def _require_fitting(request: Request, upload: Upload) -> None:
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said[:20]) > upload.new.length - upload.offset:
        raise _too_much(upload)


async def _pour(request: Request, turn: Turn, expected: Checksum | None) -> None:
    """Take the body. What came is durable when this returns, or raises; unless a checksum says otherwise."""
    try:
        whole = await _append_all(request, turn, expected)
    except Problem:
        await turn.give_up()
        raise
    if expected is not None and not (whole and expected.agrees):
        await turn.give_up()
        if whole:
            words, fix = "This piece has another checksum.", "Send it again."
            raise problem(Problem(CHECKSUM_MISMATCH, words, field="Upload-Checksum", fix=fix))
    await turn.sync()
    await _require_video(turn)
    if not whole:
        words, fix = "The piece broke off.", "Ask how far it came, and go on from there."
        raise problem(Problem(TIMED_OUT, words, fix=fix), {"Connection": "close"})


async def _append_all(request: Request, turn: Turn, expected: Checksum | None) -> bool:
    """Whether the piece came to its end."""
    upload, body = turn.upload, request.stream()
    held: list[bytes] = []
    held_bytes = unsynced = 0
    window_began, window_bytes = time.monotonic(), 0
    while True:
        try:
            data = await turn.wait_for(anext(body, None), SILENCE_MAX_S)
        except (ClientDisconnect, TimeoutError):
            data, whole = None, False
        else:
            whole = True
        if data is None:
            break
        held.append(data)
        held_bytes += len(data)
        turn.came += len(data)
        window_bytes += len(data)
        if turn.written + held_bytes > upload.new.length:
            raise _too_much(upload)
        if expected is not None:
            expected.add(data)
        if held_bytes >= APPEND_BYTES:
            await turn.append(held)
            unsynced += held_bytes
            held, held_bytes = [], 0
            if unsynced >= SYNC_BYTES and expected is None:
                await turn.sync()
                await _require_video(turn)
                unsynced = 0
        now = time.monotonic()
        if now - window_began > SLOW_WINDOW_S:
            if window_bytes < SLOW_BYTES:
                whole = False
                break
            window_began, window_bytes = now, 0
    if held:
        await turn.append(held)
    return whole


async def _require_video(turn: Turn) -> None:
    """
    Raises:
        Problem: it is something else, and does not go on.
    """
    if await turn.is_video():
        return
    await turn.drop("refuse")
    words, fix = "This is no MP4 file.", "Send the file as the device wrote it."
    raise problem(Problem(UNSUPPORTED_TYPE, words, field="body", fix=fix))


async def _finish(turn: Turn, services: Services) -> Backfill:
    try:
        return await services.backfill.uploads.finish(turn)
    except AlreadyHere as error:
        known = await services.backfill.backfills.find(error.backfill)
        if known is None:
            raise
        return known  # to its sender this is the same: the file is kept
    except OSError as error:
        raise _disk_refuses(error) from error


def tell_kept(backfill: Backfill, status: int) -> Response:
    """There is no more to send."""
    headers = {**progress(backfill.size_bytes), KEPT_HEADER: backfill.id}
    if status == 200:
        headers["Upload-Length"] = str(backfill.size_bytes)
    return Response(status_code=status, headers=headers)


def _too_much(upload: Upload) -> Problem:
    words = f"The upload has {upload.new.length} bytes, and {upload.offset} of them are here."
    return problem(Problem(TOO_LARGE, words, field="Upload-Length", fix="Begin a new upload with the true length."))


def _disk_refuses(error: OSError) -> Problem:
    log.warning("an upload could not be written", error=str(error))
    words, fix = "The recording disk does not take it.", "Send it later; tell the system admin."
    return problem(Problem(NO_ROOM, words, fix=fix))

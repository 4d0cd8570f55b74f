"""tus 1.0.0, the resumable upload protocol (tus.io), as headers: core, creation, termination, checksum, expiration.

Not here: what is uploaded and by whom (upload_door, api.backfill_*). `X-HTTP-Method-Override` is not honoured: the
guard knows doors by their method.
"""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime

from fastapi import Request, Response

from viewer.problems import (
    BAD_REQUEST,
    PROTOCOL_VERSION,
    TUS_RESUMABLE,
    UNSUPPORTED_TYPE,
    Problem,
)

VERSION = TUS_RESUMABLE["Tus-Resumable"]
EXTENSIONS = "creation,termination,checksum,expiration"
PIECE_TYPE = "application/offset+octet-stream"
METADATA_LENGTH_MAX = 8_192  # a name of 255 letters in base64 and a digest are a tenth of it
NUMBER_DIGITS_MAX = 18
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}  # every server knows the first (tus 1.0.0, Checksum)


def describe(file_bytes_max: int) -> Response:
    """What a client asks before it begins."""
    headers = {
        **TUS_RESUMABLE,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(file_bytes_max),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }
    return Response(status_code=204, headers=headers)


def require_version(request: Request) -> None:
    """
    Raises:
        Problem: the client speaks another version, or none.
    """
    if request.headers.get("tus-resumable") != VERSION:
        words, fix = "Only tus 1.0.0 is spoken here.", f"Send Tus-Resumable: {VERSION}."
        raise problem(Problem(PROTOCOL_VERSION, words, field="Tus-Resumable", fix=fix), {"Tus-Version": VERSION})


def require_piece(request: Request) -> None:
    """
    Raises:
        Problem: the body is not said to be a piece of a file.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PIECE_TYPE:
        words = "A piece of a file is expected."
        raise problem(Problem(UNSUPPORTED_TYPE, words, field="Content-Type", fix=f"Send {PIECE_TYPE}."))


def number(request: Request, name: str) -> int:
    """
    Raises:
        Problem: the header is missing, or no count of bytes.
    """
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX):
        raise problem(Problem(BAD_REQUEST, f"{name} is missing.", field=name, fix="Send a count of bytes."))
    return int(text)


def metadata(request: Request) -> dict[str, str]:
    """`Upload-Metadata`: words and their values.

    Raises:
        Problem: it is not as the protocol has it.
    """
    text = request.headers.get("upload-metadata", "")
    found: dict[str, str] = {}
    try:
        if len(text) > METADATA_LENGTH_MAX:
            raise ValueError
        for piece in text.split(",") if text.strip() else ():
            key, _, value = piece.strip().partition(" ")
            if not key or key in found:
                raise ValueError
            found[key] = base64.b64decode(value, validate=True).decode()
    except (ValueError, binascii.Error):
        words, fix = "Upload-Metadata cannot be read.", "Send pairs of a word and base64 of UTF-8, with commas between."
        raise problem(Problem(BAD_REQUEST, words, field="Upload-Metadata", fix=fix)) from None
    return found


def checksum(request: Request) -> "Checksum | None":
    """`Upload-Checksum` of this piece; None: there is none.

    Raises:
        Problem: an algorithm that there is not, or no base64.
    """
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    name, _, value = text.partition(" ")
    try:
        return Checksum(name, base64.b64decode(value, validate=True))
    except (KeyError, binascii.Error):
        words, fix = "Upload-Checksum cannot be read.", f"Send one of {', '.join(CHECKSUMS)}, and base64 of it."
        raise problem(Problem(BAD_REQUEST, words, field="Upload-Checksum", fix=fix)) from None


class Checksum:
    """Of one piece, as it comes. KeyError: an algorithm that there is not."""

    def __init__(self, name: str, expected: bytes) -> None:
        self._expected = expected
        self._so_far = CHECKSUMS[name](usedforsecurity=False)

    def add(self, data: bytes) -> None:
        self._so_far.update(data)

    @property
    def agrees(self) -> bool:
        return self._so_far.digest() == self._expected


def progress(offset: int, expires_utc_ns: int | None = None) -> dict[str, str]:
    """Headers that say how far an upload is, and until when it is kept without another byte."""
    headers = {**TUS_RESUMABLE, "Upload-Offset": str(offset), "Cache-Control": "no-store"}
    if expires_utc_ns is not None:
        until = datetime.fromtimestamp(expires_utc_ns // 1_000_000_000, UTC)
        headers["Upload-Expires"] = format_datetime(until, usegmt=True)
    return headers


def problem(one: Problem, more: dict[str, str] | None = None) -> Problem:
    """With the headers that every answer of the protocol has."""
    one.headers = {**(one.headers or {}), **TUS_RESUMABLE, **(more or {})}
    return one

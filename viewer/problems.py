"""Every error as problem details (RFC 9457), with the field at fault and what to do about it.

`type` is a URN that clients may compare; `title` names the kind, `detail` this case. Validation
errors list every field in `errors` and repeat the first in `field` and `fix`. Nothing here ever
shows a traceback or an input that could be a secret. Rooms raise their own errors; this is the one
place that knows status numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import JSONResponse

from gateway.registry import AlreadyExists, Conflict, Invalid, NotFound, RegistryError
from recorder import (
    AlreadyHere,
    BackfillChanged,
    BackfillError,
    CannotBePlaced,
    DigestDiffers,
    NoRoomForUpload,
    TooManyUploads,
    UploadBusy,
    UploadGone,
    UploadInvalid,
    UploadTooLarge,
)
from storage.database import is_damage
from storage.ledger import LedgerUnavailable
from supervision.cases import (
    CaseConflict,
    CaseError,
    CaseInvalid,
    CaseNotFound,
    CaseTaken,
    ImportRefused,
    ImportsBusy,
    PreviewGone,
    SheetUnreadable,
)
from viewer.access import (
    AccessError,
    AccountChanged,
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ForeignOrigin,
    HasherBusy,
    InsecureTransport,
    LastAdministrator,
    LockedOut,
    OwnAccount,
    Refused,
    Verdict,
    WrongCredentials,
    WrongStreamPassword,
)
from viewer.headers import ALWAYS
from viewer.methods import methods_at

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:mingjing:problem:"
TUS_RESUMABLE = {"Tus-Resumable": "1.0.0"}  # uploads say it in every answer
BUSY_RETRY_S = 3  # the queue before the hasher is empty again by then

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: the last word of its URN, its status, its name."""

    word: str
    status: int
    title: str


UNAUTHENTICATED = ProblemKind("unauthenticated", 401, "Not logged in")
WRONG_CREDENTIALS = ProblemKind("wrong-credentials", 401, "Login failed")
PASSWORD_MUST_CHANGE = ProblemKind("password-must-change", 403, "The password must be changed first")
FORBIDDEN = ProblemKind("forbidden", 403, "Not allowed")
NEEDS_CASE = ProblemKind("needs-case", 403, "A case must open it")
FOREIGN_ORIGIN = ProblemKind("foreign-origin", 403, "Request from a foreign page")
INSECURE_TRANSPORT = ProblemKind("insecure-transport", 403, "Connection not private")
NOT_ADMITTED = ProblemKind("not-admitted", 401, "Not admitted")
NOT_FOUND = ProblemKind("not-found", 404, "Not found")
METHOD_NOT_ALLOWED = ProblemKind("method-not-allowed", 405, "Method not allowed")
CODEC_NOT_CARRIED = ProblemKind("codec-not-carried", 406, "Nothing that can be carried")
DEVICE_NOT_SENDING = ProblemKind("device-not-sending", 409, "The device does not send now")
CONFLICT = ProblemKind("conflict", 409, "In conflict with what is there")
GONE = ProblemKind("gone", 410, "Not there any more")
FOOTAGE_MISSING = ProblemKind("footage-missing", 410, "The footage is not there")
UNREADABLE = ProblemKind("unreadable", 404, "Nobody can read this")
CHANGED = ProblemKind("changed-meanwhile", 412, "Changed meanwhile")
TIMED_OUT = ProblemKind("timed-out", 408, "Nothing came in time")
PROTOCOL_VERSION = ProblemKind("protocol-version", 412, "Another version of the protocol is spoken here")
LOCKED = ProblemKind("locked", 423, "Somebody else is at it")
CHECKSUM_MISMATCH = ProblemKind("checksum-mismatch", 460, "The checksum is another")
NO_ROOM = ProblemKind("no-room", 507, "There is no room")
UNSUPPORTED_TYPE = ProblemKind("unsupported-type", 415, "Another type is expected")
TOO_LARGE = ProblemKind("too-large", 413, "Too large")
RANGE_NOT_SATISFIABLE = ProblemKind("range-not-satisfiable", 416, "None of these bytes are there")
INVALID = ProblemKind("invalid", 422, "A value cannot be taken")
VERSION_REQUIRED = ProblemKind("version-required", 428, "If-Match is missing")
LOCKED_OUT = ProblemKind("locked-out", 429, "Too many failures")
TOO_MANY = ProblemKind("too-many", 429, "Too many at once")
BAD_REQUEST = ProblemKind("bad-request", 400, "Bad request")
HOUSE_ERROR = ProblemKind("house-error", 500, "A fault of this server")
UNAVAILABLE = ProblemKind("unavailable", 503, "Not available now")

_VERDICTS = {
    Verdict.UNAUTHENTICATED: UNAUTHENTICATED,
    Verdict.MUST_CHANGE_PASSWORD: PASSWORD_MUST_CHANGE,
    Verdict.FORBIDDEN: FORBIDDEN,
    Verdict.HIDDEN: NOT_FOUND,
    Verdict.NEEDS_CASE: NEEDS_CASE,
}

_ACCESS_ERRORS: Mapping[type[AccessError], ProblemKind] = {
    AccountChanged: CHANGED,
    AccountExists: CONFLICT,
    AccountInvalid: INVALID,
    AccountNotFound: NOT_FOUND,
    ForeignOrigin: FOREIGN_ORIGIN,
    InsecureTransport: INSECURE_TRANSPORT,
    LastAdministrator: CONFLICT,
    LockedOut: LOCKED_OUT,
    OwnAccount: CONFLICT,
    WrongCredentials: WRONG_CREDENTIALS,
    WrongStreamPassword: NOT_ADMITTED,
}

_REGISTRY_ERRORS: Mapping[type[RegistryError], ProblemKind] = {
    AlreadyExists: CONFLICT,
    Conflict: CONFLICT,
    Invalid: INVALID,
    NotFound: NOT_FOUND,
}

_CASE_ERRORS: Mapping[type[CaseError], ProblemKind] = {
    CaseConflict: CONFLICT,
    CaseInvalid: INVALID,
    CaseNotFound: NOT_FOUND,
    CaseTaken: CONFLICT,
    ImportRefused: CONFLICT,
    ImportsBusy: UNAVAILABLE,
    PreviewGone: GONE,
}

_BACKFILL_ERRORS: Mapping[type[BackfillError], ProblemKind] = {
    AlreadyHere: CONFLICT,
    BackfillChanged: CONFLICT,
    CannotBePlaced: CONFLICT,
    DigestDiffers: INVALID,
    NoRoomForUpload: NO_ROOM,
    TooManyUploads: TOO_MANY,
    UploadBusy: LOCKED,
    UploadGone: NOT_FOUND,
    UploadInvalid: INVALID,
    UploadTooLarge: TOO_LARGE,
}

_STATUS_KINDS = {kind.status: kind for kind in (BAD_REQUEST, NOT_FOUND, TOO_LARGE)}


class Problem(Exception):
    """Raised by a resource that knows what is wrong itself. `more` are members beyond the usual (RFC 9457, 3.2)."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        field: str | None = None,
        fix: str | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.field = field
        self.fix = fix
        self.headers = headers
        self.more = more


def problem_response(
    kind: ProblemKind,
    detail: str,
    *,
    field: str | None = None,
    fix: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    body: dict[str, object] = {
        "type": TYPE_PREFIX + kind.word,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
    }
    if field is not None:
        body["field"] = field
    if fix is not None:
        body["fix"] = fix
    if errors:
        body["errors"] = list(errors)
    body.update(more or {})
    return JSONResponse(body, kind.status, headers, MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Have the app turn every error into a problem, on HTTP and on WebSockets before `accept`."""
    for error in (
        ClientDisconnect,
        Problem,
        AccessError,
        RegistryError,
        BackfillError,
        CaseError,
        SheetUnreadable,
        HasherBusy,
        LedgerUnavailable,
        DatabaseError,
        RequestValidationError,
        WebSocketRequestValidationError,
        HTTPException,
    ):
        app.add_exception_handler(error, _answer)
    app.add_exception_handler(Exception, _answer_house_error)


async def _answer(connection: HTTPConnection, error: Exception) -> Response:
    """On a WebSocket before `accept` the response is the denial of the handshake."""
    if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED.status:
        allowed = methods_at(connection) or ("GET",)  # of the web app
        return problem_response(METHOD_NOT_ALLOWED, error.detail, headers={"Allow": ", ".join(allowed)})
    return _response_of(error)


def _response_of(error: Exception) -> Response:
    match error:
        case Problem():
            return problem_response(
                error.kind, error.detail, field=error.field, fix=error.fix, headers=error.headers, more=error.more
            )
        case AccessError():
            return _access_response(error)
        case RegistryError():
            kind = _REGISTRY_ERRORS[type(error)]
            return problem_response(kind, str(error), field=error.field or None, fix=error.fix or None)
        case BackfillError():
            more = {"backfill": error.backfill} if isinstance(error, AlreadyHere) else None
            kind, field, fix = _BACKFILL_ERRORS[type(error)], error.field or None, error.fix or None
            return problem_response(kind, str(error), field=field, fix=fix, headers=TUS_RESUMABLE, more=more)
        case CaseError():
            headers = {"Retry-After": str(BUSY_RETRY_S)} if isinstance(error, ImportsBusy) else None
            kind = _CASE_ERRORS[type(error)]
            field, fix = error.field or None, error.fix or None
            return problem_response(kind, str(error), field=field, fix=fix, headers=headers)
        case SheetUnreadable():
            return problem_response(INVALID, str(error), field="body", fix=error.fix, more={"what": error.what})
        case RequestValidationError() | WebSocketRequestValidationError():
            return _validation_response(error.errors())
        case LedgerUnavailable():
            fix = "Nothing was shown or changed. Tell the system admin that the audit log cannot be written."
            return problem_response(UNAVAILABLE, "The audit log cannot be written.", fix=fix)
        case DatabaseError() if is_damage(error):
            fix = "Tell the system admin: the alarm says what to do. Recording goes on."
            return problem_response(UNAVAILABLE, "The database is damaged.", fix=fix)
        case ClientDisconnect():  # in the middle of its own body: nobody hears the answer, and nothing is wrong here
            return problem_response(BAD_REQUEST, "The request was cut off.")
        case HasherBusy():
            headers = {"Retry-After": str(BUSY_RETRY_S)}
            return problem_response(UNAVAILABLE, "Too many people log in.", fix="Try again.", headers=headers)
        case HTTPException():
            kind = _STATUS_KINDS.get(error.status_code, BAD_REQUEST)
            return problem_response(kind, str(error.detail), headers=error.headers)
    raise error


def _access_response(error: AccessError) -> Response:
    kind = _VERDICTS[error.verdict] if isinstance(error, Refused) else _ACCESS_ERRORS[type(error)]
    headers = {}
    if kind is UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Session realm="mingjing"'  # RFC 9110, 15.5.2 asks for one
    if isinstance(error, WrongStreamPassword):
        headers["WWW-Authenticate"] = 'Bearer realm="mingjing", error="invalid_token"'  # RFC 6750, 3
    if isinstance(error, LockedOut):
        headers["Retry-After"] = str(error.wait_s)
    return problem_response(kind, error.words, field=error.field, fix=error.fix, headers=headers)


def _validation_response(faults: Sequence[Mapping[str, object]]) -> Response:
    errors = [{"field": _field_of(fault), "fix": str(fault["msg"])} for fault in faults]
    first = errors[0]
    return problem_response(
        INVALID,
        f"{first['field'] or 'The request'}: {first['fix']}",
        field=first["field"],
        fix=first["fix"],
        errors=errors,
    )


def _field_of(fault: Mapping[str, object]) -> str:
    """Pydantic's location without its first word (body, query, path), in dots."""
    location = fault["loc"]
    parts = location if isinstance(location, tuple) else ()
    return ".".join(str(part) for part in parts[1:])


async def _answer_house_error(request: Request, error: Exception) -> Response:
    """The traceback goes to the log (the server raises on), never into the answer (I13).

    The framework sends this answer past the middleware, so it carries the headers itself.
    """
    _log.error("house error", method=request.method, path=request.url.path, error=type(error).__name__)
    return problem_response(
        HOUSE_ERROR,
        "The server made a mistake; it is in its log.",
        fix="Try again; tell the system admin.",
        headers={**ALWAYS, "Cache-Control": "no-store"},
    )

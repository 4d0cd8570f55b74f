"""Security headers on every answer, and the limit on every body.

The content security policy allows this server's own files and nothing inline; `blob:` is what
MSE players and snapshots are made of, `data:` the QR codes. Not here: cookies and origins
(viewer.access).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from supervision.cases import FILE_MAX_BYTES

BODY_MAX_BYTES = 65_536  # the longest body of ours is a checkpoint with its address: some hundred bytes
# Doors at which a whole file comes in. Who may not enter is turned away before the first byte is read (GuardedRoute).
FILE_DOORS: Mapping[str, int] = {"/api/v1/cases/import/preview": FILE_MAX_BYTES}
# Doors at which originals come in, of any length: those themselves know what is left of an upload, and stop there.
UPLOAD_DOORS = "/api/v1/backfill/"
HSTS_S = 365 * 24 * 3600

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

ALWAYS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(self), geolocation=(self), payment=(), usb=()",
}

# The one page that is a camera. Supervisors speak from the others, and show nobody their picture.
CAMERA_PAGE = "/publish"
WITH_CAMERA: Mapping[str, str] = {
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()",
}


# Doors at which any page may call: it has to be able to read every answer, refusals included. At WHIP nothing counts
# that a browser adds by itself (WITHOUT_COOKIE in access.doors). At WHEP a cookie counts, but only from our own pages,
# and an answer to anybody ("*") is never read by a page that had cookies sent along.
OPEN_TO_PAGES = ("/whip/", "/whep/")
TO_ANY_PAGE: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Location, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """ASGI: adds the headers. What a route set itself stays; caching is off unless it said otherwise."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        secure = scope.get("scheme") in ("https", "wss")
        wanted = _wanted(scope.get("path", ""))

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if secure:
                    headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_S}")
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _wanted(path: str) -> Mapping[str, str]:
    if path.startswith(OPEN_TO_PAGES):
        return {**ALWAYS, **TO_ANY_PAGE}
    return {**ALWAYS, **WITH_CAMERA} if path == CAMERA_PAGE else ALWAYS


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """ASGI: refuses bodies beyond `BODY_MAX_BYTES`, or what a door for files takes, announced or not."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        uploads = scope.get("path", "").startswith(UPLOAD_DOORS) and scope.get("method") == "PATCH"
        if scope["type"] != "http" or uploads:
            await self.app(scope, receive, send)
            return
        received = 0
        limit = FILE_DOORS.get(scope.get("path", ""), BODY_MAX_BYTES)

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, f"At most {limit} bytes.")
            return message

        await self.app(scope, receive_counted, send)

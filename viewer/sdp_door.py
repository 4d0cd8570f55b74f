"""What the doors of WHIP and of WHEP have in common: the bodies and headers of RFC 9725, and how its refusals are told.

Not here: who may enter (viewer.access), media and sessions (gateway.webrtc).
"""

from fastapi import Request, Response

from gateway.webrtc import OfferNotTaken
from viewer.problems import (
    BAD_REQUEST,
    CHANGED,
    CODEC_NOT_CARRIED,
    DEVICE_NOT_SENDING,
    UNAVAILABLE,
    UNSUPPORTED_TYPE,
    VERSION_REQUIRED,
    Problem,
)

OFFER_TYPE = "application/sdp"
FRAGMENT_TYPE = "application/trickle-ice-sdpfrag"

PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
    "Accept-Post": OFFER_TYPE,
    "Accept-Patch": FRAGMENT_TYPE,
}
_NOT_TAKEN = {400: BAD_REQUEST, 406: CODEC_NOT_CARRIED, 409: DEVICE_NOT_SENDING, 503: UNAVAILABLE}


def require_type(request: Request, wanted: str) -> None:
    """
    Raises:
        Problem: 415, the body is of another type.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
        words = "The body is of another type."
        raise Problem(UNSUPPORTED_TYPE, words, field="Content-Type", fix=f"Send {wanted}.")


def asks_restart(request: Request, etag: str) -> bool:
    """Whether a PATCH restarts ICE (If-Match: *), or concerns the ICE session of this `etag` (RFC 9725, 4.3.1).

    Raises:
        Problem: 428 without a condition, 412 when the ICE session is another one by now.
    """
    condition = request.headers.get("if-match")
    if condition is None:
        fix = "Send If-Match with the ETag of the session, or * to restart ICE."
        raise Problem(VERSION_REQUIRED, "If-Match is missing.", field="If-Match", fix=fix)
    if condition not in ("*", etag):
        raise Problem(CHANGED, "The ICE session is another one by now.", field="If-Match", fix="Restart ICE.")
    return condition == "*"


def created(location: str, etag: str, answer: bytes, ice_links: str) -> Response:
    """201, with the answer; and with STUN and TURN servers, where there are any (RFC 9725, 4.6)."""
    links = {"Link": ice_links} if ice_links else {}
    return Response(answer, 201, {"Location": location, "ETag": etag, **links}, OFFER_TYPE)


def trickle_response(answer: bytes | None, etag: str) -> Response:
    """204 for candidates, 200 and new credentials for an ICE restart."""
    headers = {"ETag": etag}
    if answer is None:
        return Response(status_code=204, headers=headers)
    return Response(answer, 200, headers, FRAGMENT_TYPE)


def not_taken(error: OfferNotTaken) -> Problem:
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else {}
    more = {"why_not": {str(kind): str(why) for kind, why in error.why_not.items()}} if error.why_not else {}
    return Problem(_NOT_TAKEN[error.status], error.words, field=error.field or None, headers=headers, more=more)

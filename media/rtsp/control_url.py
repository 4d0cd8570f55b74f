"""Which URL a reader sends a SETUP to: the base of a description, and the control of each track (RFC 2326, C.1.1).

Cameras differ from the RFC and from each other; what is tolerated here, all seen in the field: a
Content-Base that is absent, empty, relative or no URL at all, with or without a slash at its end; controls
that are whole URLs, paths, or queries; a base with a query of its own, behind which the control is put.

These URLs go into requests on the connection that is there. Nobody connects to what they name.
"""

import re

from media.rtsp.errors import RtspError
from media.rtsp.message import URL_MAX_BYTES, Headers

_ABSOLUTE = re.compile(r"(?i:rtsps?)://[^/?\s]+\S*")
_VISIBLE = re.compile(r"[!-~]*")


def base_of(request_url: str, headers: Headers) -> str:
    """What the controls of a description are relative to: Content-Base, Content-Location, else the request's URL."""
    for name in ("Content-Base", "Content-Location"):
        value = headers.get(name).strip()
        if not value or not _VISIBLE.fullmatch(value):
            continue
        url = value if "://" in value else _joined(request_url, value)
        if _ABSOLUTE.fullmatch(url) and len(url) <= URL_MAX_BYTES:
            return url
    return request_url


def control_url(base: str, control: str) -> str:
    """The URL of a track, or of the session for the session's own control.

    Raises:
        RtspError: 400, the control cannot be part of a URL, or the URL is too long.
    """
    if control in ("", "*"):
        return base
    if "://" in control:
        url = control
    elif control[0] == "/" and base.endswith("/"):
        url = base + control[1:]
    else:
        url = base + ("" if control[0] in "?/" or base.endswith("/") else "/") + control
    if len(url) > URL_MAX_BYTES or not _VISIBLE.fullmatch(url) or not _ABSOLUTE.fullmatch(url):
        raise RtspError(400, "the description names a control that is no URL")
    return url


def _joined(url: str, reference: str) -> str:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if reference.startswith("/"):
        return f"{scheme}://{authority}{reference}"
    folder = path.partition("?")[0].rpartition("/")[0]
    return f"{scheme}://{authority}{slash}{folder}{'/' if folder else ''}{reference}"

"""Where the pictures of a fixed camera are fetched from: a value, and what may be one.

Not here: whether the address may be called (gateway.rtsp), what is kept and changed (sources.py).
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from gateway.registry.errors import Invalid

URL_MAX = 1_024  # half of what RTSP takes: the controls of the camera's tracks come behind it
USER_MAX = 64
PASSWORD_MAX = 128
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}  # RFC 2326, 3.2; RFC 7826, 4.2

_URL = re.compile(r"(?P<scheme>rtsps?)://(?P<authority>[^/?#]*)(?P<target>[/?][!-~]*)?", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?")
_SECRET_IN_URL = re.compile(r"(?:password|passwd|pwd|pass)=[^&_/]", re.IGNORECASE)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_USER = re.compile(r"[!-9;-~]*")  # visible ASCII without the colon that ends it in every scheme
_MASK = re.compile(r"[*\u2022\u25cf\u00b7.]{3,}")  # how pages show that there is a password


class SourceTransport(StrEnum):
    """How the pictures travel."""

    AUTO = "auto"  # within the RTSP connection, over UDP where the camera does not serve that
    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """A URL in its parts: lower-case scheme and host, a port always, path and query as they were typed."""

    scheme: str
    host: str  # without brackets
    port: int
    target: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    @property
    def tls(self) -> bool:
        return self.scheme == "rtsps"

    @property
    def origin(self) -> str:
        """Who is called: what a password is good for."""
        return f"{self.scheme}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Source:
    """`sealed_password` is empty where the camera wants none; it is never shown."""

    url: SourceUrl
    user: str
    transport: SourceTransport
    fingerprint: str  # SHA-256 of the one certificate that is taken, in hexadecimal; empty: who the authorities know
    sealed_password: bytes = field(repr=False)

    @property
    def has_password(self) -> bool:
        return bool(self.sealed_password)


def read_source_url(text: str) -> SourceUrl:
    """Raises Invalid (url): no RTSP URL, or one with credentials in it."""

    def invalid(words: str, fix: str) -> Invalid:
        return Invalid(words, field="url", fix=fix)

    text = text.strip()
    if len(text) > URL_MAX:
        raise invalid(f"The URL has {len(text)} characters.", f"Use at most {URL_MAX}.")
    match = _URL.fullmatch(text)
    if match is None:
        raise invalid("This is no RTSP URL.", "Write it as rtsp://HOST:PORT/PATH or rtsps://HOST:PORT/PATH.")
    if "@" in match["authority"]:
        raise invalid("The URL holds a user or password.", "Give them in their own fields; this URL is shown.")
    if "#" in (match["target"] or ""):
        raise invalid("The URL has a fragment, which no camera is sent.", "Leave out # and what follows.")
    if _SECRET_IN_URL.search(match["target"] or ""):
        raise invalid("The URL holds a password.", "Give it in its own field; this URL is shown.")
    authority = _AUTHORITY.fullmatch(match["authority"])
    if authority is None:
        raise invalid("The URL names no host.", "Write it as rtsp://HOST:PORT/PATH.")
    scheme, host = match["scheme"].lower(), authority["host"].strip("[]").lower()
    port = int(authority["port"] or DEFAULT_PORTS[scheme])
    if not 0 < port <= 65_535:
        raise invalid(f"{port} is no port.", "Use 1 to 65535.")
    if ":" in host:
        try:
            host = str(ip_address(host))
        except ValueError:
            raise invalid("The URL's host is no IPv6 address.", "Write it as rtsp://[2001:db8::1]/PATH.") from None
    return SourceUrl(scheme, host, port, match["target"] or "/")


def read_user(text: str) -> str:
    """Raises Invalid (user)."""
    if len(text) > USER_MAX or not _USER.fullmatch(text):
        fix = f"Use up to {USER_MAX} letters, digits and signs without spaces and colons."
        raise Invalid("This is no user name of a camera.", field="user", fix=fix)
    return text


def read_password(text: str) -> str:
    """Raises Invalid (password): too long, unprintable, or the mask in place of a password."""
    if _MASK.fullmatch(text):
        fix = "Leave the field out to keep the password, or type the new one."
        raise Invalid("This is the mask of a password, not a password.", field="password", fix=fix)
    if len(text) > PASSWORD_MAX or not text.isprintable():
        fix = f"Use up to {PASSWORD_MAX} characters that can be typed."
        raise Invalid("This is no password of a camera.", field="password", fix=fix)
    return text


def read_fingerprint(text: str) -> str:
    """Raises Invalid (fingerprint). Colons and spaces are taken out: tools print them."""
    digits = text.replace(":", "").replace(" ", "").lower()
    if digits and not _FINGERPRINT.fullmatch(digits):
        fix = "Give the SHA-256 of the certificate: 64 hexadecimal digits."
        raise Invalid("This is no fingerprint of a certificate.", field="fingerprint", fix=fix)
    return digits

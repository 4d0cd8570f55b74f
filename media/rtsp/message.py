"""RTSP/1.0 messages: a parser for any split of bytes, and the writers (RFC 2326, 4 to 7).

Not here: interleaved frames, which never become objects (interleaved.py), and what a message means.

Tolerated, all seen in the field: bare LF, blank lines between messages, header names in any case,
spaces before a status line or a header, folded headers, bytes beyond ASCII in header values.
Refused: control characters, what is not RTSP at all, and everything past the limits below.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from media.rtsp.errors import RtspError
from media.rtsp.interleaved import DOLLAR, Buffer

METHOD_MAX_BYTES = 64  # these four are gortsplib's: no camera that works there fails here
URL_MAX_BYTES = 2_048
HEADERS_MAX = 255
BODY_MAX_BYTES = 131_072  # the SDP of a 16-track encoder is 12 KiB; ten times that is an attack
LINE_MAX_BYTES = 4_096  # Authorization with SHA-256 is some 500 bytes
HEAD_MAX_BYTES = 65_536  # over all lines, so that 255 long headers are not a megabyte

_CHUNK_BYTES = 512  # looked at in one go for the end of a line: most lines are shorter
_REQUEST_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_-]*) +(\S+) +(RTSP/\d\.\d) *")
_STATUS_LINE = re.compile(r"RTSP/\d\.\d +(\d{3})(?: (.*))?")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANK = (0x0A, 0x0D, 0x20, 0x09)

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
    551: "Option Not Supported",
}


class Headers:
    """Header fields in order, found by name in any case."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = tuple(items)

    def get(self, name: str, default: str = "") -> str:
        """The first value of a name."""
        return next(iter(self.all(name)), default)

    def all(self, name: str) -> list[str]:
        """Every value of a name."""
        wanted = name.lower()
        return [value for key, value in self._items if key.lower() == wanted]

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        # Names only: values hold credentials, and reprs end up in logs.
        return f"Headers({', '.join(name for name, _ in self._items)})"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    version: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    reason: str
    headers: Headers
    body: bytes = b""


Message = Request | Response


class MessageParser:
    """Takes bytes in any split and gives one message at a time; keeps what is incomplete."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._lines: list[str] = []
        self._head_bytes = 0
        self._head_lines = 0  # folded ones counted each: putting them together costs as much as a header
        self._body = bytearray()
        self._body_wanted: int | None = None
        self._failed = False

    @property
    def idle(self) -> bool:
        """Whether the next byte begins something new; only then can it be the `$` of a frame."""
        return not self._line and not self._lines

    def feed(self, buffer: Buffer, start: int, end: int) -> tuple[int, Message | None]:
        """Read from `buffer[start:end]` until a message is whole or the bytes are used up.

        Returns the index behind what was read, and the message if it is whole.

        Raises:
            RtspError: where the next message begins is lost. The parser refuses further input.
        """
        if self._failed:
            raise RtspError(400, "input after a framing error")
        try:
            return self._feed(buffer, start, end)
        except RtspError:
            self._failed = True
            raise

    def _feed(self, buffer: Buffer, start: int, end: int) -> tuple[int, Message | None]:
        if self._body_wanted is None:
            start = self._read_head(buffer, start, end)
        if self._body_wanted is None:
            return start, None
        taken = min(end - start, self._body_wanted - len(self._body))
        self._body += buffer[start : start + taken]
        start += taken
        if len(self._body) < self._body_wanted:
            return start, None
        return start, self._finish()

    def _read_head(self, buffer: Buffer, start: int, end: int) -> int:
        if self.idle:
            begin = start
            while start < end and buffer[start] in _BLANK:
                start += 1
            if begin < start < end and buffer[start] == DOLLAR:
                return start  # behind blank lines a frame may begin: the caller looks, as after any message
            if start < end:
                _refuse_foreign_protocol(buffer[start])
        while start < end and self._body_wanted is None:
            part = bytes(buffer[start : min(end, start + _CHUNK_BYTES)])
            newline = part.find(b"\n")
            if newline >= 0:
                part = part[: newline + 1]
            self._take_line_part(part, whole=newline >= 0)
            start += len(part)
        return start

    def _take_line_part(self, part: bytes, *, whole: bool) -> None:
        self._head_bytes += len(part)
        if len(self._line) + len(part) > LINE_MAX_BYTES or self._head_bytes > HEAD_MAX_BYTES:
            raise RtspError(400 if self._lines else 414, "a line, or the head as a whole, is too long")
        self._line += part
        if not whole:
            return
        line = bytes(self._line).rstrip(b"\r\n")
        self._line.clear()
        if line:
            self._take_line(line)
        else:
            self._body_wanted = _content_length(self._lines[1:])

    def _take_line(self, line: bytes) -> None:
        if _CONTROL.search(line):
            raise RtspError(400, "control characters in a message head")
        text = line.decode("latin-1")
        self._head_lines += 1
        if self._head_lines > 1 + HEADERS_MAX:
            raise RtspError(400, f"more than {HEADERS_MAX} headers")
        if not self._lines:
            _check_start_line(text)
        elif text[0] in " \t" and _HEADER.fullmatch(text.strip()) is None:
            if len(self._lines) == 1:
                raise RtspError(400, "the first line is folded")
            self._lines[-1] += " " + text.strip()  # folded (RFC 2326 takes over RFC 2068's rule)
            return
        self._lines.append(text.strip())

    def _finish(self) -> Message:
        start_line, *header_lines = self._lines
        headers = Headers(map(_split_header, header_lines))
        body = bytes(self._body)
        self._lines.clear()
        self._body.clear()
        self._body_wanted = None
        self._head_bytes = self._head_lines = 0
        if status := _STATUS_LINE.fullmatch(start_line):
            return Response(int(status[1]), (status[2] or "").strip(), headers, body)
        request = _REQUEST_LINE.fullmatch(start_line)
        assert request is not None  # _check_start_line let nothing else through
        return Request(request[1].upper(), request[2], request[3], headers, body)


def _refuse_foreign_protocol(first: int) -> None:
    if first == 0x16:
        raise RtspError(400, "TLS on the plain RTSP port")
    if not (0x41 <= first <= 0x5A or 0x61 <= first <= 0x7A):
        raise RtspError(400, "neither a message nor an interleaved frame")


def _check_start_line(text: str) -> None:
    if _STATUS_LINE.fullmatch(text.strip()):
        return
    match = _REQUEST_LINE.fullmatch(text)
    if match is None:
        raise RtspError(400, "HTTP on the RTSP port" if " HTTP/" in text else "the first line is no RTSP request")
    if len(match[1]) > METHOD_MAX_BYTES:
        raise RtspError(400, "the method is too long")
    if len(match[2]) > URL_MAX_BYTES:
        raise RtspError(414, "the URL is too long")
    if not match[2].isascii():
        raise RtspError(400, "the URL is not ASCII")


def _split_header(line: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise RtspError(400, "a header without a name")
    return match[1], match[2].strip()


def _content_length(lines: list[str]) -> int:
    values = {value for name, value in map(_split_header, lines) if name.lower() == "content-length"}
    if not values:
        return 0
    value = values.pop()
    if values or not (value.isascii() and value.isdigit()):
        raise RtspError(400, "Content-Length is not one number")
    if len(value) > 9 or int(value) > BODY_MAX_BYTES:
        raise RtspError(413, f"a body of more than {BODY_MAX_BYTES} bytes")
    return int(value)


def request_bytes(method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """A request, ready to send. Content-Length is added where there is a body."""
    return _message_bytes(f"{method} {url} RTSP/1.0", headers, body)


def response_bytes(status: int, headers: Iterable[tuple[str, str]], words: str = "", body: bytes = b"") -> bytes:
    """A response, ready to send. `words` replace the standard reason, made harmless."""
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in words) or REASONS.get(status, "Unknown")
    return _message_bytes(f"RTSP/1.0 {status} {reason}", headers, body)


def _message_bytes(start_line: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break inside an RTSP header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body

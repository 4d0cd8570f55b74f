"""The lines of a WebRTC description in their places, before they are understood.

Limits: `OFFER_MAX_BYTES`, `M_LINES_MAX`, `FORMATS_MAX`. Unknown lines are kept out, not refused.
"""

import re
from dataclasses import dataclass, field

from media.sdp.reader import SDP_MAX_BYTES
from media.sdp.webrtc.offer import OfferError

OFFER_MAX_BYTES = SDP_MAX_BYTES  # Chromium's offer of one picture and one sound has 7 KiB
M_LINES_MAX = 16  # as many as tracks of a description for RTSP
FORMATS_MAX = 128  # payload types there are
ATTRIBUTES_MAX = 1_024  # of one m-line: Chromium has some 150

_LINE_END = re.compile(r"\r\n|\n|\r")
_M_LINE = re.compile(
    r"(?P<medium>[A-Za-z0-9-]{1,32}) (?P<port>\d{1,5})(/\d{1,5})? (?P<protocol>[A-Za-z0-9/]{1,32})"
    r"(?P<words>( \S{1,64})*)",
    re.ASCII,
)


@dataclass(slots=True)
class Section:
    """One m-line, or the session above all of them, with its attributes in order."""

    medium: str = ""
    port: int = 0
    protocol: str = ""
    words: tuple[str, ...] = ()
    attributes: list[tuple[str, str]] = field(default_factory=list)
    name: str = "session"

    def first(self, attribute: str) -> str | None:
        return next((value for name, value in self.attributes if name == attribute), None)

    def all(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]

    def has(self, attribute: str) -> bool:
        return any(name == attribute for name, _ in self.attributes)


def read_sections(text: bytes) -> tuple[Section, list[Section]]:
    """The session's lines, and each m-line's.

    Raises:
        OfferError: too long, too many lines, or an m-line that cannot be read.
    """
    if len(text) > OFFER_MAX_BYTES:
        raise OfferError("description", f"more than {OFFER_MAX_BYTES} bytes")
    session = section = Section()
    sections: list[Section] = []
    for line in _LINE_END.split(text.decode("utf-8", "replace")):
        letter, equals, value = line.rstrip(" \t\0").partition("=")
        if letter == "m" and equals:
            if len(sections) == M_LINES_MAX:
                raise OfferError("m-lines", f"more than {M_LINES_MAX}")
            section = _open(value, len(sections))
            sections.append(section)
        elif letter == "a" and equals:
            if len(section.attributes) == ATTRIBUTES_MAX:
                raise OfferError(section.name, f"more than {ATTRIBUTES_MAX} attributes")
            name, _, argument = value.partition(":")
            section.attributes.append((name.strip(), argument.strip()))
    return session, sections


def _open(value: str, place: int) -> Section:
    match = _M_LINE.fullmatch(value) if len(value) <= OFFER_MAX_BYTES else None
    if match is None or int(match["port"]) > 65_535:
        raise OfferError(f"m-line {place + 1}", "must be a medium, a port, a protocol and formats")
    words = tuple(match["words"].split())
    if len(words) > FORMATS_MAX:
        raise OfferError(f"m-line {place + 1}", f"more than {FORMATS_MAX} formats")
    return Section(
        match["medium"].lower(), int(match["port"]), match["protocol"], words, name=f"m={match['medium'].lower()}"
    )

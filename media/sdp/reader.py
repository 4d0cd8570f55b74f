"""SDP text to values (RFC 8866), forgiving.

Tolerated, all seen in cameras: any line end, spaces around parameters, a trailing NUL, no `v=`,
lines that are no SDP lines, no `rtpmap` for static types, no `sprop-*` or unreadable ones, names
in any case, bytes that are no UTF-8. Lines that nobody here needs (`r=`, `z=`, `b=`, `t=`, …) are not read.
"""

import re
from dataclasses import dataclass, field

from media.sdp.audio import audio_config
from media.sdp.description import MediaDescription, SdpError, SessionDescription
from media.sdp.format_lines import STATIC_RTPMAPS, VIDEO_CODECS, codec_of, read_fmtp, read_rtpmap
from media.sdp.parameter_sets import read_parameter_sets, sprop_keys
from media.track import TrackKind

SDP_MAX_BYTES = 65_536  # half of what RTSP lets through as a body; a 16-track encoder needs 12 KiB
PAYLOAD_TYPES_MAX = 16  # offered for one track; devices offer one
MEDIA_MAX = 16  # tracks of the largest encoder known; we carry one video and one audio track

_LINE_END = re.compile(r"\r\n|\n|\r")
_BY_TYPE = re.compile(r"(rtpmap|fmtp):\s*(\d{1,3})\s+(.+)", re.IGNORECASE)


@dataclass(slots=True)
class _Section:
    """The lines of one m-line, before they are understood."""

    kind: str
    payload_types: list[int]
    rtpmaps: dict[int, str] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)
    control: str = ""


def parse(text: bytes) -> SessionDescription:
    """A session description from the body of an ANNOUNCE.

    Raises:
        SdpError: too long, too many tracks, or none.
    """
    if len(text) > SDP_MAX_BYTES:
        raise SdpError(f"a description of more than {SDP_MAX_BYTES} bytes")
    name = control = ""
    sections: list[_Section] = []
    for line in _LINE_END.split(text.decode("utf-8", "replace").rstrip("\0 \r\n\t")):
        letter, _, value = line.strip().partition("=")
        value = value.strip()
        match letter.strip().lower():
            case "m":
                sections.append(_open_section(value, len(sections)))
            case "s" if not sections:
                name = value
            case "a" if sections:
                _take_attribute(sections[-1], value)
            case "a" if value.lower().startswith("control:"):
                control = value[8:].strip()
    if not sections:
        raise SdpError("a description without a track")
    return SessionDescription(tuple(map(_understand, sections)), name, control)


def _open_section(value: str, count: int) -> _Section:
    kind, *words = value.split()[: 3 + PAYLOAD_TYPES_MAX] or [""]
    if len(words) < 2:
        raise SdpError("an m-line that cannot be read")
    if count == MEDIA_MAX:
        raise SdpError(f"more than {MEDIA_MAX} tracks")
    types = [int(word) for word in words[2:] if re.fullmatch(r"[0-9]{1,3}", word)]
    if max(types, default=0) > 127:
        raise SdpError("a payload type above 127")
    return _Section(kind.lower(), types or [0])  # data channels and the like have names for types


def _take_attribute(section: _Section, value: str) -> None:
    if value.lower().startswith("control:"):
        section.control = value[8:].strip()
        return
    match = _BY_TYPE.fullmatch(value)
    if match is None or int(match[2]) not in section.payload_types:
        return
    target = section.rtpmaps if match[1].lower() == "rtpmap" else section.fmtps
    target.setdefault(int(match[2]), match[3])


def _understand(section: _Section) -> MediaDescription:
    """The section's first payload type that we can carry, else its first."""
    candidates = [_describe(section, payload_type) for payload_type in section.payload_types]
    return next((media for media in candidates if media.codec), candidates[0])


def _describe(section: _Section, payload_type: int) -> MediaDescription:
    name, clock_rate, channels = read_rtpmap(section.rtpmaps.get(payload_type) or STATIC_RTPMAPS.get(payload_type, ""))
    kind = TrackKind(section.kind) if section.kind in ("video", "audio") else None
    codec = codec_of(name, kind) if clock_rate else None
    fmtp = read_fmtp(section.fmtps.get(payload_type, ""))
    audio = None
    if codec and codec not in VIDEO_CODECS:
        audio = audio_config(codec, clock_rate, channels, fmtp.get("config", ""))
        codec = codec if audio else None
    sets = read_parameter_sets(codec, fmtp)
    for key in sprop_keys(codec):
        fmtp.pop(key, None)
    return MediaDescription(
        kind, payload_type, codec, name or "unknown", clock_rate, channels, fmtp, section.control, sets, audio
    )

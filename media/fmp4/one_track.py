"""One track of a header by itself: what a player needs that has a buffer for each track.

Files have one moov for all tracks (docs/reference/fragment.md), and archived fragments name the track they are of. Not
here: what is in a track (`reader`), what a browser is asked (`mime`).
"""

from struct import Struct

from media.fmp4.boxes import Mp4Error, box, iter_boxes
from media.fmp4.init import IDENTITY_UUID

_WORD = Struct(">I")
_TKHD_TRACK_ID = 12  # behind version, flags and two times (ISO/IEC 14496-12, 8.3.2)
_TREX_TRACK_ID = 4  # behind version and flags (8.8.3)


def track_init(header: bytes, track_id: int) -> bytes:
    """ftyp and moov of a header of ours with this track alone, whose boxes stay as they are; without its identity.

    Raises:
        Mp4Error: it has no such track, or boxes that we did not write.
    """
    parts: list[bytes] = []
    for kind, start, end in iter_boxes(header):
        if kind == b"moov":
            parts.append(_moov(header, start, end, track_id))
        elif kind != b"uuid" or header[start : start + 16] != IDENTITY_UUID.bytes:
            parts.append(box(kind, header[start:end]))
    return b"".join(parts)


def _moov(header: bytes, start: int, end: int, track_id: int) -> bytes:
    kept: list[bytes] = []
    found = False
    for kind, at, to in iter_boxes(header, start, end):
        if kind == b"trak":
            if _track_of_trak(header, at, to) != track_id:
                continue
            found = True
        body = _mvex(header, at, to, track_id) if kind == b"mvex" else header[at:to]
        kept.append(box(kind, body))
    if not found:
        raise Mp4Error(f"no track {track_id} in the header")
    return box(b"moov", *kept)


def _mvex(header: bytes, start: int, end: int, track_id: int) -> bytes:
    return b"".join(
        box(kind, header[at:to])
        for kind, at, to in iter_boxes(header, start, end)
        if kind != b"trex" or _number_at(header, at + _TREX_TRACK_ID, to) == track_id
    )


def _track_of_trak(header: bytes, start: int, end: int) -> int:
    for kind, at, to in iter_boxes(header, start, end):
        if kind == b"tkhd":
            return _number_at(header, at + _TKHD_TRACK_ID, to)
    raise Mp4Error("a trak without tkhd")


def _number_at(data: bytes, position: int, end: int) -> int:
    if position + _WORD.size > end:
        raise Mp4Error(f"a box ends at {end}, before its track id")
    number: int = _WORD.unpack_from(data, position)[0]
    return number

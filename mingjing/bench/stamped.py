"""Finds the stamp in a fragment of ours without parsing it whole: thousands a second are read."""

from media import VIDEO_TRACK_ID, Codec
from media.nal import Stamp, read_stamp

_NALS_BEFORE_STAMP_MAX = 8  # AUD, VPS, SPS, PPS and what a vendor adds


def track_id(fragment: bytes) -> int:
    """The tfhd's track_ID; 0 when this is no fragment (ISO 14496-12, 8.8.7)."""
    at = fragment.find(b"tfhd", 0, 256)
    return int.from_bytes(fragment[at + 8 : at + 12], "big") if at > 0 else 0


def stamp_of(fragment: bytes, codec: Codec) -> Stamp | None:
    """The stamp of a video fragment; None for sound, headers, and pictures without one."""
    if track_id(fragment) != VIDEO_TRACK_ID:
        return None
    at = fragment.find(b"mdat", 0, 512) + 4
    for _ in range(_NALS_BEFORE_STAMP_MAX):
        size = int.from_bytes(fragment[at : at + 4], "big")
        if size == 0 or at + 4 + size > len(fragment):
            return None
        stamp = read_stamp(codec, (fragment[at + 4 : at + 4 + size],))
        if stamp is not None:
            return stamp
        at += 4 + size
    return None

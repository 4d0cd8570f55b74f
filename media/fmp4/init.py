"""Writes the header of a file or a live session: ftyp, uuid, moov (ISO/IEC 14496-12, 8.2 and 8.8.1).

The entries are avc3 and hev1 (ISO/IEC 14496-15, 5.4.2 and 8.4), so parameter sets may stay in the
samples as they were received; the sets in force at the beginning stand in the entry as well, for
devices that name them in SDP only. Sound is mp4a, Opus, or alaw and ulaw as QuickTime names them.

Not here: the decoder records (`entries`), the MIME type a browser asks for (`mime`).
"""

import json
from collections.abc import Mapping, Sequence
from struct import Struct
from uuid import UUID

from media.fmp4.boxes import box, full_box
from media.fmp4.entries import sample_entry
from media.track import Track, TrackKind, VideoConfig

# Names our box in a header; read_identity looks for it. Drawn once, never changed.
IDENTITY_UUID = UUID("6d696e67-6a69-4e67-9d5c-2f1f0a5b7c31")

_MOVIE_TIMESCALE = 1_000  # of durations in the movie header, which are all unknown, zero
_UNITY_MATRIX = Struct(">9i").pack(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000)
_UNDETERMINED = (0x55C4).to_bytes(2, "big")  # the language "und", packed as ISO/IEC 14496-12, 8.4.2.3 says
_TKHD_ENABLED_IN_MOVIE = 3
_DATA_IN_THIS_FILE = 1
_WORD = Struct(">I")


def init_segment(tracks: Sequence[Track], identity: Mapping[str, str | int] | None = None) -> bytes:
    """ftyp, then a uuid box with `identity` as canonical JSON where given, then moov with all `tracks`.

    Raises:
        ValueError: no track, or two of one id: a mistake of ours.
    """
    if not tracks or len({track.id for track in tracks}) != len(tracks):
        raise ValueError("an init segment needs tracks of different ids")
    parts = [box(b"ftyp", b"iso6", _word(0), b"iso6", b"mp41")]
    if identity is not None:
        parts.append(box(b"uuid", IDENTITY_UUID.bytes, canonical_json(identity)))
    next_id = max(track.id for track in tracks) + 1
    parts.append(
        box(
            b"moov",
            _mvhd(next_id),
            *map(_trak, tracks),
            box(b"mvex", *(full_box(b"trex", 0, 0, _words(track.id, 1, 0, 0, 0)) for track in tracks)),
        )
    )
    return b"".join(parts)


def canonical_json(value: Mapping[str, str | int]) -> bytes:
    """One spelling for one meaning: sorted keys, no spaces, UTF-8."""
    return json.dumps(dict(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _word(value: int) -> bytes:
    return _WORD.pack(value)


def _words(*values: int) -> bytes:
    return b"".join(map(_WORD.pack, values))


def _mvhd(next_track_id: int) -> bytes:
    rate_and_volume = _word(0x1_0000) + b"\x01\x00" + bytes(10)
    return full_box(
        b"mvhd",
        0,
        0,
        _words(0, 0, _MOVIE_TIMESCALE, 0),
        rate_and_volume,
        _UNITY_MATRIX,
        bytes(24),
        _word(next_track_id),
    )


def _trak(track: Track) -> bytes:
    config = track.config
    video = isinstance(config, VideoConfig)
    width, height = (config.width, config.height) if isinstance(config, VideoConfig) else (0, 0)
    tkhd = full_box(
        b"tkhd",
        0,
        _TKHD_ENABLED_IN_MOVIE,
        _words(0, 0, track.id, 0, 0),
        bytes(12),
        bytes(2) if video else b"\x01\x00",  # volume
        bytes(2),
        _UNITY_MATRIX,
        _words((width & 0xFFFF) << 16, (height & 0xFFFF) << 16),
    )
    mdhd = full_box(b"mdhd", 0, 0, _words(0, 0, track.clock_rate, 0), _UNDETERMINED, bytes(2))
    handler = b"vide" if track.kind is TrackKind.VIDEO else b"soun"
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"mingjing\0")
    media_header = full_box(b"vmhd", 0, 1, bytes(8)) if video else full_box(b"smhd", 0, 0, bytes(4))
    dref = full_box(b"dref", 0, 0, _word(1), full_box(b"url ", 0, _DATA_IN_THIS_FILE))
    stbl = box(
        b"stbl",
        full_box(b"stsd", 0, 0, _word(1), sample_entry(config)),
        full_box(b"stts", 0, 0, _word(0)),
        full_box(b"stsc", 0, 0, _word(0)),
        full_box(b"stsz", 0, 0, _words(0, 0)),
        full_box(b"stco", 0, 0, _word(0)),
    )
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", media_header, box(b"dinf", dref), stbl)))

"""Reads back what we wrote: headers with their identity, and fragments.

It is strict where our own writer is: it serves the archive, recovery, export and tests, not files of
others. Every count and size is checked against the bytes that are there; only `Mp4Error` escapes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from media.fmp4.boxes import HEADER_BYTES, Mp4Error, iter_boxes
from media.fmp4.fragment import (
    SYNC_SAMPLE_FLAGS,
    TFHD_DEFAULT_BASE_IS_MOOF,
    TFHD_DEFAULT_FLAGS,
    TRUN_PICTURE,
    TRUN_SOUND,
)
from media.fmp4.init import IDENTITY_UUID

IDENTITY_BYTES_MAX = 65_536  # a uuid box of ours is some 600 bytes
SAMPLES_MAX = 4_096  # in one fragment: sound has about five, a picture one

_WORD = Struct(">I")
_LONG = Struct(">Q")
_SHORT = Struct(">H")
_VISUAL_BYTES = 78  # VisualSampleEntry before its boxes (ISO/IEC 14496-12, 12.1.3)
_AUDIO_BYTES = 28  # AudioSampleEntry (12.2.3)
_TRUN_HEAD = Struct(">IIi")  # version and flags, count, data offset
_TRUN_ROWS = {TRUN_PICTURE: Struct(">IIIi"), TRUN_SOUND: Struct(">II")}

Identity = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class ParsedTrack:
    """One trak: `entry` is the four letters of its sample entry, `record` that entry's boxes (avcC, esds…)."""

    id: int
    handler: str
    timescale: int
    entry: str
    record: bytes
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, slots=True)
class ParsedInit:
    tracks: tuple[ParsedTrack, ...]
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class ParsedSample:
    """`payload` shares the memory of what was parsed. Times are in the track's clock."""

    decode_time: int
    composition_offset: int
    duration: int
    flags: int
    payload: memoryview

    @property
    def sync(self) -> bool:
        return self.flags == SYNC_SAMPLE_FLAGS


@dataclass(frozen=True, slots=True)
class ParsedFragment:
    """prft, moof and mdat of one track. `ntp` is the receive time, `length` all three boxes together."""

    track_id: int
    sequence: int
    decode_time: int
    ntp: int
    media_time: int
    samples: tuple[ParsedSample, ...]
    length: int


def read_identity(header: bytes | memoryview) -> Identity | None:
    """What the uuid box of a header says; None when there is none. `header` may be only the start of a file
    as long as no box in it is cut before our uuid box ends.

    Raises:
        Mp4Error: boxes or JSON that we did not write.
    """
    for kind, start, end in iter_boxes(header):
        if kind == b"uuid" and bytes(header[start : start + 16]) == IDENTITY_UUID.bytes:
            return _identity(bytes(header[start + 16 : end]))
        if kind in (b"moov", b"moof", b"mdat"):
            break
    return None


def _identity(text: bytes) -> Identity:
    if len(text) > IDENTITY_BYTES_MAX:
        raise Mp4Error(f"an identity of {len(text)} bytes")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Mp4Error(f"the identity is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Mp4Error("the identity is not a JSON object")
    identity: Identity = {}
    for key, item in value.items():
        if not isinstance(item, str | int) or isinstance(item, bool):
            raise Mp4Error(f"{key!r} in the identity is neither a text nor a whole number")
        identity[key] = item
    return identity


def parse_init(data: bytes | memoryview) -> ParsedInit:
    """A whole header: ftyp, perhaps uuid, moov.

    Raises:
        Mp4Error: no moov, no track, or a track that our writer would not write.
    """
    tracks: list[ParsedTrack] = []
    for start, end in _every(data, 0, len(data), b"moov"):
        tracks += [_parse_trak(data, *place) for place in _every(data, start, end, b"trak")]
    if not tracks:
        raise Mp4Error("no track in the header")
    return ParsedInit(tuple(tracks), read_identity(data))


def _parse_trak(data: bytes | memoryview, start: int, end: int) -> ParsedTrack:
    tkhd = _body(data, *_one(data, start, end, b"tkhd"), 24)
    mdia = _one(data, start, end, b"mdia")
    mdhd = _body(data, *_one(data, *mdia, b"mdhd"), 16)
    hdlr = _body(data, *_one(data, *mdia, b"hdlr"), 12)
    stbl = _one(data, *_one(data, *mdia, b"minf"), b"stbl")
    stsd_start, stsd_end = _one(data, *stbl, b"stsd")
    entries = list(iter_boxes(data, min(stsd_start + 8, stsd_end), stsd_end))
    if len(entries) != 1:
        raise Mp4Error(f"{len(entries)} sample entries in a track of ours")
    kind, entry_start, entry_end = entries[0]
    handler = _letters(hdlr[8:12])
    video = handler == "vide"
    fixed_bytes = _VISUAL_BYTES if video else _AUDIO_BYTES
    entry = _body(data, entry_start, entry_end, fixed_bytes)
    return ParsedTrack(
        id=_WORD.unpack_from(tkhd, 12)[0],
        handler=handler,
        timescale=_WORD.unpack_from(mdhd, 12)[0],
        entry=_letters(kind),
        record=entry[fixed_bytes:],
        width=_SHORT.unpack_from(entry, 24)[0] if video else 0,
        height=_SHORT.unpack_from(entry, 26)[0] if video else 0,
        channels=0 if video else _SHORT.unpack_from(entry, 16)[0],
        sample_rate=0 if video else _SHORT.unpack_from(entry, 24)[0],
    )


def parse_fragment(data: bytes | memoryview) -> ParsedFragment:
    """The fragment that begins at `data[0]`; bytes behind it are allowed, see `length`.

    Raises:
        Mp4Error: not prft, moof, mdat in this order, or counts and sizes that do not fit the bytes.
    """
    view = memoryview(data)
    walk = iter_boxes(view)
    prft_start, prft_end = _next(walk, b"prft")
    moof_start, moof_end = _next(walk, b"moof")
    mdat_start, mdat_end = _next(walk, b"mdat")
    prft = _body(view, prft_start, prft_end, 24)
    mfhd = _body(view, *_one(view, moof_start, moof_end, b"mfhd"), 8)
    traf = _one(view, moof_start, moof_end, b"traf")
    tfhd = _body(view, *_one(view, *traf, b"tfhd"), 8)
    tfdt = _body(view, *_one(view, *traf, b"tfdt"), 12)
    flags = _WORD.unpack_from(tfhd)[0]
    if flags & ~(TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_FLAGS):
        raise Mp4Error(f"tfhd flags {flags:#x}")
    default_flags = _WORD.unpack_from(_body(tfhd, 0, len(tfhd), 12), 8)[0] if flags & TFHD_DEFAULT_FLAGS else 0
    trun = _one(view, *traf, b"trun")
    decode_time = _LONG.unpack_from(tfdt, 4)[0]
    data_offset, rows = _trun_rows(_body(view, *trun, 12))
    if data_offset != mdat_start - (moof_start - HEADER_BYTES):
        raise Mp4Error("the samples do not begin with mdat")
    return ParsedFragment(
        track_id=_WORD.unpack_from(tfhd, 4)[0],
        sequence=_WORD.unpack_from(mfhd, 4)[0],
        decode_time=decode_time,
        ntp=_LONG.unpack_from(prft, 8)[0],
        media_time=_LONG.unpack_from(prft, 16)[0],
        samples=tuple(_samples(view[mdat_start:mdat_end], rows, decode_time, default_flags)),
        length=mdat_end,
    )


def _trun_rows(trun: bytes) -> tuple[int, list[tuple[int, ...]]]:
    """The data offset, and for each sample its duration, size and where it has them flags and composition offset."""
    version_and_flags, count, data_offset = _TRUN_HEAD.unpack_from(trun)
    row = _TRUN_ROWS.get(version_and_flags)
    if row is None:
        raise Mp4Error(f"trun version and flags {version_and_flags:#x}")
    if count > SAMPLES_MAX or len(trun) != _TRUN_HEAD.size + count * row.size:
        raise Mp4Error(f"trun of {len(trun)} bytes for {count} samples")
    return data_offset, list(row.iter_unpack(trun[_TRUN_HEAD.size :]))


def _samples(
    payload: memoryview, rows: list[tuple[int, ...]], decode_time: int, default_flags: int
) -> Iterator[ParsedSample]:
    position = 0
    for duration, size, *rest in rows:
        flags, composition_offset = rest or (default_flags, 0)
        if position + size > len(payload):
            raise Mp4Error("samples reach past mdat")
        yield ParsedSample(decode_time, composition_offset, duration, flags, payload[position : position + size])
        decode_time += duration
        position += size
    if position != len(payload):
        raise Mp4Error(f"{len(payload) - position} bytes in mdat belong to no sample")


def nal_units(sample: bytes | memoryview) -> list[bytes]:
    """The NAL units of a picture's sample, without their lengths.

    Raises:
        Mp4Error: a length that does not fit.
    """
    units: list[bytes] = []
    position = 0
    while position < len(sample):
        if len(sample) - position < _WORD.size:
            raise Mp4Error(f"{len(sample) - position} bytes at {position} where {_WORD.size} are needed")
        length = _WORD.unpack_from(sample, position)[0]
        position += _WORD.size
        if length > len(sample) - position:
            raise Mp4Error(f"a NAL unit claims {length} bytes of {len(sample) - position}")
        units.append(bytes(sample[position : position + length]))
        position += length
    return units


def _every(data: bytes | memoryview, start: int, end: int, kind: bytes) -> list[tuple[int, int]]:
    return [(at, to) for found, at, to in iter_boxes(data, start, end) if found == kind]


def _one(data: bytes | memoryview, start: int, end: int, kind: bytes) -> tuple[int, int]:
    places = _every(data, start, end, kind)
    if len(places) != 1:
        raise Mp4Error(f"{len(places)} {kind.decode()} boxes where one belongs")
    return places[0]


def _next(walk: Iterator[tuple[bytes, int, int]], kind: bytes) -> tuple[int, int]:
    found, start, end = next(walk, (b"nothing", 0, 0))
    if found != kind:
        raise Mp4Error(f"{found!r} where {kind.decode()} belongs")
    return start, end


def _body(data: bytes | memoryview, start: int, end: int, at_least: int) -> bytes:
    if end - start < at_least:
        raise Mp4Error(f"{end - start} bytes at {start} where {at_least} are needed")
    return bytes(data[start:end])


def _letters(code: bytes) -> str:
    return code.decode("latin-1")

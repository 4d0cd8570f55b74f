"""What stands before the samples of a fragment: their sizes and times, read without the samples themselves.

Who lays out a film of two hours asks this of 250,000 fragments, and has a use for the samples only much later. It is
as strict as `reader`: the layout of docs/reference/fragment.md, and sizes that add up to the fragment's.

Not here: the samples (`reader`), and whether the bytes are those that were recorded (`storage`).
"""

from struct import Struct
from typing import NamedTuple

from media.fmp4.boxes import Mp4Error
from media.fmp4.fragment import SYNC_SAMPLE_FLAGS, TRUN_PICTURE, TRUN_SOUND

SAMPLES_MAX = 64  # of sound in a fragment: `media.fragmenter` closes it there
_SOUND_BEFORE = 124  # bytes before the rows of trun
_SOUND_TRUN = 108  # where sound has the letters of its trun, and a picture the flags
_ROW = Struct(">II")
_MDAT = Struct(">I4s")
HEAD_BYTES_MAX = _SOUND_BEFORE + SAMPLES_MAX * _ROW.size + _MDAT.size

_PICTURE_BYTES = 144
# letters of prft and moof; track; decode time; trun: flags, count, data offset, duration, size, sample flags, offset
_PICTURE = Struct(">4x4s28x4s36xI12xQ8xIIIIIIiI4s")
_SOUND = Struct(">4x4s28x4s36xI16xQ8xIII")
assert _PICTURE.size == _PICTURE_BYTES
assert _SOUND.size == _SOUND_BEFORE


class FragmentHead(NamedTuple):
    """`payload_offset` is where the first sample begins; they follow each other to the fragment's end. Times are in
    the track's clock, `durations` in their boxes' words: of a picture a hint."""

    track_id: int
    decode_time: int
    composition_offset: int
    key: bool
    payload_offset: int
    sizes: tuple[int, ...]
    durations: tuple[int, ...]


def read_head(data: bytes, length: int) -> FragmentHead:
    """Of a fragment of `length` bytes whose first `HEAD_BYTES_MAX` these are, or all.

    Raises:
        Mp4Error: it is none of ours, or its sizes do not fit.
    """
    if data[_SOUND_TRUN : _SOUND_TRUN + 4] == b"trun":
        return _sound(data, length)
    return _picture(data, length)


def _picture(data: bytes, length: int) -> FragmentHead:
    if len(data) < _PICTURE_BYTES:
        raise Mp4Error(f"a fragment of {len(data)} bytes")
    prft, moof, track, time, flags, count, at, duration, size, sample_flags, offset, mdat_bytes, mdat = (
        _PICTURE.unpack_from(data)
    )
    ours = (prft, moof, mdat, flags, count) == (b"prft", b"moof", b"mdat", TRUN_PICTURE, 1)
    if not ours or at != _PICTURE_BYTES - 32 or mdat_bytes != 8 + size or length != _PICTURE_BYTES + size:
        raise Mp4Error("not a fragment of a picture as we write them")
    key = sample_flags == SYNC_SAMPLE_FLAGS
    return FragmentHead(track, time, offset, key, _PICTURE_BYTES, (size,), (duration,))


def _sound(data: bytes, length: int) -> FragmentHead:
    if len(data) < _SOUND_BEFORE:
        raise Mp4Error(f"a fragment of {len(data)} bytes")
    prft, moof, track, time, flags, count, at = _SOUND.unpack_from(data)
    payload = _SOUND_BEFORE + count * _ROW.size + _MDAT.size
    if (prft, moof, flags) != (b"prft", b"moof", TRUN_SOUND) or not 0 < count <= SAMPLES_MAX or payload > len(data):
        raise Mp4Error("not a fragment of sound as we write them")
    durations, sizes = zip(*_ROW.iter_unpack(data[_SOUND_BEFORE : payload - _MDAT.size]), strict=True)
    total = sum(sizes)
    if _MDAT.unpack_from(data, payload - _MDAT.size) != (8 + total, b"mdat") or at != payload - 32:
        raise Mp4Error("samples that do not begin behind their table")
    if length != payload + total:
        raise Mp4Error("samples that do not fill their fragment")
    return FragmentHead(track, time, 0, True, payload, sizes, durations)

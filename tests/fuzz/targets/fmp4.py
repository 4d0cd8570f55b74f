"""The reader of our own fMP4, which archive, recovery and `store check` believe. The input is a file's beginning."""

import contextlib
from collections.abc import Iterator

from media.fmp4 import (
    Identity,
    Mp4Error,
    PictureWriter,
    SoundWriter,
    init_segment,
    iter_boxes,
    nal_units,
    parse_fragment,
    parse_init,
    read_identity,
)
from tests.storage.footage import TRACKS
from tests.vectors.loader import Vector, vectors

KIND = "fmp4"
UTC_NS = 1_790_000_000_000_000_000
TOKENS = (
    *(
        b"ftyp",
        b"uuid",
        b"moov",
        b"trak",
        b"tkhd",
        b"mdia",
        b"mdhd",
        b"hdlr",
        b"minf",
        b"stbl",
        b"stsd",
        b"vide",
        b"soun",
    ),
    *(
        b"avc3",
        b"hev1",
        b"mp4a",
        b"prft",
        b"moof",
        b"mfhd",
        b"traf",
        b"tfhd",
        b"tfdt",
        b"trun",
        b"mdat",
        b'{"format":1}',
    ),
    *(b"\x00\x00\x00\x08", b"\x00\x00\x00\x00", b"\x00\x00\x00\x01", b"\xff\xff\xff\xff", b"\x00\x00\x10\x01"),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    identity: Identity = {"format": 1, "device": "dev1", "start_ns": UTC_NS}
    yield init_segment(TRACKS, identity)
    for track in TRACKS:
        yield init_segment([track])
    yield PictureWriter(1).write([b"\x67\x42", b"\x65\x88" + bytes(40)], 1, 90_000, 0, 3_600, True, UTC_NS)
    yield SoundWriter(2).write([bytes(20)] * 5, [160] * 5, 2, 90_000, UTC_NS)


def seed(vector: Vector) -> bytes:
    return vector.data


def check(data: bytes) -> None:
    view = memoryview(data)
    for read in (read_identity, parse_init):
        with contextlib.suppress(Mp4Error):
            read(view)
    try:
        end = 0
        for _, start, end in iter_boxes(view):
            assert 0 < start <= end <= len(data)
        assert end == len(data)
    except Mp4Error:
        pass
    _read_fragment(view)
    try:
        units = nal_units(view)
    except Mp4Error:
        return
    assert sum(map(len, units)) + 4 * len(units) == len(data)


def _read_fragment(view: memoryview) -> None:
    try:
        fragment = parse_fragment(view)
    except Mp4Error:
        return
    assert 0 < fragment.length <= len(view)
    assert sum(len(sample.payload) for sample in fragment.samples) <= fragment.length
    assert parse_fragment(view[: fragment.length]) == fragment

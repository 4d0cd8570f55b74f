"""What H.264 and H.265 have in common: a track's NAL units on their way to a configuration and a header.

The input is a byte stream with start codes. A unit of the stream ends at each access unit delimiter.
"""

import contextlib
from collections.abc import Iterator
from itertools import pairwise

from media.access_unit import AccessUnit
from media.fmp4 import init_segment, mime_type, parse_init
from media.nal import NalError, VideoConfigTracker, join_annexb, read_stamp, split_annexb, syntax_of
from media.nal.config import SETS_MAX, SETS_MAX_BYTES
from media.nal.sequence import PICTURE_SIDE_MAX, REORDER_DEPTH_MAX, NalSyntax, SequenceFacts
from media.track import VIDEO_TRACK_ID, Codec, Track, VideoConfig
from tests.vectors.loader import Vector, vectors


def seeds(kind: str) -> Iterator[bytes]:
    for vector in vectors(kind):
        yield seed(vector)


def seed(vector: Vector) -> bytes:
    return join_annexb(vector.chunks)


def check(codec: Codec, delimiter: int, data: bytes) -> None:
    syntax = syntax_of(codec)
    nals = split_annexb(data)
    assert all(nals), "an empty NAL unit"
    for nal in nals:
        _read_one(syntax, codec, nal)
    tracker = VideoConfigTracker(codec, nals[:1])
    borders = [0, *(place for place, nal in enumerate(nals) if syntax.nal_type(nal) == delimiter and place), len(nals)]
    for start, end in pairwise(borders):
        unit = nals[start:end]
        if unit:
            rejected = tracker.rejected_sets
            tracker.observe(AccessUnit(tuple(unit), 0, 0, 0, syntax.is_key(unit), 0))
            assert tracker.rejected_sets >= rejected
            if tracker.config is not None:
                _fits_a_header(tracker.config)


def _read_one(syntax: NalSyntax, codec: Codec, nal: bytes) -> None:
    syntax.is_slice(nal)
    syntax.is_first_slice(nal)
    read_stamp(codec, (nal,))
    try:
        facts: SequenceFacts | None = syntax.parse_sps(nal)
    except NalError:
        facts = None
    if facts is not None:
        assert 0 < facts.width <= PICTURE_SIDE_MAX
        assert 0 < facts.height <= PICTURE_SIDE_MAX
        assert facts.reorder_depth is None or 0 <= facts.reorder_depth <= REORDER_DEPTH_MAX
        assert syntax.parse_sps(nal) == facts
    for read in (syntax.set_key, syntax.pps_ids, syntax.slice_pps_id):
        with contextlib.suppress(NalError):
            read(nal)


def _fits_a_header(config: VideoConfig) -> None:
    sets = config.parameter_sets
    assert sum(map(len, sets)) <= SETS_MAX_BYTES
    assert len(sets) <= sum(SETS_MAX.values())
    track = Track(VIDEO_TRACK_ID, config)
    assert mime_type(track)
    parsed = parse_init(init_segment([track]))
    assert (parsed.tracks[0].width, parsed.tracks[0].height) == (config.width, config.height)

"""Frames are handed on in place, whole, and in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp.interleaved import frame, walk_frames


def collect(buffer, start=0, end=None):
    got = []

    def take(channel, data, bounds):
        got.extend((channel, data, first, last) for first, last in bounds)

    handlers = [take] * 256
    behind = walk_frames(buffer, start, len(buffer) if end is None else end, handlers)
    return behind, got


def test_the_callers_own_buffer_is_handed_on_with_two_numbers():
    buffer = bytearray(b"xx" + frame(3, b"abc") + frame(0, b""))
    behind, got = collect(buffer, 2)
    assert behind == len(buffer)
    assert [(channel, first, last) for channel, _, first, last in got] == [(3, 6, 9), (0, 13, 13)]
    assert all(data is buffer for _, data, _, _ in got)


def test_frames_of_one_channel_in_a_row_are_handed_on_together():
    rows = []
    handlers = [lambda channel, _, bounds: rows.append((channel, len(bounds)))] * 256
    data = b"".join(frame(channel, b"x") for channel in (0, 0, 0, 2, 0, 1, 1))
    assert walk_frames(data, 0, len(data), handlers) == len(data)
    assert rows == [(0, 3), (2, 1), (0, 1), (1, 2)]


def test_an_incomplete_frame_is_left_at_every_split():
    whole = frame(1, b"first") + frame(2, b"second")
    first = len(frame(1, b"first"))
    for cut in range(len(whole)):
        behind, got = collect(whole, 0, cut)
        assert behind == (first if cut >= first else 0)
        assert len(got) == (1 if cut >= first else 0)


def test_what_is_no_frame_stops_the_walk():
    data = frame(0, b"a") + b"GET_PARAMETER"
    behind, got = collect(data)
    assert (behind, len(got)) == (5, 1)


def test_the_largest_frame_fits_and_one_more_byte_does_not():
    assert collect(frame(255, bytes(65_535)))[0] == 65_539
    with pytest.raises(ValueError, match="do not fit"):
        frame(0, bytes(65_536))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=30)), max_size=8))
def test_what_is_framed_comes_out(packets):
    data = b"".join(frame(channel, packet) for channel, packet in packets)
    behind, got = collect(data)
    assert behind == len(data)
    assert [(channel, bytes(data[first:last])) for channel, _, first, last in got] == packets

"""Emulation prevention and exp-golomb codes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.nal.bits import BitReader, NalError, escape, unescape
from tests.media.nal.writer import Bits

sparse = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255])).map(bytes)


@settings(deadline=None)
@given(sparse)
def test_what_is_escaped_is_unescaped_and_holds_no_start_code(rbsp: bytes):
    escaped = escape(rbsp)
    assert not any(code in escaped for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
    assert not escaped.endswith(b"\0")
    assert unescape(escaped) == rbsp or unescape(escaped) == rbsp + b"\3"  # behind a last zero: never in a real RBSP


@pytest.mark.parametrize(
    ("rbsp", "escaped"),
    [
        (b"\0\0\0\x80", b"\0\0\3\0\x80"),
        (b"\0\0\1", b"\0\0\3\1"),
        (b"\0\0\3", b"\0\0\3\3"),
        (b"\0\0\4", b"\0\0\4"),
        (b"\0\0\0\0\0\0\x80", b"\0\0\3\0\0\3\0\0\x80"),
    ],
)
def test_the_examples_of_the_standard(rbsp: bytes, escaped: bytes):
    assert escape(rbsp) == escaped
    assert unescape(escaped) == rbsp


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 2), min_size=1, max_size=20))
def test_exp_golomb_codes_come_back(values: list[int]):
    reader = BitReader(Bits().ue(*values).rbsp())
    assert [reader.unsigned() for _ in values] == values


def test_signed_codes_alternate():
    reader = BitReader(Bits().ue(0, 1, 2, 3, 4).rbsp())
    assert [reader.signed() for _ in range(5)] == [0, 1, -1, 2, -2]


def test_an_overflowing_code_raises():
    with pytest.raises(NalError, match="overflows"):
        BitReader(bytes(50)).unsigned()


def test_reading_past_the_end_raises():
    reader = BitReader(b"\xff")
    assert reader.bits(8) == 255
    with pytest.raises(NalError, match="ends early"):
        reader.bits(1)

"""Byte streams apart and together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from media.nal import join_annexb, split_annexb
from media.nal.bits import escape

nal_units = st.lists(st.binary(min_size=1, max_size=40).map(lambda rbsp: b"\x65" + escape(rbsp + b"\x80")))


@settings(deadline=None)
@given(nal_units)
def test_what_is_joined_is_split(nals: list[bytes]):
    assert split_annexb(join_annexb(nals)) == nals


def test_short_and_long_start_codes_and_zeros_between_are_accepted():
    assert split_annexb(b"\0\0\0\0\1\x67a\0\0\1\x68b\0\0\0\0\0\1\x65c\0\0") == [b"\x67a", b"\x68b", b"\x65c"]


def test_without_a_start_code_there_is_no_unit():
    assert split_annexb(b"\x65abc") == []
    assert split_annexb(b"") == []
    assert split_annexb(b"\0\0\1") == []

"""Which bytes a request asks for: every way to say it, and what is no way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import ByteRange
from viewer.playback import NotSatisfiable, wanted_range

SIZE = 1_000
ETAG = '"5a5a"'


@pytest.mark.parametrize(
    ("asked", "first", "length"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 10),
        ("Bytes = 10-19 ", 10, 10),
        ("bytes=990-", 990, 10),
        ("bytes=990-5000", 990, 10),
        ("bytes=999-999", 999, 1),
        ("bytes=-1", 999, 1),
        ("bytes=-5000", 0, SIZE),
        ("bytes=0-" + "9" * 18, 0, SIZE),
    ],
)
def test_a_range_is_cut_to_what_is_there(asked, first, length):
    assert wanted_range(asked, None, ETAG, SIZE) == ByteRange(first, length)


@pytest.mark.parametrize(
    "asked",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "lines=1-2", "bytes=1-2x", "bytes=1", "1-2,3-4"],
)
def test_what_is_no_range_is_passed_over(asked):
    assert wanted_range(asked, None, ETAG, SIZE) is None


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=0-1,5-6", "bytes=0-1, -1"])
def test_what_is_not_there_and_several_at_once_are_refused(asked):
    with pytest.raises(NotSatisfiable):
        wanted_range(asked, None, ETAG, SIZE)


def test_of_nothing_no_byte_is_there():
    assert wanted_range(None, None, None, 0) is None
    for asked in ("bytes=0-0", "bytes=0-", "bytes=-1"):
        with pytest.raises(NotSatisfiable):
            wanted_range(asked, None, None, 0)


@pytest.mark.parametrize(
    ("if_range", "etag", "part"),
    [
        (ETAG, ETAG, True),
        ('"other"', ETAG, False),
        (f"W/{ETAG}", ETAG, False),
        ("Wed, 21 Oct 2026 07:28:00 GMT", ETAG, False),
        (ETAG, None, False),
    ],
)
def test_a_range_of_other_bytes_than_are_meant_is_passed_over(if_range, etag, part):
    assert (wanted_range("bytes=1-2", if_range, etag, SIZE) is not None) is part


@given(st.text(max_size=40) | st.from_regex(r"bytes=[0-9]{0,20}-[0-9]{0,20}(,.*)?", fullmatch=True), st.integers(0, 50))
def test_whatever_is_asked_for_lies_in_the_file(asked, size):
    try:
        found = wanted_range(asked, None, None, size)
    except NotSatisfiable:
        return
    assert found is None or (found.length > 0 and 0 <= found.offset <= size - found.length)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.fmp4 import Mp4Error, box, full_box, iter_boxes

kinds = st.binary(min_size=4, max_size=4)


@settings(deadline=None)
@given(st.lists(st.tuples(kinds, st.binary(max_size=40)), max_size=20))
def test_boxes_written_one_after_another_are_read_back(boxes: list[tuple[bytes, bytes]]) -> None:
    data = b"".join(box(kind, body) for kind, body in boxes)
    assert [(kind, data[start:end]) for kind, start, end in iter_boxes(data)] == boxes


def test_a_full_box_has_its_version_and_flags_first() -> None:
    assert full_box(b"tfdt", 1, 2, b"ab") == b"\0\0\0\x0etfdt\1\0\0\2ab"


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x08moo",
        b"\0\0\0\x07moov",
        b"\0\0\0\x09moov",
        b"\0\0\0\0moov",
        b"\0\0\0\1moov" + bytes(8),
        box(b"free") + b"\0",
    ],
    ids=["cut head", "smaller than its head", "larger than the data", "size zero", "64-bit size", "bytes left over"],
)
def test_a_size_that_cannot_be_is_an_error(data: bytes) -> None:
    with pytest.raises(Mp4Error):
        list(iter_boxes(data))


def test_a_box_may_not_reach_past_the_end_of_its_parent() -> None:
    data = box(b"moov", b"\0\0\0\x10trak") + bytes(100)
    with pytest.raises(Mp4Error):
        list(iter_boxes(data, 8, 16))

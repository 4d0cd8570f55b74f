"""The transport-wide number among whatever else a packet carries, against aiortc's writer."""

from aiortc.rtp import pack_header_extensions, unpack_header_extensions
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp.header_extension import TRANSPORT_EXTENSION_SIZE, transport_extension, transport_sequence

ELEMENT = 5


def found(profile: int, value: bytes, element: int = ELEMENT) -> int:
    extension = profile.to_bytes(2, "big") + (len(value) // 4).to_bytes(2, "big") + value
    return transport_sequence(b"<<" + extension + b"\x51\xff\xff", 2, 2 + len(extension), element)


def others(longest: int) -> st.SearchStrategy[list[tuple[int, bytes]]]:
    ids = st.integers(1, 14).filter(lambda n: n != ELEMENT)
    return st.lists(st.tuples(ids, st.binary(min_size=1, max_size=longest)), max_size=4)


@settings(max_examples=60)
@given(others(16) | others(40), others(16), st.integers(0, 65_535))
def test_the_number_is_found_among_others_in_one_and_two_byte_elements(before, behind, number: int) -> None:
    profile, value = pack_header_extensions([*before, (ELEMENT, number.to_bytes(2, "big")), *behind])
    assert found(profile, value) == number
    assert found(profile, value, element=ELEMENT + 20) == -1


@settings(max_examples=50)
@given(others(40))
def test_where_it_is_not_nothing_is_found(elements) -> None:
    profile, value = pack_header_extensions(elements)
    assert found(profile, value) == -1


@settings(max_examples=60)
@given(st.sampled_from([0xBEDE, 0x1000, 0x100F, 0x1234]), st.binary(max_size=40))
def test_whatever_stands_there_nothing_is_raised_nor_read_beyond_it(profile: int, value: bytes) -> None:
    for cut in range(len(value) + 1):
        number = found(profile, value[:cut])
        assert number == -1 or number.to_bytes(2, "big") in value[:cut]


def test_the_ids_that_stand_for_nothing_end_the_search() -> None:
    """RFC 8285, 4.2: zero may have no length, and 15 is kept for later."""
    assert found(0xBEDE, b"\x01\x51\x51\x51\x12\x34\x00\x00") == -1
    assert found(0xBEDE, b"\xf0\x00\x51\x12\x34\x00\x00\x00") == -1


def test_padding_between_elements_is_stepped_over() -> None:
    assert found(0xBEDE, b"\x00\x10\xaa\x00\x00\x51\x12\x34") == 0x1234
    assert found(0x1000, b"\x00\x01\x01\xaa\x05\x02\x12\x34") == 0x1234


@settings(max_examples=30)
@given(st.integers(1, 14), st.integers(0, 65_535))
def test_what_we_write_aiortc_reads(element: int, number: int) -> None:
    extension = transport_extension(element, number)
    assert len(extension) == TRANSPORT_EXTENSION_SIZE
    [(read, value)] = unpack_header_extensions(int.from_bytes(extension[:2], "big"), extension[4:])
    assert (read, value) == (element, number.to_bytes(2, "big"))
    assert transport_sequence(extension, 0, len(extension), element) == number

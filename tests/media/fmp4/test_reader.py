"""Nothing but `Mp4Error` escapes, whatever the bytes."""

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media import Track, VideoConfig
from media.fmp4 import (
    IDENTITY_UUID,
    Mp4Error,
    PictureWriter,
    SoundWriter,
    box,
    full_box,
    init_segment,
    nal_units,
    parse_fragment,
    parse_init,
    read_identity,
)
from media.fmp4.reader import IDENTITY_BYTES_MAX, SAMPLES_MAX
from media.track import Codec

HEADER = init_segment(
    [Track(1, VideoConfig(Codec.H264, 320, 180, "avc3.42c01f", (b"\x67\x42\xc0\x1f\xda", b"\x68\xce"), 0))],
    {"device": "dev1", "start_ns": 1},
)
PICTURE = PictureWriter(1).write((b"\x65abc", b"\x41"), 7, 900_000, 0, 3_600, True, 10**18)
SOUND = SoundWriter(2).write((b"ab", b"cde"), (1_024, 1_000), 9, 480_000, 10**18)
READERS = (parse_init, read_identity, parse_fragment, nal_units)


def survive(data: bytes) -> None:
    for read in READERS:
        with contextlib.suppress(Mp4Error):
            read(data)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    survive(data)


@settings(deadline=None)
@given(st.sampled_from([HEADER, PICTURE, SOUND]), st.data())
def test_any_bytes_changed_in_what_we_wrote(original: bytes, data: st.DataObject) -> None:
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    survive(bytes(changed))


@pytest.mark.parametrize("original", [HEADER, PICTURE, SOUND], ids=["header", "picture", "sound"])
def test_a_cut_at_any_byte_is_an_error(original: bytes) -> None:
    read = parse_init if original is HEADER else parse_fragment
    for length in range(len(original)):
        with pytest.raises(Mp4Error):
            read(original[:length])


@settings(deadline=None)
@given(st.text(max_size=80) | st.just("[" * 100_000))
@example('{"a": true}')
@example('{"a": 1.5}')
@example('{"a": NaN}')
@example('{"a": ' + "9" * 5_000 + "}")
@example("[]")
def test_an_identity_of_any_text(text: str) -> None:
    survive(box(b"uuid", IDENTITY_UUID.bytes, text.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("value", ['{"a": true}', '{"a": 1.5}', "[]", '{"a": null}', "", "\xff"])
def test_an_identity_that_we_would_not_write_is_an_error(value: str) -> None:
    with pytest.raises(Mp4Error):
        read_identity(box(b"uuid", IDENTITY_UUID.bytes, value.encode("latin-1")))


def test_an_identity_has_a_greatest_size() -> None:
    with pytest.raises(Mp4Error, match="bytes"):
        read_identity(box(b"uuid", IDENTITY_UUID.bytes, b" " * IDENTITY_BYTES_MAX + b"{}"))


def test_a_uuid_box_of_others_is_no_identity() -> None:
    assert read_identity(box(b"uuid", bytes(16), b"{}") + box(b"moov")) is None


def test_the_identity_is_readable_before_moov_is_there() -> None:
    end_of_uuid = HEADER.index(b"moov") - 4
    assert read_identity(HEADER[:end_of_uuid]) == {"device": "dev1", "start_ns": 1}


def test_more_samples_than_any_fragment_has_are_an_error() -> None:
    frames = [b""] * (SAMPLES_MAX + 1)
    with pytest.raises(Mp4Error, match="samples"):
        parse_fragment(SoundWriter(2).write(frames, [1] * len(frames), 1, 0, 10**18))


@pytest.mark.parametrize(("offset", "value"), [(140, 1), (127, 12), (127, 14), (119, 111)])
def test_sizes_must_cover_mdat_exactly(offset: int, value: int) -> None:
    changed = bytearray(PICTURE)
    changed[offset] = value
    with pytest.raises(Mp4Error):
        parse_fragment(bytes(changed))


def test_boxes_in_another_order_are_not_ours() -> None:
    with pytest.raises(Mp4Error, match="prft"):
        parse_fragment(PICTURE[32:])


def test_a_second_traf_is_not_ours() -> None:
    moof = PICTURE[40:136]
    with pytest.raises(Mp4Error, match="traf"):
        parse_fragment(PICTURE[:32] + box(b"moof", moof, full_box(b"traf", 0, 0)) + PICTURE[136:])

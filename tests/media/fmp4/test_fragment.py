"""The layout that docs/reference/fragment.md promises, offset by offset, and the round trip through our reader."""

from struct import unpack_from

from hypothesis import given, settings
from hypothesis import strategies as st

from media.fmp4 import (
    PictureWriter,
    SoundWriter,
    iter_boxes,
    nal_units,
    ntp_from_utc_ns,
    parse_fragment,
    utc_ns_from_ntp,
)

UTC_NS = 1_790_000_000_123_456_789
times = st.integers(min_value=2**31, max_value=2**63)
ticks = st.integers(min_value=1, max_value=2**32 - 1)
sequences = st.integers(min_value=0, max_value=2**40)


@settings(deadline=None)
@given(
    payload=st.lists(st.binary(max_size=60), min_size=1, max_size=6),
    sequence=sequences,
    decode_time=times,
    composition_offset=st.integers(min_value=-(2**31), max_value=2**31 - 1),
    duration=ticks,
    key=st.booleans(),
)
def test_a_picture_reads_back_as_it_was_written(
    payload: list[bytes], sequence: int, decode_time: int, composition_offset: int, duration: int, key: bool
) -> None:
    data = PictureWriter(1).write(payload, sequence, decode_time, composition_offset, duration, key, UTC_NS)
    parsed = parse_fragment(data + b"what follows")
    (sample,) = parsed.samples
    assert (parsed.track_id, parsed.sequence, parsed.decode_time) == (1, sequence % 2**32, decode_time)
    assert (parsed.length, parsed.ntp) == (len(data), ntp_from_utc_ns(UTC_NS))
    assert parsed.media_time == decode_time + composition_offset
    assert (sample.composition_offset, sample.duration, sample.sync) == (composition_offset, duration, key)
    assert nal_units(sample.payload) == payload


@settings(deadline=None)
@given(
    frames=st.lists(st.tuples(st.binary(max_size=40), ticks), min_size=1, max_size=12),
    sequence=sequences,
    decode_time=times,
)
def test_sound_reads_back_as_it_was_written(frames: list[tuple[bytes, int]], sequence: int, decode_time: int) -> None:
    durations = [duration for _, duration in frames]
    data = SoundWriter(2).write([frame for frame, _ in frames], durations, sequence, decode_time, UTC_NS)
    parsed = parse_fragment(data)
    assert (parsed.track_id, parsed.sequence, parsed.decode_time) == (2, sequence % 2**32, decode_time)
    assert [(bytes(sample.payload), sample.duration) for sample in parsed.samples] == frames
    assert all(sample.sync for sample in parsed.samples)
    assert parsed.length == len(data)


def test_a_picture_lies_where_the_reference_says() -> None:
    data = PictureWriter(1).write((b"\x65abc", b"\x41"), 7, 900_000, -3, 3_600, True, UTC_NS)
    assert [(kind, start - 8, end) for kind, start, end in iter_boxes(data)] == [
        (b"prft", 0, 32),
        (b"moof", 32, 136),
        (b"mdat", 136, 157),
    ]
    assert unpack_from(">I", data, 12) == (1,)  # track of prft
    assert unpack_from(">QQ", data, 16) == (ntp_from_utc_ns(UTC_NS), 899_997)
    assert unpack_from(">I", data, 52) == (7,)  # mfhd
    assert unpack_from(">I", data, 76) == (1,)  # tfhd track_ID
    assert unpack_from(">Q", data, 92) == (900_000,)  # tfdt
    assert data[104:108] == b"trun"
    assert unpack_from(">Ii", data, 112) == (1, 112)  # one sample, 112 bytes behind moof's start
    assert unpack_from(">III", data, 120) == (3_600, 13, 0x0200_0000)  # duration, size, flags
    assert unpack_from(">i", data, 132) == (-3,)
    assert data[144:] == b"\0\0\0\4\x65abc\0\0\0\1\x41"


def test_sound_lies_where_the_reference_says() -> None:
    data = SoundWriter(2).write((b"ab", b"cde"), (1_024, 1_000), 9, 480_000, UTC_NS)
    assert unpack_from(">I", data, 52) == (9,)
    assert unpack_from(">I", data, 76) == (2,)
    assert unpack_from(">Q", data, 96) == (480_000,)
    assert data[108:112] == b"trun"
    assert unpack_from(">Ii", data, 116) == (2, 116)
    assert unpack_from(">4I", data, 124) == (1_024, 2, 1_000, 3)
    assert data[144:148] == b"mdat"
    assert data[148:] == b"abcde"


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=4_000_000_000 * 10**9))
def test_ntp_keeps_the_nanosecond(utc_ns: int) -> None:
    assert utc_ns_from_ntp(ntp_from_utc_ns(utc_ns)) == utc_ns


def test_a_server_that_believes_in_2040_still_writes() -> None:
    utc_ns = 2_208_988_800 * 10**9
    assert utc_ns_from_ntp(parse_fragment(PictureWriter(1).write([b"A"], 1, 0, 0, 1, True, utc_ns)).ntp) == utc_ns
    assert utc_ns_from_ntp(parse_fragment(SoundWriter(2).write([b"A"], [1], 1, 0, utc_ns)).ntp) == utc_ns


def test_ntp_begins_in_1900() -> None:
    assert ntp_from_utc_ns(0) == 2_208_988_800 << 32

"""The stamp, its place in the picture, and what is done to it on the way."""

import subprocess
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.nal import Stamp, find_stamp, join_annexb, read_stamp, split_annexb, stamp_sei, syntax_of, with_stamp
from media.track import Codec

CODECS = [Codec.H264, Codec.H265]
numbers = st.integers(0, 2**64 - 1)
device_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)


@settings(deadline=None)
@given(st.sampled_from(CODECS), device_ids, numbers, numbers)
def test_what_is_stamped_is_read(codec: Codec, device_id: str, n: int, mono_ns: int):
    stamp = stamp_sei(codec, device_id, n, mono_ns)
    assert b"\0\0\0" not in stamp
    assert b"\0\0\1" not in stamp
    assert read_stamp(codec, [b"\x41\x9a", stamp]) == Stamp(device_id, n, mono_ns, True)
    around = b"\0\0\1\x09\xf0" + stamp + b"\0\0\1\x65" + bytes(300)
    assert find_stamp(around, 0, len(around)) == Stamp(device_id, n, mono_ns, True)


def test_the_vector_of_the_reference_page():
    page = (Path(__file__).parents[3] / "docs/reference/sei-stamp.md").read_text()
    assert f"\n{stamp_sei(Codec.H264, 'dev1', 1, 2).hex()}\n" in page


@pytest.mark.parametrize("device_id", ["", "x" * 65, "执法"])
def test_what_is_no_device_id_is_refused(device_id: str):
    with pytest.raises(ValueError, match=r"device id|ascii"):
        stamp_sei(Codec.H264, device_id, 1, 1)


@pytest.mark.parametrize("codec", CODECS)
def test_a_changed_byte_is_told_and_not_hidden(codec: Codec):
    stamp = bytearray(stamp_sei(codec, "dev1", 1, 2))
    stamp[-3] ^= 1
    read = read_stamp(codec, [bytes(stamp)])
    assert read is not None
    assert (read.device_id, read.valid) == ("dev1", False)


def test_it_stands_behind_the_sets_and_before_the_first_slice():
    stamp = stamp_sei(Codec.H264, "dev1", 1, 2)
    assert with_stamp(Codec.H264, [b"\x09\xf0", b"\x67", b"\x68", b"\x65\x88", b"\x65\x44"], stamp) == (
        b"\x09\xf0",
        b"\x67",
        b"\x68",
        stamp,
        b"\x65\x88",
        b"\x65\x44",
    )
    assert with_stamp(Codec.H264, [], stamp) == (stamp,)


def test_other_messages_before_it_in_one_sei_are_passed_over():
    stamp = stamp_sei(Codec.H264, "dev1", 1, 2)
    other = b"\x06\x01\x02ab" + b"\x05\xff\x10" + b"\x55" * 271 + b"\xff\x03\x00" + stamp[1:]
    assert read_stamp(Codec.H264, [other]) == Stamp("dev1", 1, 2, True)


def test_pictures_without_a_stamp_have_none():
    assert read_stamp(Codec.H264, []) is None
    assert read_stamp(Codec.H264, [b"\x06\x05\x04abcd\x80", b"\x65\x88", b"\x06"]) is None
    assert read_stamp(Codec.H265, [stamp_sei(Codec.H264, "dev1", 1, 2)]) is None


@settings(deadline=None)
@given(st.sampled_from(CODECS), st.binary(max_size=120), st.integers(0, 60))
def test_any_bytes_are_borne(codec: Codec, noise: bytes, cut: int):
    stamp = stamp_sei(codec, "dev1", 1, 2)
    read_stamp(codec, [noise, stamp[:cut], stamp[:cut] + noise, stamp[:2] + noise + stamp[2:], stamp[cut:]])


@pytest.mark.parametrize(("codec", "encoder"), [(Codec.H264, "libx264"), (Codec.H265, "libx265")])
def test_libav_decodes_stamped_pictures_and_hands_the_stamp_through(codec: Codec, encoder: str, tmp_path: Path):
    plain = tmp_path / "plain.annexb"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=0.4", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-v", "error", *source, "-c:v", encoder, "-bf", "0", "-x265-params", "log-level=none"]
    subprocess.run([*command, "-f", codec.value, plain], check=True, timeout=60)
    nals = split_annexb(plain.read_bytes())
    syntax = syntax_of(codec)
    stamped: list[bytes] = []
    count = 0
    for nal in nals:
        if syntax.is_first_slice(nal):
            stamped.append(stamp_sei(codec, "dev1", count, 40_000_000 * count))
            count += 1
        stamped.append(nal)
    clip = tmp_path / "stamped.annexb"
    clip.write_bytes(join_annexb(stamped))

    with av.open(str(clip), format=codec.value) as container:
        read = [read_stamp(codec, split_annexb(bytes(packet))) for packet in container.demux(video=0) if packet.size]
    with av.open(str(clip), format=codec.value) as container:
        pictures = sum(1 for _ in container.decode(video=0))

    assert read == [Stamp("dev1", n, 40_000_000 * n, True) for n in range(10)]
    assert pictures == count == 10


def test_a_stamp_is_found_within_the_bounds_given_and_not_where_it_is_cut_off_or_changed():
    stamp = stamp_sei(Codec.H264, "dev1", 7, 8)
    data = bytearray(bytes(10) + stamp + bytes(10))
    assert find_stamp(data, 5, len(data) - 10) == Stamp("dev1", 7, 8, True)
    assert find_stamp(data, 20, len(data)) is None  # begins before
    assert all(find_stamp(data, 0, end) is None for end in range(len(data) - 12))
    data[10 + 30] ^= 1
    found = find_stamp(data, 0, len(data))
    assert found is not None
    assert not found.valid

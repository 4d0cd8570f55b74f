"""Sample entries of any config; what real decoders make of them is in test_oracle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import AudioConfig, Codec, VideoConfig
from media.fmp4 import iter_boxes
from media.fmp4.entries import sample_entry

VISUAL_BYTES, AUDIO_BYTES = 78, 28


def boxes_of(entry: bytes, fixed_bytes: int) -> list[tuple[bytes, bytes]]:
    ((_, start, end),) = iter_boxes(entry)
    return [(kind, entry[at:to]) for kind, at, to in iter_boxes(entry, start + fixed_bytes, end)]


@settings(deadline=None)
@given(
    st.sampled_from([Codec.H264, Codec.H265]),
    st.lists(st.binary(max_size=60) | st.sampled_from([b"\x67\x64\0\x1f", b"\x42\1", b"\x67", b""]), max_size=40),
    st.integers(0, 2**20),
)
def test_any_parameter_sets_give_an_entry_with_one_record(codec: Codec, sets: list[bytes], side: int) -> None:
    ((kind, _),) = boxes_of(sample_entry(VideoConfig(codec, side, side, "", tuple(sets), None)), VISUAL_BYTES)
    assert kind == (b"avcC" if codec is Codec.H264 else b"hvcC")


@settings(deadline=None)
@given(
    st.sampled_from([Codec.AAC, Codec.OPUS, Codec.PCM_ALAW, Codec.PCM_MULAW]),
    st.integers(1, 2**24),
    st.integers(0, 255),
    st.binary(max_size=64),
)
def test_any_sound_gives_an_entry(codec: Codec, rate: int, channels: int, config: bytes) -> None:
    boxes = boxes_of(sample_entry(AudioConfig(codec, rate, channels, "", config, rate)), AUDIO_BYTES)
    assert [kind for kind, _ in boxes] == {Codec.AAC: [b"esds"], Codec.OPUS: [b"dOps"]}.get(codec, [])


def test_the_audio_specific_config_stands_in_esds_as_announced() -> None:
    entry = sample_entry(AudioConfig(Codec.AAC, 48_000, 2, "mp4a.40.2", b"\x11\x90\x56\xe5\0", 48_000))
    ((_, esds),) = boxes_of(entry, AUDIO_BYTES)
    assert b"\x05\x80\x80\x80\x05\x11\x90\x56\xe5\0" in esds


@pytest.mark.parametrize(("rate", "written"), [(48_000, 48_000), (96_000, 0)])
def test_a_rate_that_does_not_fit_is_left_to_the_config(rate: int, written: int) -> None:
    entry = sample_entry(AudioConfig(Codec.AAC, rate, 2, "mp4a.40.2", b"\x10\x10", rate))
    assert int.from_bytes(entry[32:34], "big") == written


def test_nothing_of_an_opus_stream_is_skipped() -> None:
    ((_, record),) = boxes_of(sample_entry(AudioConfig(Codec.OPUS, 48_000, 2, "opus", b"", 48_000)), AUDIO_BYTES)
    assert record == b"\0\2\0\0\0\0\xbb\x80\0\0\0"

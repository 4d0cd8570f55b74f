"""Sampling and bit depths out of real SPS; the decoder records themselves are compared with ffmpeg's in test_oracle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import Codec, VideoConfig
from media.fmp4.picture_format import PictureFormat, h264_format, h265_format
from tests.media.clips import video_clip


def sps_of(name: str) -> bytes:
    config = video_clip(name).track.config
    assert isinstance(config, VideoConfig)
    if config.codec is Codec.H264:
        return next(nal for nal in config.parameter_sets if nal[0] & 31 == 7)
    return next(nal for nal in config.parameter_sets if nal[0] >> 1 & 63 == 33)


@pytest.mark.parametrize(("name", "bits"), [("high", 8), ("ten_bit", 10)])
def test_sampling_and_depth_of_h264(name: str, bits: int) -> None:
    assert h264_format(sps_of(name)) == PictureFormat(1, bits, bits)


def test_sampling_depth_profile_and_layers_of_h265() -> None:
    sps = sps_of("h265")
    found = h265_format(sps)
    assert (found.chroma, found.luma_bits, found.chroma_bits) == (1, 8, 8)
    assert (found.temporal_layers, found.nested) == (1, True)
    assert found.profile_tier_level[0] == 1  # Main
    assert found.profile_tier_level[11] in sps


@pytest.mark.parametrize("sps", [b"", b"\x67", b"\x67\x64\0\x1f", b"\x67\x64\0\x1f" + bytes(100)])
def test_what_cannot_be_read_counts_as_420_with_8_bits(sps: bytes) -> None:
    assert h264_format(sps) == PictureFormat()


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_format_that_fits_the_records(sps: bytes) -> None:
    for found in (h264_format(sps), h265_format(sps)):
        assert 0 <= found.chroma <= 3
        assert 8 <= found.luma_bits <= 15
        assert 8 <= found.chroma_bits <= 15
        assert len(found.profile_tier_level) == 12

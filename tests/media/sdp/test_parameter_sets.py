"""Parameter sets in fmtp lines."""

from base64 import b64encode

from hypothesis import given, settings
from hypothesis import strategies as st

from media.sdp.parameter_sets import SETS_MAX, read_parameter_sets, write_parameter_sets
from media.track import Codec

SPS = b"\x67\x42\x00\x1f"
PPS = b"\x68\xce\x3c\x80"


def read(*units):
    return read_parameter_sets(Codec.H264, {"sprop-parameter-sets": ",".join(units)})


def base64(unit):
    return b64encode(unit).decode()


def test_sps_comes_before_pps_however_announced():
    assert read(base64(PPS), base64(SPS)) == (SPS, PPS)


def test_start_codes_and_missing_padding_are_tolerated():
    assert read(base64(b"\x00\x00\x00\x01" + SPS), base64(b"\x00\x00\x01" + PPS).rstrip("=")) == (SPS, PPS)


def test_what_is_no_parameter_set_is_left_out():
    assert read(base64(b"\x06\x05"), "", "!!!", "A", base64(SPS)) == (SPS,)


def test_hevc_sets_come_from_three_parameters():
    units = (b"\x40\x01", b"\x42\x01", b"\x44\x01")
    fmtp = write_parameter_sets(Codec.H265, units)
    assert set(fmtp) == {"sprop-vps", "sprop-sps", "sprop-pps"}
    assert read_parameter_sets(Codec.H265, fmtp) == units


def test_three_hundred_sets_are_too_many():
    assert len(read(*[base64(SPS)] * 300)) == SETS_MAX


def test_sound_has_none():
    assert read_parameter_sets(Codec.AAC, {"sprop-parameter-sets": base64(SPS)}) == ()
    assert write_parameter_sets(None, (SPS,)) == {}


@settings(deadline=None)
@given(st.sampled_from([Codec.H264, Codec.H265]), st.text(max_size=100))
def test_nothing_raises(codec, text):
    for unit in read_parameter_sets(codec, dict.fromkeys(("sprop-parameter-sets", "sprop-vps", "sprop-pps"), text)):
        assert unit

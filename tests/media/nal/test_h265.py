"""H.265 parameter sets that lie, and sub-layers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.nal import NalError
from media.nal.h265 import is_first_slice, is_key, parse_sps, pps_ids, set_key, slice_pps_id
from media.nal.sequence import SetKind
from tests.media.nal.writer import h265_idr, h265_pps, h265_sps


def test_a_plain_sps_is_read():
    facts = parse_sps(h265_sps())
    assert (facts.width, facts.height, facts.reorder_depth) == (640, 360, 2)
    assert facts.codec_string == "hev1.1.6.L93.90"


@pytest.mark.parametrize("sub_layers", range(1, 8))
def test_the_highest_sub_layer_says_the_reorder_depth(sub_layers: int):
    facts = parse_sps(h265_sps(sub_layers=sub_layers, depth=7))
    assert (facts.width, facts.reorder_depth) == (640, 7)


@pytest.mark.parametrize(
    "sps",
    [
        h265_sps(width=0),
        h265_sps(width=65_535),
        h265_sps(height=2**32 - 2),
        h265_sps(number=16),
        h265_sps(depth=16),
        b"\x42\x01\x0f" + bytes(60),  # eight sub-layers
        h265_sps(sub_layers=7)[:20],
        h265_sps()[:20],
        b"\x42\x01",
        b"\x42\x01" + bytes(60_000),
        h265_pps() + bytes(20),
    ],
)
def test_an_sps_that_lies_is_refused(sps: bytes):
    with pytest.raises(NalError):
        parse_sps(sps)


def test_ids_of_sets_and_slices():
    assert set_key(b"\x40\x01\x2c") == (SetKind.VPS, 2)
    assert set_key(h265_sps(number=3)) == (SetKind.SPS, 3)
    assert set_key(h265_pps(60, 3)) == (SetKind.PPS, 60)
    assert pps_ids(h265_pps(60, 3)) == (60, 3)
    assert slice_pps_id(h265_idr(60)) == 60
    with pytest.raises(NalError):
        set_key(b"\x40\x09\x0c")  # layer 1


@pytest.mark.parametrize(("kind", "key"), [(15, False), (16, True), (19, True), (20, True), (21, True), (22, False)])
def test_key_pictures_are_idr_cra_and_bla(kind: int, key: bool):
    assert is_key([b"\x40\x01\x0c", bytes((kind << 1, 1, 0x80)), b""]) is key


def test_first_slice_segments():
    assert is_first_slice(b"\x02\x01\x80")
    assert not is_first_slice(b"\x02\x01\x40")
    assert not is_first_slice(b"\x40\x01\x80")
    assert not is_first_slice(b"\x02\x01")


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_give_facts_or_a_nal_error(noise: bytes):
    for nal in (b"\x42\x01" + noise, h265_sps()[:15] + noise):
        try:
            facts = parse_sps(nal)
        except NalError:
            continue
        assert 0 < facts.width <= 16_888
        assert 0 < facts.height <= 16_888
        assert facts.reorder_depth is not None

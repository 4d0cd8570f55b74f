"""H.264 parameter sets that lie, and what is inferred where they are silent."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.nal import NalError
from media.nal.h264 import is_first_slice, is_key, parse_sps, pps_ids, set_key, slice_pps_id
from media.nal.sequence import SetKind
from tests.media.nal.writer import Bits, h264_idr, h264_pps, h264_sps


def test_a_plain_sps_is_read():
    facts = parse_sps(h264_sps())
    assert (facts.width, facts.height, facts.codec_string) == (640, 360, "avc3.4d001e")
    assert facts.reorder_depth is None


@pytest.mark.parametrize(
    ("sps", "depth"),
    [
        (h264_sps(profile=66), 0),  # baseline has no B pictures
        (h264_sps(order_type=2), 0),  # output order is decoding order
        (h264_sps(depth=0), 0),
        (h264_sps(depth=2), 2),
        (h264_sps(profile=66, depth=1), 1),  # what is said goes before what is inferred
        (h264_sps(depth=17), None),  # nonsense is not believed
    ],
)
def test_reorder_depth(sps: bytes, depth: int | None):
    assert parse_sps(sps).reorder_depth == depth


@pytest.mark.parametrize(
    "sps",
    [
        h264_sps(width_mbs=4_096),  # 65,536 wide
        h264_sps(height_mbs=2**32 - 1),
        h264_sps(crop=(160, 160, 0, 0)),  # nothing left: width 0
        h264_sps(crop=(0, 0, 2**31, 2**31)),
        h264_sps(number=32),
        h264_sps(order_type=3),
        h264_sps()[:6],
        b"\x67",
        b"\x67\x42\x00\x1e",
        b"\x67\x42\x00\x1e" + bytes(60_000),  # an exp-golomb code without end
        b"\x68\xee\x3c\x80\x00",
        b"\x67" + Bits().u(8, 77).u(16, 30).ue(0, 0, 1).u(1, 0).ue(0, 0, 256).rbsp() + bytes(40),  # POC cycle
    ],
)
def test_an_sps_that_lies_is_refused(sps: bytes):
    with pytest.raises(NalError):
        parse_sps(sps)


def test_a_vui_cut_short_costs_only_the_reorder_depth():
    whole = h264_sps(depth=2)
    facts = parse_sps(whole[:-3])
    assert (facts.width, facts.height, facts.reorder_depth) == (640, 360, None)


def test_ids_of_sets_and_slices():
    assert set_key(h264_sps(number=3)) == (SetKind.SPS, 3)
    assert set_key(h264_pps(200, 3)) == (SetKind.PPS, 200)
    assert pps_ids(h264_pps(200, 3)) == (200, 3)
    assert slice_pps_id(h264_idr(200)) == 200


def test_key_pictures_and_first_slices():
    assert is_key([h264_sps(), h264_pps(), h264_idr()])
    assert not is_key([h264_sps(), b"\x41\x9a", b""])
    assert is_first_slice(b"\x41\x9a")
    assert not is_first_slice(b"\x41\x44")
    assert not is_first_slice(b"\x06\x9a")
    assert not is_first_slice(b"\x41")


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_give_facts_or_a_nal_error(noise: bytes):
    for nal in (b"\x67" + noise, b"\x67\x64\x00\x1f" + noise):
        try:
            facts = parse_sps(nal)
        except NalError:
            continue
        assert 0 < facts.width <= 16_888
        assert 0 < facts.height <= 16_888
        assert facts.reorder_depth is None or 0 <= facts.reorder_depth <= 16


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 255))
def test_a_real_sps_with_any_byte_changed_gives_facts_or_a_nal_error(at: int, byte: int):
    sps = bytearray(h264_sps(profile=77, depth=2))
    sps[1 + at % (len(sps) - 1)] = byte
    with suppress(NalError):
        parse_sps(bytes(sps))

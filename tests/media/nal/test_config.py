"""When a decoder must be told anew, and when not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.access_unit import AccessUnit
from media.nal import VideoConfigTracker
from media.nal.config import SETS_MAX_BYTES
from media.track import Codec
from tests.media.nal.writer import h264_idr, h264_pps, h264_sps, h265_idr, h265_pps, h265_sps

SLICE = b"\x41\x9a\x00"
LARGE = {"width_mbs": 80, "height_mbs": 45, "crop": (0, 0, 0, 0)}  # 1280x720


def unit(*nals: bytes, key: bool = True) -> AccessUnit:
    return AccessUnit(nals, 0, 0, 0, key)


def test_without_sets_in_the_sdp_the_first_key_picture_brings_the_config():
    tracker = VideoConfigTracker(Codec.H264, ())
    assert tracker.config is None
    assert tracker.observe(unit(SLICE, key=False)) is None
    assert tracker.observe(unit(h264_idr())) is None
    config = tracker.observe(unit(h264_sps(), h264_pps(), h264_idr()))
    assert config is tracker.config
    assert config is not None
    assert (config.width, config.height, config.parameter_sets) == (640, 360, (h264_sps(), h264_pps()))


def test_sets_of_the_sdp_are_the_config_and_the_same_in_band_say_nothing_new():
    tracker = VideoConfigTracker(Codec.H264, [h264_pps(), h264_sps()])
    assert tracker.config is not None
    assert tracker.config.parameter_sets == (h264_sps(), h264_pps())  # in a decoder's order
    assert tracker.observe(unit(h264_sps(), h264_pps(), h264_idr())) is None
    assert tracker.rejected_sets == 0


def test_start_codes_in_the_sdp_are_borne():
    tracker = VideoConfigTracker(Codec.H264, [b"\0\0\0\1" + h264_sps() + b"\0\0\0\1" + h264_pps()])
    assert tracker.config is not None
    assert tracker.config.parameter_sets == (h264_sps(), h264_pps())


@pytest.mark.parametrize(
    "changed", [h264_sps(**LARGE), h264_sps(profile=88), h264_sps(depth=2), h264_sps(constraints=0x40)]
)
def test_another_size_profile_or_reorder_depth_is_told(changed: bytes):
    tracker = VideoConfigTracker(Codec.H264, [h264_sps(), h264_pps()])
    config = tracker.observe(unit(changed, h264_pps(), h264_idr()))
    assert config is not None
    assert config.parameter_sets == (changed, h264_pps())
    assert tracker.observe(unit(changed, h264_pps(), h264_idr())) is None


def test_an_sps_that_changes_nothing_of_these_is_remembered_and_not_told():
    tracker = VideoConfigTracker(Codec.H264, [h264_sps(), h264_pps()])
    assert tracker.observe(unit(h264_sps(level=31), h264_pps(), h264_idr())) is None
    assert tracker.config is not None
    assert tracker.config.parameter_sets[0] == h264_sps(level=31)


def test_sets_that_change_every_gop_are_told_every_time():
    tracker = VideoConfigTracker(Codec.H264, [h264_sps(), h264_pps()])
    for i in range(10):
        sps = h264_sps(**LARGE) if i % 2 == 0 else h264_sps()
        config = tracker.observe(unit(sps, h264_pps(), h264_idr()))
        assert config is not None
        assert config.width == (1280 if i % 2 == 0 else 640)


def test_the_sps_that_the_picture_uses_counts_not_the_newest():
    tracker = VideoConfigTracker(Codec.H264, ())
    sets = (h264_sps(number=0), h264_sps(number=1, **LARGE), h264_pps(0, 0), h264_pps(1, 1))
    config = tracker.observe(unit(*sets, h264_idr(0)))
    assert config is not None
    assert config.width == 640
    assert tracker.observe(unit(*sets, h264_idr(0))) is None
    switched = tracker.observe(unit(h264_idr(1)))
    assert switched is not None
    assert switched.width == 1280


def test_sets_before_a_picture_that_is_no_key_are_told_too():
    """Streams with intra refresh have recovery points, and never an IDR picture."""
    tracker = VideoConfigTracker(Codec.H264, ())
    assert tracker.observe(unit(h264_sps(), h264_pps(), SLICE, key=False)) is not None


def test_h265_follows_the_same_rule():
    tracker = VideoConfigTracker(Codec.H265, [h265_pps(), h265_sps(), b"\x40\x01\x0c"])
    assert tracker.config is not None
    assert tracker.config.parameter_sets == (b"\x40\x01\x0c", h265_sps(), h265_pps())
    assert tracker.observe(unit(h265_sps(level=120), h265_pps(), h265_idr())) is None
    config = tracker.observe(unit(h265_sps(width=1280, height=720), h265_pps(), h265_idr()))
    assert config is not None
    assert (config.width, config.codec_string) == (1280, "hev1.1.6.L93.90")


def test_a_broken_sps_is_counted_and_the_good_one_stays():
    tracker = VideoConfigTracker(Codec.H264, [h264_sps(), h264_pps()])
    for broken in (h264_sps(width_mbs=4_096), b"\x67", b"\x67" + bytes(70_000), b"\x68"):
        assert tracker.observe(unit(broken, h264_idr())) is None
    assert tracker.rejected_sets == 4
    assert tracker.config is not None
    assert tracker.config.width == 640


def test_three_hundred_sets_stay_within_what_a_file_header_can_hold():
    tracker = VideoConfigTracker(Codec.H264, ())
    for number in range(300):
        tracker.observe(unit(h264_sps(number=number % 32), h264_pps(number % 256, number % 32), h264_idr()))
    assert tracker.config is not None
    kinds = [nal[0] & 31 for nal in tracker.config.parameter_sets]
    assert kinds.count(7) == 31
    assert kinds.count(8) == 255
    assert tracker.rejected_sets


def test_sets_over_the_limit_in_size_are_refused():
    tracker = VideoConfigTracker(Codec.H264, [h264_sps(), h264_pps()])
    for number in range(10):
        tracker.observe(unit(h264_pps(number) + b"\x55" * 10_000, h264_idr()))
    assert tracker.config is not None
    assert sum(map(len, tracker.config.parameter_sets)) <= SETS_MAX_BYTES
    assert tracker.rejected_sets == 4


@settings(deadline=None)
@given(
    st.sampled_from([Codec.H264, Codec.H265]), st.lists(st.binary(min_size=1, max_size=60), max_size=8), st.booleans()
)
def test_any_unit_is_borne(codec: Codec, noise: list[bytes], key: bool):
    good = (h264_sps(), h264_pps()) if codec is Codec.H264 else (h265_sps(), h265_pps())
    tracker = VideoConfigTracker(codec, noise)
    headers = (
        [b"\x67", b"\x68", b"\x65"] if codec is Codec.H264 else [b"\x40\x01", b"\x42\x01", b"\x44\x01", b"\x26\x01"]
    )
    for nal in noise:
        for header in headers:
            tracker.observe(unit(header + nal, key=key))
    tracker.observe(unit(*noise, *headers, key=key))
    tracker.observe(unit(*good, h264_idr() if codec is Codec.H264 else h265_idr()))
    assert tracker.config is not None

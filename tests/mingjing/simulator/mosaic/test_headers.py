"""Parameter sets as our own reader understands them, and NAL units."""

import pytest

from media import Codec
from media.nal import VideoConfigTracker
from mingjing.simulator.mosaic.headers import nal_unit, parameter_sets


@pytest.mark.parametrize(
    ("width", "height", "fps", "codec_string"),
    [
        (640, 360, 25, "avc3.42c01e"),
        (1280, 720, 25, "avc3.42c01f"),
        (1920, 1080, 30, "avc3.42c028"),
        (3840, 2160, 25, "avc3.42c033"),
        (162, 98, 5, "avc3.42c01e"),
    ],
)
def test_size_level_and_no_reordering_are_said(width, height, fps, codec_string):
    config = VideoConfigTracker(Codec.H264, parameter_sets(width, height, fps)).config
    assert config is not None
    assert (config.width, config.height, config.codec_string.lower()) == (width, height, codec_string)
    assert config.reorder_depth == 0


@pytest.mark.parametrize(("width", "height", "fps"), [(641, 360, 25), (0, 360, 25), (9_000, 9_000, 25), (640, 360, 0)])
def test_what_no_level_allows_is_refused(width, height, fps):
    with pytest.raises(ValueError, match="no level"):
        parameter_sets(width, height, fps)


def test_no_start_code_can_arise_inside():
    unit = nal_unit(0x65, "0" * 64 + f"{1:024b}" + f"{2:024b}" + f"{3:024b}")
    body = unit[1:]
    for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"):
        assert code not in body
    assert body.count(b"\0\0\3") >= 4

"""A whole clip: rate, groups, labels, and that it loops."""

import numpy as np
import pytest

from mingjing.simulator.mosaic import encode, label_units
from tests.mingjing.simulator.mosaic.decoding import decode_pictures

WIDTH, HEIGHT, FPS, GOP, GOPS = 160, 104, 25, 10, 3


@pytest.fixture(scope="module")
def stream():
    return encode(width=WIDTH, height=HEIGHT, fps=FPS, bitrate_kbps=300, gop=GOP, gops=GOPS)


def pictures(stream, name):
    labels = label_units(name, width=WIDTH, gops=GOPS)
    return [
        [*stream.parameter_sets, labels[picture.idr_id], *picture.units] if picture.key else list(picture.units)
        for picture in stream.pictures
    ]


def test_every_picture_decodes_and_so_does_the_second_round(stream):
    once = pictures(stream, "dev1")
    shown = decode_pictures(once * 2)
    assert len(shown) == 2 * GOP * GOPS
    assert all(
        np.array_equal(first[0], second[0])
        for first, second in zip(shown[: len(once)], shown[len(once) :], strict=True)
    )
    assert shown[0][0].shape == (HEIGHT, WIDTH)


def test_key_pictures_begin_the_groups(stream):
    assert [number for number, picture in enumerate(stream.pictures) if picture.key] == [0, 10, 20]


@pytest.mark.parametrize("bitrate_kbps", [300, 900])
def test_the_bit_rate_is_met(bitrate_kbps):
    made = encode(width=WIDTH, height=HEIGHT, fps=FPS, bitrate_kbps=bitrate_kbps, gop=GOP, gops=2)
    size = sum(len(unit) for picture in made.pictures for unit in picture.units)
    assert size * 8 / (2 * GOP / FPS) / 1_000 == pytest.approx(bitrate_kbps, rel=0.1)


def test_two_devices_differ_in_their_label_only(stream):
    one, other = decode_pictures(pictures(stream, "dev1")), decode_pictures(pictures(stream, "dev2"))
    for (first, _, _), (second, _, _) in zip(one, other, strict=True):
        assert not np.array_equal(first[:32], second[:32])
        assert np.array_equal(first[32:], second[32:])


def test_the_same_options_make_the_same_bytes(stream):
    assert encode(width=WIDTH, height=HEIGHT, fps=FPS, bitrate_kbps=300, gop=GOP, gops=GOPS) == stream


@pytest.mark.parametrize("options", [{"gops": 1}, {"gop": 0}, {"width": 64}, {"height": 64}, {"width": 161}])
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match=r".+"):
        encode(**{"width": WIDTH, "height": HEIGHT, "fps": FPS, "bitrate_kbps": 300, "gop": GOP, "gops": 2, **options})

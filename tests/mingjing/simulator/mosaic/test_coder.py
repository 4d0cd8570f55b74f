"""What the coder believes a decoder will show is what libav shows, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mingjing.simulator.mosaic.coder import changed, code_slice
from mingjing.simulator.mosaic.frame import Mosaic
from mingjing.simulator.mosaic.headers import parameter_sets, slice_header, slice_unit
from tests.mingjing.simulator.mosaic.decoding import decode_pictures, tiles

COLUMNS, ROWS = 5, 4
MACROBLOCKS = COLUMNS * ROWS


def noise(seed, spread=255):
    chance = np.random.default_rng(seed)

    def plane(height, width):
        return np.clip(128 + chance.integers(-spread // 2, spread // 2 + 1, (height, width)), 16, 235).astype(np.int32)

    return Mosaic(plane(ROWS * 4, COLUMNS * 4), plane(ROWS * 2, COLUMNS * 2), plane(ROWS * 2, COLUMNS * 2))


def shown(pictures):
    """Decode (wanted mosaic, PCM macroblocks) one after another; pairs of what libav shows and what we expect."""
    sets = parameter_sets(COLUMNS * 16, ROWS * 16, 25)
    before = None
    units, expected = [], []
    for number, (wanted, pcm) in enumerate(pictures):
        header = slice_header(0, number, 0)
        coded = code_slice(wanted, before, len(header), pcm)
        before = coded.decoded
        unit = slice_unit(number, header + coded.bits)
        units.append([*sets, unit] if number == 0 else [unit])
        expected.append(coded.decoded)
    return list(zip(decode_pictures(units), expected, strict=True))


def assert_same(pairs):
    for (luma, cb, cr), expected in pairs:
        assert np.array_equal(tiles(luma), expected.y)
        assert np.array_equal(tiles(cb), expected.cb)
        assert np.array_equal(tiles(cr), expected.cr)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.sampled_from([2, 40, 255]), st.sets(st.integers(0, MACROBLOCKS - 1))),
        min_size=1,
        max_size=4,
    )
)
def test_libav_shows_what_we_expect_with_samples_among_predicted_macroblocks(pictures):
    assert_same(shown([(noise(seed, spread), pcm) for seed, spread, pcm in pictures]))


def test_what_did_not_change_is_skipped():
    still = noise(1)
    first, second = shown([(still, ()), (still, range(0))])
    assert_same([first, second])
    sets = code_slice(still, first[1], len(slice_header(0, 1, 0)))
    assert len(sets.bits) < 16 or changed(still, first[1])


def test_samples_are_exact_and_predictions_nearly():
    wanted = noise(2, 60)
    exact = code_slice(wanted, None, len(slice_header(0, 0, 0)), range(MACROBLOCKS)).decoded
    assert np.array_equal(exact.y, wanted.y)
    assert np.array_equal(exact.cr, wanted.cr)
    nearly = code_slice(wanted, None, len(slice_header(0, 0, 0))).decoded
    assert abs(nearly.y - wanted.y).mean() < 2
    assert abs(nearly.cb - wanted.cb).max() <= 4


@pytest.mark.parametrize("plane", ["y", "cb", "cr"])
def test_a_change_in_any_plane_is_seen(plane):
    before, after = noise(3), noise(3)
    getattr(after, plane)[-1, -1] += 20
    assert changed(after, before) == [MACROBLOCKS - 1]

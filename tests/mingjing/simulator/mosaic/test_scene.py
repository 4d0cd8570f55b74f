"""The scene moves, is the same everywhere, and says who and when."""

from itertools import pairwise

import numpy as np

from mingjing.simulator.mosaic.font import HEIGHT, WIDTH, lit_tiles
from mingjing.simulator.mosaic.scene import LABEL_ROWS, Scene, label, write

PICTURES = 100


def scene():
    return Scene(160, 82, PICTURES, 25)


def test_a_picture_is_a_function_of_its_number():
    one, other = scene(), scene()
    other.draw(3)
    assert np.array_equal(one.draw(40), other.draw(40))


def test_every_picture_differs_from_the_one_before():
    one = scene()
    pictures = [one.draw(number) for number in range(PICTURES)]
    assert all(not np.array_equal(first, second) for first, second in pairwise(pictures))


def test_the_clip_closes_up_but_for_its_clock():
    one = scene()
    step = abs(one.draw(0) - one.draw(1)).sum()
    round_about = abs(one.draw(PICTURES - 1) - one.draw(0)).sum()
    assert round_about < 3 * step


def test_names_can_be_told_apart_and_long_ones_are_cut_off():
    assert label(160, "dev1").shape == (LABEL_ROWS, 160, 3)
    assert not np.array_equal(label(160, "dev1"), label(160, "dev2"))
    assert label(24, "d" * 64).shape == (LABEL_ROWS, 24, 3)


def test_every_letter_of_a_device_id_has_a_glyph_of_its_own():
    glyphs = {letter: frozenset(lit_tiles(letter)) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:."}
    assert len(set(glyphs.values())) == len(glyphs)
    assert all(0 <= column < WIDTH and 0 <= row < HEIGHT for tiles in glyphs.values() for column, row in tiles)
    assert not list(lit_tiles("设"))


def test_writing_over_the_edge_is_cut_off():
    picture = np.zeros((10, 20, 3))
    write(picture, "888888", 12, 5)
    assert picture.any()

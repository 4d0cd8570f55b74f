"""A mosaic: a picture of flat tiles, four luma samples wide, four high. Colour is per two tiles by two.

Everything that can be drawn is a mosaic, so the coder need not look at single samples: what a
decoder will make of a macroblock is sixteen numbers and twice four.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TILE = 4  # luma samples
TILES = 4  # a macroblock is four tiles by four
Plane = NDArray[np.int32]
Picture = NDArray[np.float64]  # tiles high × tiles wide × RGB, 0 to 255


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Luma tiles, and chroma tiles at half their number each way. Both dimensions hold whole macroblocks."""

    y: Plane
    cb: Plane
    cr: Plane

    @property
    def rows(self) -> int:
        """Rows of macroblocks."""
        return len(self.y) // TILES

    @property
    def columns(self) -> int:
        return len(self.y[0]) // TILES


def mosaic_of(picture: Picture) -> Mosaic:
    """RGB tiles as limited-range BT.601, as every device sends it. No value is 0, so no start code can arise."""
    red, green, blue = (picture[..., index] / 255.0 for index in range(3))
    luma = 16 + 65.481 * red + 128.553 * green + 24.966 * blue
    cb = 128 - 37.797 * red - 74.203 * green + 112.0 * blue
    cr = 128 + 112.0 * red - 93.786 * green - 18.214 * blue
    height, width = luma.shape

    def halved(plane: NDArray[np.float64]) -> Plane:
        return np.asarray(np.rint(plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))), dtype=np.int32)

    return Mosaic(np.asarray(np.rint(luma), dtype=np.int32), halved(cb), halved(cr))

"""What the simulated devices see: a road under hills, traffic on it, a sun, and a running clock.

A picture is a function of its number alone, so a clip is the same on every machine. The scene loops:
every position is periodic in the length of the clip. The label strip above it belongs to the device.
"""

import math

import numpy as np
from numpy.typing import NDArray

from mingjing.simulator.mosaic.font import ADVANCE, HEIGHT, lit_tiles
from mingjing.simulator.mosaic.frame import Picture

LABEL_ROWS = 8  # tiles: a line of text with half a tile above; two rows of macroblocks

Colour = NDArray[np.float64]

_SKY = np.array([118.0, 168.0, 222.0])
_HAZE = np.array([214.0, 226.0, 236.0])
_HILL = np.array([72.0, 112.0, 78.0])
_FIELD = np.array([104.0, 142.0, 84.0])
_ROAD = np.array([84.0, 86.0, 92.0])
_LINE = np.array([232.0, 230.0, 214.0])
_SUN = np.array([250.0, 226.0, 140.0])
_GLASS = np.array([170.0, 206.0, 226.0])
_TYRE = np.array([28.0, 28.0, 30.0])
_WHITE = np.array([240.0, 240.0, 240.0])
_NIGHT = np.array([22.0, 28.0, 40.0])

# body colour, length and height in tiles, rounds a clip (its sign is the direction), lane, where it starts
_TRAFFIC = (
    (np.array([196.0, 52.0, 46.0]), 18, 7, 3, 0, 0.10),
    (np.array([46.0, 92.0, 176.0]), 30, 13, 1, 0, 0.62),
    (np.array([236.0, 196.0, 60.0]), 17, 7, -2, 1, 0.35),
    (np.array([238.0, 238.0, 236.0]), 20, 8, -4, 1, 0.80),
)


class Scene:
    """Draws pictures of one size, in tiles, for a clip of so many pictures."""

    def __init__(self, width: int, height: int, pictures: int, fps: int) -> None:
        self._width, self._height = width, height
        self._pictures, self._fps = pictures, fps
        self._horizon = round(height * 0.45)
        self._road = round(height * 0.62), round(height * 0.90)
        self._backdrop = self._draw_backdrop()

    def draw(self, number: int) -> Picture:
        """Picture `number` of the clip."""
        picture = self._backdrop.copy()
        phase = number / self._pictures
        self._draw_sun(picture, phase)
        self._draw_line(picture, phase)
        for body, length, height, rounds, lane, start in _TRAFFIC:
            span = self._width + 2 * length
            at = math.floor((start + rounds * phase) % 1.0 * span) - length
            self._draw_vehicle(picture, at, lane, length, height, body)
        self._draw_clock(picture, number)
        return picture

    def _draw_backdrop(self) -> Picture:
        picture = np.empty((self._height, self._width, 3))
        for row in range(self._height):
            depth = min(1.0, row / self._horizon)
            # Steps of four tiles: finer ones would cost bits and show nothing.
            picture[row] = _SKY + (_HAZE - _SKY) * (round(depth * 8) / 8) if row < self._horizon else _FIELD
        for column in range(self._width):
            turn = 2 * math.pi * column / self._width
            hill = round(self._height * (0.07 + 0.05 * math.sin(2 * turn + 0.7) + 0.03 * math.sin(5 * turn)))
            picture[self._horizon - max(hill, 0) : self._horizon, column] = _HILL
        picture[slice(*self._road)] = _ROAD
        return picture

    def _draw_sun(self, picture: Picture, phase: float) -> None:
        x = self._width * (0.5 + 0.3 * math.cos(2 * math.pi * phase))
        y = self._horizon * (0.45 + 0.2 * math.sin(2 * math.pi * phase))
        rows, columns = np.ogrid[: self._horizon, : self._width]
        disc = (columns - x) ** 2 + (rows - y) ** 2 < (self._height / 16) ** 2
        sky = picture[: self._horizon]
        sky[disc & (sky[..., 2] > _HILL[2])] = _SUN

    def _draw_line(self, picture: Picture, phase: float) -> None:
        middle = sum(self._road) // 2
        dash = max(8, self._width // 10)
        shift = round(phase * 6 * dash)
        lit = (np.arange(self._width) + shift) % dash < dash // 2
        picture[middle, lit] = _LINE

    def _draw_vehicle(
        self,
        picture: Picture,
        at: int,
        lane: int,
        length: int,
        height: int,
        body: Colour,
    ) -> None:
        top, bottom = self._road
        ground = (top + bottom) // 2 - 2 if lane == 0 else bottom - 2

        def paint(first: int, last: int, high: int, low: int, colour: Colour) -> None:
            columns = slice(max(0, at + first), max(0, min(self._width, at + last)))
            picture[max(0, ground - high) : max(0, ground - low), columns] = colour

        paint(0, length, height - 3, 1, body)
        paint(3, length - 3, height, height - 3, body)
        paint(4, length - 4, height - 1, height - 3, _GLASS)
        for axle in (3, length - 6):
            paint(axle, axle + 3, 2, 0, _TYRE)

    def _draw_clock(self, picture: Picture, number: int) -> None:
        seconds, rest = divmod(number, self._fps)
        text = f"{seconds // 60:02}:{seconds % 60:02}.{rest:02}"
        write(picture, text, self._width - len(text) * ADVANCE - 2, 2)


def label(width: int, text: str) -> Picture:
    """The strip that names a device: `LABEL_ROWS` tiles high."""
    strip = np.tile(_NIGHT, (LABEL_ROWS, width, 1))
    for column, row in lit_tiles(text):
        if column + 2 < width:
            strip[row, column + 2] = _WHITE
    return strip


def write(picture: Picture, text: str, left: int, top: int) -> None:
    """White text on a dark ground, cut off at the edges."""
    ground = picture[max(0, top - 1) : top + HEIGHT + 1, max(0, left - 1) : left + len(text) * ADVANCE]
    ground[:] = _NIGHT
    for column, row in lit_tiles(text):
        if 0 <= left + column < picture.shape[1] and 0 <= top + row < picture.shape[0]:
            picture[top + row, left + column] = _WHITE

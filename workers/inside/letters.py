"""Words on pictures: the time above, whose and what it is, and a watermark, in letters that Chinese has too.

Letters are drawn by FreeType (in Pillow) from Noto Sans CJK, which comes as a package; what does not change is drawn
once. They are put into the luma of 4:2:0 pictures, on bands that are darkened first, so that they can be read on snow
and at night.

Not here: decoding, encoding, and which words.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from workers.burn_wire import LINE_MAX, LINES_MAX, Lettering, Zone

LETTER_PART = 34  # letters are as high as this part of the picture's longer side over 16:9 high
LETTERS_MIN_PX = 11  # below that Chinese cannot be read
BAND_LIGHT = 0.4  # what is left of a picture's light under a band
WHITE, BLACK, GREY = 235, 16, 128  # of luma, and of chroma without colour (ITU-R BT.601)
WATERMARK_LIGHT = 22  # how much lighter it makes what it is on; its shadow makes as much darker
WATERMARK_ANGLE = 24
SIMPLIFIED = 2  # the place of Simplified Chinese in the collection of fonts
MEDIUM_WEIGHT = 500
WIDE_SPACE, UNSEEN = "\u3000", "□"

Dots = NDArray[np.uint8]
_FONT = "NotoSansCJK-VF.otf.ttc"


def load_font() -> bytes:
    """The font file: read while files can be opened."""
    return files("manimgx_fonts_cjk").joinpath(_FONT).read_bytes()


def time_in(zone: Zone, utc_ns: int) -> str:
    """2026-09-21 22:13:20.040 UTC+08:00"""
    seconds, ns = divmod(utc_ns, 1_000_000_000)
    there = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=zone.ahead_s)
    return f"{there:%Y-%m-%d %H:%M:%S}.{ns // 1_000_000:03d} {zone.name}"


def seen(text: str) -> str:
    """The text with a box for each letter that nobody sees: a line feed, or a mark that turns the words behind it."""
    shown = (letter if letter.isprintable() or letter == WIDE_SPACE else UNSEEN for letter in text[:LINE_MAX])
    return "".join(shown)


class Letters:
    """Of pictures of one size. `draw` changes the planes it is given."""

    def __init__(self, font: bytes, width: int, height: int, words: Lettering) -> None:
        self._size = max(LETTERS_MIN_PX, min(height, width * 9 // 16) // LETTER_PART)
        self._font = _font(font, self._size)
        self._line_height = self._size * 3 // 2
        self._width, self._height = width, height
        self._zones = words.zones
        top = [line for text in words.top for line in self._wrapped(text)]
        bottom = [line for text in words.bottom for line in self._wrapped(text)]
        times = [line for zone in words.zones for line in self._wrapped(time_in(zone, 0))]
        self._top = self._band(["" for _ in times] + top)
        self._bottom = self._band(bottom)
        self._watermark = self._marked(font, words.watermark)

    def draw(self, luma: Dots, chroma: tuple[Dots, Dots], placed_utc_ns: int) -> None:
        """Put the words into one picture."""
        if self._watermark is not None:
            np.clip(luma + self._watermark, BLACK, WHITE, out=luma, casting="unsafe")
        times = [line for zone in self._zones for line in self._wrapped(time_in(zone, placed_utc_ns))]
        mask = np.maximum(self._top, self._drawn(times, len(self._top)))
        _put(luma[: len(mask)], mask)
        _put(luma[self._height - len(self._bottom) :], self._bottom)
        for plane in chroma:
            _fade(plane[: (len(mask) + 1) // 2])
            if len(self._bottom):
                _fade(plane[(self._height - len(self._bottom)) // 2 :])

    def draw_card(self, luma: Dots, chroma: tuple[Dots, Dots], lines: Sequence[str]) -> None:
        """Darken all of one picture, and put lines into its middle."""
        wrapped = [line for text in lines for line in self._wrapped(text)]
        height = min(len(wrapped) * self._line_height, self._height)
        top = (self._height - height) // 2
        mask = np.zeros_like(luma)
        mask[top : top + height] = self._drawn(wrapped, height)
        _put(luma, mask)
        for plane in chroma:
            _fade(plane)
        if len(self._bottom):
            _put(luma[self._height - len(self._bottom) :], self._bottom)

    def _wrapped(self, text: str) -> list[str]:
        """As many lines as it takes, and the picture has."""
        room = self._width - self._size
        lines = [""]
        for letter in seen(text):
            if lines[-1] and self._font.getlength(lines[-1] + letter) > room:
                whole, space, begun = lines[-1].rpartition(" ")
                if letter != " " and len(whole) > len(begun):  # between words, where there are some
                    lines[-1:] = [whole + space, begun]
                else:
                    lines.append("")
            lines[-1] += letter
        return lines[:LINES_MAX]

    def _band(self, lines: list[str]) -> Dots:
        height = min(len(lines) * self._line_height, self._height // 2)
        return self._drawn(lines, height)

    def _drawn(self, lines: list[str], height: int) -> Dots:
        """How much of each dot the letters cover."""
        image = Image.new("L", (self._width, height))
        pen = ImageDraw.Draw(image)
        for at, line in enumerate(lines):
            pen.text((self._size // 2, at * self._line_height), line, fill=255, font=self._font)
        return np.asarray(image)

    def _marked(self, font: bytes, words: str) -> NDArray[np.int16] | None:
        """What the watermark adds to each dot's light; None: there is none."""
        text = seen(words)
        if not text:
            return None
        size = self._size * 3 // 2
        side = int((self._width**2 + self._height**2) ** 0.5) + 2 * size
        image = Image.new("L", (side, side))
        pen, letters = ImageDraw.Draw(image), _font(font, size)
        step = int(letters.getlength(text)) + 4 * size
        for row, y in enumerate(range(0, side, 5 * size)):
            for x in range(-(row % 2) * step // 2, side, step):
                pen.text((x, y), text, fill=255, font=letters)
        turned = image.rotate(WATERMARK_ANGLE, resample=Image.Resampling.BILINEAR)
        left, upper = (side - self._width) // 2, (side - self._height) // 2
        covered = np.asarray(turned.crop((left, upper, left + self._width, upper + self._height))).astype(np.int16)
        shadow = np.roll(covered, (1, 1), axis=(0, 1))
        return ((covered - shadow // 2) * WATERMARK_LIGHT // 255).astype(np.int16)


def _font(data: bytes, size: int) -> ImageFont.FreeTypeFont:
    # The plain layout: the other one would look for a library when no file can be opened any more.
    layout = ImageFont.Layout.BASIC
    font = ImageFont.truetype(io.BytesIO(data), size, index=SIMPLIFIED, layout_engine=layout)
    font.set_variation_by_axes([MEDIUM_WEIGHT])
    return font


def _put(rows: Dots, mask: Dots) -> None:
    """White letters on rows that are darkened."""
    if len(rows):
        cover = mask.astype(np.float32) / 255
        dimmed = (rows.astype(np.float32) - BLACK) * BAND_LIGHT + BLACK
        rows[:] = (dimmed + (WHITE - dimmed) * cover).astype(np.uint8)


def _fade(rows: Dots) -> None:
    """Take the colour from under a band, as much as its light."""
    rows[:] = ((rows.astype(np.int16) - GREY) * 2 // 5 + GREY).astype(np.uint8)

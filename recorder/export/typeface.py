"""Letters of Noto Sans CJK as a small TrueType font: what a document says is embedded in it, and nothing else.

The font comes as a package, the one that words are burnt in with (workers.inside.letters). Its outlines are cubic and
of any weight (CFF2), which the PDF library does not take; here those of the letters that are used, a few hundred, are
made quadratic. The same letters are the same bytes.

A letter that the font lacks, or one that nobody can see (a control, a mark of direction), is written as its number in
brackets (〔U+202E〕): what is evidence is not left out, and does not turn the words behind it.
"""

import io
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

_FILE = "NotoSansCJK-VF.otf.ttc"
_SIMPLIFIED = 2  # the place of Simplified Chinese in the collection
_REGULAR = {"wght": 400}
ERROR_MAX = 1.0  # of a thousand units an em: less than a printer shows
OUTLINES_MAX = 4_096  # of 1 KB each
FACES_MAX = 8  # of 60 KB each
# Ids and digests have other letters each time; with all of ASCII in each, most documents of a house have one typeface,
# which takes 30 ms to make.
ASCII = frozenset(range(0x20, 0x7F))
_NOTHING = ".notdef"


@dataclass(frozen=True, slots=True)
class _Face:
    """What is read of the font once."""

    names: dict[int, str]  # of letters, by their code points
    units_per_em: int
    ascent: int
    descent: int


_outlines: OrderedDict[str, tuple[Any, int]] = OrderedDict()  # with widths; documents use the same few hundred letters
_turn = threading.Lock()


@cache
def _face() -> _Face:
    with _font() as font:
        return _Face(font.getBestCmap(), font["head"].unitsPerEm, font["hhea"].ascent, font["hhea"].descent)


def plain(text: str) -> str:
    """The text in letters that can be seen and are there."""
    return "".join(letter if _shows(letter) else f"〔U+{ord(letter):04X}〕" for letter in text)


def typeface(texts: Iterable[str]) -> bytes:
    """A TrueType font with the letters of these, and those of ASCII."""
    return _typeface(tuple(sorted({ord(letter) for text in texts for letter in text} | ASCII)))


@lru_cache(FACES_MAX)
def _typeface(points: tuple[int, ...]) -> bytes:
    face = _face()
    cmap = {point: face.names[point] for point in points if point in face.names}
    names = [_NOTHING, *dict.fromkeys(cmap.values())]
    drawn = _drawn(names)
    built = FontBuilder(face.units_per_em, isTTF=True)
    built.setupGlyphOrder(names)
    built.setupCharacterMap(cmap)
    built.setupGlyf({name: copy(outline) for name, (outline, _) in drawn.items()})
    # A letter is drawn so that its left edge lies at its bearing: with another one it would be moved.
    built.setupHorizontalMetrics({name: (width, outline.xMin) for name, (outline, width) in drawn.items()})
    built.setupHorizontalHeader(ascent=face.ascent, descent=face.descent)
    built.setupNameTable({"familyName": "Noto Sans CJK SC", "styleName": "Regular", "psName": "NotoSansCJKsc-Regular"})
    built.setupOS2(sTypoAscender=face.ascent, sTypoDescender=face.descent)
    built.setupPost()
    built.updateHead(created=0, modified=0)
    built.font.recalcTimestamp = False
    into = io.BytesIO()
    built.save(into)
    return into.getvalue()


def _drawn(names: list[str]) -> dict[str, tuple[Any, int]]:
    """Outline and width of each; those that were not drawn before take the font."""
    with _turn:
        missing = [name for name in names if name not in _outlines]
        if missing:
            with _font() as font:
                shapes = font.getGlyphSet(location=_REGULAR)
                for name in missing:
                    pen = TTGlyphPen(None)
                    shapes[name].draw(Cu2QuPen(pen, ERROR_MAX, reverse_direction=True))
                    outline = pen.glyph()
                    outline.recalcBounds(None)
                    _outlines[name] = (outline, round(shapes[name].width))
        found = {name: _outlines[name] for name in names}
        while len(_outlines) > OUTLINES_MAX:
            _outlines.popitem(last=False)
        return found


def _font() -> Any:
    return TTFont(str(files("manimgx_fonts_cjk").joinpath(_FILE)), fontNumber=_SIMPLIFIED, lazy=True)


def _shows(letter: str) -> bool:
    return letter in " \u3000" or (ord(letter) in _face().names and unicodedata.category(letter)[0] not in "CZ")

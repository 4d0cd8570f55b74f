"""Letters of Noto Sans CJK as a small TrueType font: what a document says is embedded in it, and nothing else.

The font comes as a package, the one that words are burnt in with (workers.inside.letters). Its outlines are cubic and
of any weight (CFF2), which the PDF library does not take; here those of the letters that are used, a few hundred, are
made quadratic. The same letters are the same bytes.

A letter that the font lacks, or one that nobody can see (a control, a mark of direction), is written as its number in
brackets (〔U+202E〕): what is evidence is not left out, and does not turn the words behind it.
"""

import io
import unicodedata
from collections.abc import Iterable
from functools import cache
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
_NOTHING = ".notdef"


@cache
def known_letters() -> frozenset[int]:
    """The code points that the font has."""
    with _font() as font:
        return frozenset(font.getBestCmap())


def plain(text: str) -> str:
    """The text in letters that can be seen and are there."""
    return "".join(letter if _shows(letter) else f"〔U+{ord(letter):04X}〕" for letter in text)


def typeface(texts: Iterable[str]) -> bytes:
    """A TrueType font with the letters of these."""
    wanted = sorted({ord(letter) for text in texts for letter in text} | {0x20, 0x3F})
    with _font() as font:
        named = font.getBestCmap()
        cmap = {point: named[point] for point in wanted if point in named}
        names = [_NOTHING, *dict.fromkeys(cmap.values())]
        shapes = font.getGlyphSet(location=_REGULAR)
        outlines, metrics = {}, {}
        for name in names:
            pen = TTGlyphPen(None)
            shapes[name].draw(Cu2QuPen(pen, ERROR_MAX, reverse_direction=True))
            outlines[name] = pen.glyph()
            metrics[name] = (round(shapes[name].width), 0)
        head, hhea = font["head"], font["hhea"]
        built = FontBuilder(head.unitsPerEm, isTTF=True)
        built.setupGlyphOrder(names)
        built.setupCharacterMap(cmap)
        built.setupGlyf(outlines)
        built.setupHorizontalMetrics(metrics)
        built.setupHorizontalHeader(ascent=hhea.ascent, descent=hhea.descent)
        built.setupNameTable(
            {"familyName": "Noto Sans CJK SC", "styleName": "Regular", "psName": "NotoSansCJKsc-Regular"}
        )
        built.setupOS2(sTypoAscender=hhea.ascent, sTypoDescender=hhea.descent)
        built.setupPost()
        built.updateHead(created=0, modified=0)
        built.font.recalcTimestamp = False
        into = io.BytesIO()
        built.save(into)
        return into.getvalue()


def _font() -> Any:
    return TTFont(str(files("manimgx_fonts_cjk").joinpath(_FILE)), fontNumber=_SIMPLIFIED, lazy=True)


def _shows(letter: str) -> bool:
    return letter in " \u3000" or (ord(letter) in known_letters() and unicodedata.category(letter)[0] not in "CZ")

"""The name under which a package is saved: what a case number says of it, and nothing that a disk or eye is fooled by.

A case number is what somebody typed: brackets of all kinds, Chinese, a formula for a spreadsheet, letters that turn the
direction of those behind them. Pure.
"""

import re
import unicodedata
from datetime import datetime
from urllib.parse import quote

STEM_MAX = 80  # with date, end and id within the 255 bytes that a name may have: 80 Chinese letters are 240
_BYTES_MAX = 180
_FOR_NO_DISK = re.compile(r'[\\/:*?"<>|%]')
_LEADING = "=+-@＝＋－＠.~ '"  # a formula where names are pasted into a sheet, a hidden file, a home


def bundle_name(case_no: str, export_id: str, made: datetime) -> str:
    """`〔2026〕沪市监罚字17号-20261201-7Q2M.zip`; without a case number `mingjing-…`.

    >>> bundle_name("=CMD('x')", "01ARZ3NDEKTSV4RRFFQ69G5FAV", datetime(2026, 12, 1))
    'CMD(_x_)-20261201-G5FAV.zip'
    """
    stem = "".join(_letter(one) for one in unicodedata.normalize("NFC", case_no))
    stem = re.sub(r"\s+", " ", stem).strip().lstrip(_LEADING)[:STEM_MAX]
    while len(stem.encode()) > _BYTES_MAX:
        stem = stem[:-1]
    stem = stem.rstrip(". ")
    return f"{stem or 'mingjing'}-{made:%Y%m%d}-{export_id[-5:]}.zip"


def disposition(name: str) -> str:
    """`Content-Disposition` (RFC 6266): the name in ASCII for old clients, and as it is (RFC 8187)."""
    plain = "".join(one if one.isascii() else "_" for one in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _letter(letter: str) -> str:
    """Controls, marks of direction, surrogates and private letters go; what no disk takes becomes a line."""
    if unicodedata.category(letter).startswith("C"):
        return ""
    return "_" if _FOR_NO_DISK.match(letter) or letter == "'" else letter

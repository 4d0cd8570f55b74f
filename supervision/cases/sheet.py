"""A file as a spreadsheet saves it, as rows of cells. Pure, and for bytes of any kind: rows or a `SheetUnreadable`.

Excel saves UTF-8 with a byte order mark, UTF-16 with tabs ("Unicode text"), or the code page of the machine, which in
China is GB18030 (GBK is part of it); the separator is that of the machine's region. Other programs save UTF-8 as it is.
Not here: what the cells mean (reading).
"""

import codecs
import csv
import io
from dataclasses import dataclass

FILE_MAX_BYTES = 4 * 1024 * 1024
ROWS_MAX = 2_000  # a large unit makes some hundred cases a month; 4 MiB are some 10,000 rows, and one entry each
CELL_MAX = 8_192  # letters; the longest cell of ours, the note, has 2,000
COLUMNS_MAX = 100

_SEPARATORS = ",;\t，"
_EXCEL_SAYS = "sep="  # a first line by which Excel tells itself the separator


class SheetUnreadable(Exception):
    """The file as a whole; `what` is a word for programs, the message for people."""

    def __init__(self, what: str, words: str, fix: str) -> None:
        super().__init__(words)
        self.what = what
        self.fix = fix


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`number` as a spreadsheet counts: the heading is 1. Blank rows are counted and not given."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    encoding: str
    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(data: bytes) -> Sheet:
    """
    Raises:
        SheetUnreadable: too large, of no encoding that we know, no table, or with too many rows.
    """
    if len(data) > FILE_MAX_BYTES:
        raise SheetUnreadable("too_large", "The file is too large.", f"Split it: at most {FILE_MAX_BYTES >> 20} MiB.")
    encoding, text = _decoded(data)
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith(_EXCEL_SAYS) and len(first.strip()) == len(_EXCEL_SAYS) + 1:
        separator, text = first.strip()[-1], rest
    else:
        separator = max(_SEPARATORS, key=first.count)
    # Not strict: a quote in the middle of a cell is a quote. `newline=""`: the reader knows every line end itself.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    headings: tuple[str, ...] = ()
    rows: list[SheetRow] = []
    try:
        for number, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > COLUMNS_MAX or any(len(cell) > CELL_MAX for cell in cells):
                words = f"Row {number} has more columns or longer cells than a table of cases has."
                raise SheetUnreadable("no_table", words, "Look whether a quote is missing there.")
            if not headings:
                headings = tuple(cell.strip() for cell in cells)
                continue
            if len(rows) == ROWS_MAX:
                raise SheetUnreadable("too_many_rows", "The file has too many rows.", f"Split it: at most {ROWS_MAX}.")
            rows.append(SheetRow(number, tuple(cell.strip() for cell in cells)))
    except csv.Error:
        raise SheetUnreadable("no_table", "This is no table of text.", "Save it as CSV, UTF-8.") from None
    if not headings:
        raise SheetUnreadable("empty", "The file is empty.", "Give one row of headings, and a row for each case.")
    return Sheet(encoding, headings, tuple(rows))


def _decoded(data: bytes) -> tuple[str, str]:
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetUnreadable("encoding", "The letters of this file cannot be read.", "Save it as CSV, UTF-8.")

"""The ledger: what people and programs did, in a form that nobody changes afterwards.

Here: append-only files of chained entries, their proof, and a projection into the database for
queries. Signed heads, and the tree whose leaves entries become, are in storage.heads.
Not here: what is worth an entry and who may read it (viewer.access and the rooms that act), and
footage, whose chain is in its own segments.

Invariants (docs/design/ledger.md):
- An entry is on disk when `append` returns; when it cannot be, `append` raises `LedgerUnavailable`.
- Entry n names the SHA-256 of the line of the entry before it; numbers never skip and never repeat.
- The files are the truth, the table is derived: entries come to the file first, and rows that are
  missing are replayed.
- Nothing is repaired silently: a torn last line is cut at start, and that is an entry itself.
"""

from storage.ledger.entry import Entry, JsonValue, json_text
from storage.ledger.ledger import Ledger, LedgerStatistics
from storage.ledger.lines import raw_lines
from storage.ledger.projection import LEDGER_TABLES, LedgerPage
from storage.ledger.proof import BrokenEntry, LedgerReport, verify_files
from storage.ledger.tail import LedgerTail, entry_digests
from storage.ledger.writer import LedgerUnavailable

__all__ = [
    "LEDGER_TABLES",
    "BrokenEntry",
    "Entry",
    "JsonValue",
    "Ledger",
    "LedgerPage",
    "LedgerReport",
    "LedgerStatistics",
    "LedgerTail",
    "LedgerUnavailable",
    "entry_digests",
    "json_text",
    "raw_lines",
    "verify_files",
]

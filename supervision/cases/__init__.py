"""Cases: what was enforced, by whom, in which stages and when; and which of them can be seen.

Here: cases by hand, from other systems and from files, their history, and which stages a procedure must have on record.
Not here: clips and what they pin (whoever has them hands in a `StageFootage`), who may read or change a case, and who
may know its party (viewer.access), HTTP (viewer.api).

Invariants:
- A change is one transaction of row and ledger entry, then an event; it is complete or has not happened.
- The rows can be made again from the ledger, and are, when the database is behind it (`replay`).
- A number is one case in its unit, and an id of another system is one case.
- A case is never removed: it is closed.
- A file is taken whole or not at all, and taking it again takes nothing again.
"""

from supervision.cases.case import Case, CaseFields, External, Field, Officer, Procedure, Stage, StageTimes, Status
from supervision.cases.cases import Cases, Put
from supervision.cases.columns import HEADINGS
from supervision.cases.entries import PERSONAL
from supervision.cases.errors import (
    CaseConflict,
    CaseError,
    CaseInvalid,
    CaseNotFound,
    CaseTaken,
    ImportRefused,
    ImportsBusy,
    PreviewGone,
)
from supervision.cases.events import CaseChange, CaseChanged
from supervision.cases.export import case_lines, heading_line
from supervision.cases.imports import CaseImports, Preview, Taken
from supervision.cases.opening import Margins, TimeSpan, covers, window_of
from supervision.cases.reading import RowFault
from supervision.cases.sheet import FILE_MAX_BYTES, SheetUnreadable
from supervision.cases.stages import REQUIRED, StageCoverage, StageFootage, coverage, no_footage
from supervision.cases.tables import CASE_TABLES, SORT_KEYS, CaseFilter, CasePage
from supervision.cases.words import checked_external

__all__ = [
    "CASE_TABLES",
    "FILE_MAX_BYTES",
    "HEADINGS",
    "PERSONAL",
    "REQUIRED",
    "SORT_KEYS",
    "Case",
    "CaseChange",
    "CaseChanged",
    "CaseConflict",
    "CaseError",
    "CaseFields",
    "CaseFilter",
    "CaseImports",
    "CaseInvalid",
    "CaseNotFound",
    "CasePage",
    "CaseTaken",
    "Cases",
    "External",
    "Field",
    "ImportRefused",
    "ImportsBusy",
    "Margins",
    "Officer",
    "Preview",
    "PreviewGone",
    "Procedure",
    "Put",
    "RowFault",
    "SheetUnreadable",
    "Stage",
    "StageCoverage",
    "StageFootage",
    "StageTimes",
    "Status",
    "Taken",
    "TimeSpan",
    "case_lines",
    "checked_external",
    "coverage",
    "covers",
    "heading_line",
    "no_footage",
    "window_of",
]

"""Cases as a file that a spreadsheet opens: UTF-8 with a byte order mark, CRLF, and no cell that runs as a formula.

What is written here can be imported again: the headings are those of an import. Not here: which cases, and whether the
reader may know the party.
"""

import csv
import io
from collections.abc import Callable, Iterable

from supervision.cases.case import Case, Officer, Stage, StageTimes
from supervision.cases.columns import FIELD_NAMES, HEADINGS, PROCEDURE_NAMES, written_time

BOM = "\ufeff"
# OWASP, CSV injection; Excel in Chinese takes the wide signs, too. A tab or line end before a sign is skipped by it.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def heading_line() -> str:
    return BOM + _line([heading.chinese for heading in HEADINGS])


def case_lines(cases: Iterable[Case], unit_name: Callable[[str], str], *, parties: bool) -> str:
    """A line for each case, without the party where it may not be known."""
    return "".join(_line(_cells(case, unit_name, parties)) for case in cases)


def _cells(case: Case, unit_name: Callable[[str], str], parties: bool) -> list[str]:
    fields = case.fields
    cells = {
        "case_no": fields.case_no,
        "cause": fields.cause,
        "field": FIELD_NAMES[fields.field],
        "procedure": PROCEDURE_NAMES[fields.procedure],
        "unit": unit_name(fields.unit),
        "officers": ";".join(_officer(each) for each in fields.officers),
        "party": fields.party if parties else "",
        "external_system": "" if fields.external is None else fields.external.system,
        "external_id": "" if fields.external is None else fields.external.id,
        "note": fields.note if parties else "",
    }
    for stage in Stage:
        times = fields.stages.get(stage, StageTimes())
        cells[f"{stage.value}_begin"] = written_time(times.begin_utc_ns)
        cells[f"{stage.value}_end"] = written_time(times.end_utc_ns)
    return [cells[heading.key] for heading in HEADINGS]


def _officer(officer: Officer) -> str:
    return f"{officer.name}({officer.certificate_no})" if officer.certificate_no else officer.name


def _line(cells: list[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return line.getvalue()

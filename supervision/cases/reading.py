"""The rows of a sheet as cases, or what is wrong with each cell. Pure.

Every bad row is named, with its number, its column, what is wrong and how to mend it: a person mends the file once, not
once a row. Not here: bytes (sheet), and whether a number is taken already (imports).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from supervision.cases.case import CaseFields, External, Officer, Stage, StageTimes
from supervision.cases.columns import FIELDS, HEADINGS, KEYS, PROCEDURES, read_time
from supervision.cases.errors import CaseInvalid
from supervision.cases.sheet import Sheet, SheetRow, SheetUnreadable
from supervision.cases.words import checked

_FORMULA = "=+-@＝＋－＠"


@dataclass(frozen=True, slots=True)
class RowFault:
    """`column` is the heading as the file has it; empty where the whole row is meant. `what` is a word for programs."""

    row: int
    column: str
    what: str
    words: str
    fix: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    row: int
    fields: CaseFields


@dataclass(frozen=True, slots=True)
class Reading:
    rows: tuple[ReadRow, ...]
    faults: tuple[RowFault, ...]
    ignored: tuple[str, ...]  # headings that say nothing to us


class _Cells:
    """One row by the keys of its columns; each fault is kept, and the reading goes on."""

    def __init__(self, row: SheetRow, columns: Mapping[str, int], headings: tuple[str, ...]) -> None:
        self._row = row
        self._columns = columns
        self._headings = headings
        self.faults: list[RowFault] = []

    def text(self, key: str) -> str:
        at = self._columns.get(key)
        cell = self._row.cells[at] if at is not None and at < len(self._row.cells) else ""
        # What an export put before a cell that would run as a formula is no part of it.
        return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA else cell

    def fault(self, key: str, what: str, words: str, fix: str) -> None:
        at = self._columns.get(key)
        self.faults.append(RowFault(self._row.number, key if at is None else self._headings[at], what, words, fix))

    def time(self, key: str) -> int | None:
        cell = self.text(key)
        try:
            return read_time(cell) if cell else None
        except (ValueError, OverflowError):
            self.fault(key, "time", f"{cell[:40]!r} is no time.", "Write it as 2026-03-01 09:30.")
            return None


def read_cases(sheet: Sheet, unit_of: Callable[[str], str | None], default_unit: str | None) -> Reading:
    """`unit_of` gives the id of the unit that a cell names, by id or name, if there is one for this person.

    Raises:
        SheetUnreadable: the headings are not those of cases.
    """
    columns: dict[str, int] = {}
    ignored: list[str] = []
    for at, heading in enumerate(sheet.headings):
        key = KEYS.get(heading) or KEYS.get(heading.lower())
        if key is None or key in columns:
            ignored.append(heading)
        else:
            columns[key] = at
    missing = [heading.chinese for heading in HEADINGS if heading.required and heading.key not in columns]
    if "unit" not in columns and default_unit is None:
        missing.append("单位")
    if missing:
        words = f"The file has no column {', '.join(missing)}."
        raise SheetUnreadable("columns", words, "Take the headings of the template.")
    rows: list[ReadRow] = []
    faults: list[RowFault] = []
    numbers: dict[tuple[str, str], int] = {}
    externals: dict[External, int] = {}
    for row in sheet.rows:
        cells = _Cells(row, columns, sheet.headings)
        fields = _fields(cells, unit_of, default_unit)
        if fields is not None:
            _twice(cells, fields, row.number, numbers, externals)
        if cells.faults or fields is None:
            faults += cells.faults
        else:
            rows.append(ReadRow(row.number, fields))
    return Reading(tuple(rows), tuple(faults), tuple(ignored))


def _fields(cells: _Cells, unit_of: Callable[[str], str | None], default_unit: str | None) -> CaseFields | None:
    unit = _unit(cells, unit_of, default_unit)
    field = FIELDS.get(cells.text("field"))
    if field is None:
        cells.fault(
            "field",
            "word",
            "This is none of the five fields.",
            "Use one of 市场监管, 生态环境, 城市管理, 交通运输, 应急管理.",
        )
    procedure = PROCEDURES.get(cells.text("procedure"))
    if procedure is None:
        cells.fault("procedure", "word", "This is no procedure.", "Use one of 简易程序, 普通程序.")
    system, system_id = cells.text("external_system"), cells.text("external_id")
    if bool(system) != bool(system_id):
        key = "external_id" if system else "external_system"
        cells.fault(key, "half", "Another system's id needs its system.", "Give both or neither.")
    stages = {
        stage: StageTimes(cells.time(f"{stage.value}_begin"), cells.time(f"{stage.value}_end")) for stage in Stage
    }
    officers = _officers(cells.text("officers"))
    if unit is None or field is None or procedure is None:
        # The other values are looked at all the same: all that is wrong with a row is told at once.
        unit, field, procedure = unit or "", field or next(iter(FIELDS.values())), procedure or PROCEDURES["简易"]
    fields = CaseFields(
        unit=unit,
        case_no=cells.text("case_no"),
        cause=cells.text("cause"),
        field=field,
        procedure=procedure,
        officers=officers,
        party=cells.text("party"),
        stages=stages,
        external=External(system, system_id) if system and system_id else None,
        note=cells.text("note"),
    )
    try:
        return checked(fields)
    except CaseInvalid as error:
        key = error.field.removeprefix("stages.")
        key = f"{key}_end" if key in set(Stage) else key
        cells.fault(key, "value", str(error), error.fix)
        return None


def _unit(cells: _Cells, unit_of: Callable[[str], str | None], default_unit: str | None) -> str | None:
    named = cells.text("unit")
    if not named:
        if default_unit is None:
            cells.fault("unit", "unit", "The unit is empty.", "Give a unit.")
        return default_unit
    found = unit_of(named)
    if found is None:
        cells.fault("unit", "unit", "There is no such unit, or it is not yours.", "Give its id or its name.")
    return found


def _officers(cell: str) -> tuple[Officer, ...]:
    """`张三(33010200123);李四`: names with their numbers in brackets, apart by semicolons."""
    found = []
    for part in cell.replace("；", ";").replace("、", ";").split(";"):
        name, _, number = part.replace("（", "(").replace("）", ")").strip().partition("(")
        if part.strip():
            found.append(Officer(number.strip().removesuffix(")").strip(), name.strip()))
    return tuple(found)


def _twice(
    cells: _Cells,
    fields: CaseFields,
    row: int,
    numbers: dict[tuple[str, str], int],
    externals: dict[External, int],
) -> None:
    before = numbers.setdefault((fields.unit, fields.case_no), row)
    if before != row:
        cells.fault("case_no", "twice", f"Row {before} has this number too.", "Leave one of them out.")
    if fields.external is not None and (before := externals.setdefault(fields.external, row)) != row:
        cells.fault("external_id", "twice", f"Row {before} has this id too.", "Leave one of them out.")

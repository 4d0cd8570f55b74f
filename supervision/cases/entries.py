"""A case as the ledger's entries tell it, and back. Pure.

`case.create` says everything, `case.edit` each field that differs as `{"from", "to"}`; every entry of a case says the
`version` that it makes. `case.import` closes a file: creations that name its digest count only when it has come.

The names and forms are kept for as long as ledgers are: what is added later must be optional here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from storage import iso_from_ns, utc_from_ns
from storage.ledger import JsonValue
from supervision.cases.case import Case, CaseFields, External, Field, Officer, Procedure, Stage, StageTimes, Status

CREATE, EDIT, CLOSE, REOPEN, IMPORT = "case.create", "case.edit", "case.close", "case.reopen", "case.import"
FAMILY = "case."
CHANGES = frozenset({CREATE, EDIT, CLOSE, REOPEN})  # of one case; others of the family are looks at it

# Of an entry: who may read the log is not therefore to learn who was punished (viewer.api.audit leaves them out).
PERSONAL = ("party", "note")

_EPOCH = utc_from_ns(0)


def facts(fields: CaseFields) -> dict[str, JsonValue]:
    """Every field in the ledger's form."""
    external = fields.external
    return {
        "unit": fields.unit,
        "case_no": fields.case_no,
        "cause": fields.cause,
        "field": fields.field.value,
        "procedure": fields.procedure.value,
        "officers": [{"certificate_no": each.certificate_no, "name": each.name} for each in fields.officers],
        "party": fields.party,
        "stages": {
            stage.value: {"begin": _iso(times.begin_utc_ns), "end": _iso(times.end_utc_ns)}
            for stage, times in fields.stages.items()
        },
        "external": None if external is None else {"system": external.system, "id": external.id},
        "note": fields.note,
    }


def creation(case: Case) -> dict[str, JsonValue]:
    """The detail of `case.create`."""
    detail = {**facts(case.fields), "created_at": iso_from_ns(case.created_utc_ns), "version": case.version}
    return {**detail, "import": case.import_digest} if case.import_digest else detail


def edit(before: CaseFields, after: CaseFields) -> dict[str, JsonValue]:
    """The fields that differ; empty when none does."""
    was, becomes = facts(before), facts(after)
    return {name: {"from": was[name], "to": becomes[name]} for name in was if was[name] != becomes[name]}


def created(case_id: str, detail: Mapping[str, JsonValue]) -> Case:
    """The case that a `case.create` tells of. Raises ValueError: not in our form."""
    return Case(
        id=case_id,
        fields=_fields(detail),
        status=Status.OPEN,
        created_utc_ns=_ns(_text(detail, "created_at")),
        version=version_of(detail),
        import_digest=str(detail.get("import", "")),
    )


def edited(case: Case, detail: Mapping[str, JsonValue]) -> Case:
    """The case after a `case.edit`. Raises ValueError: not in our form."""
    told = facts(case.fields)
    for name in told:
        change = detail.get(name)
        if isinstance(change, Mapping) and "to" in change:
            told[name] = change["to"]
    return replace(case, fields=_fields(told), version=version_of(detail))


def version_of(detail: Mapping[str, JsonValue]) -> int:
    version = detail.get("version")
    if not isinstance(version, int):
        raise ValueError("an entry of a case without a version")
    return version


def _fields(told: Mapping[str, JsonValue]) -> CaseFields:
    external = told.get("external")
    return CaseFields(
        unit=_text(told, "unit"),
        case_no=_text(told, "case_no"),
        cause=_text(told, "cause"),
        field=Field(_text(told, "field")),
        procedure=Procedure(_text(told, "procedure")),
        officers=tuple(Officer(_text(each, "certificate_no"), _text(each, "name")) for each in _list(told, "officers")),
        party=_text(told, "party"),
        stages={
            Stage(name): StageTimes(_ns_or_none(times, "begin"), _ns_or_none(times, "end"))
            for name, times in in_order(_mapping(told, "stages"))
        },
        external=External(_text(external, "system"), _text(external, "id")) if isinstance(external, Mapping) else None,
        note=_text(told, "note"),
    )


def in_order(stages: Mapping[str, JsonValue]) -> list[tuple[str, Mapping[str, JsonValue]]]:
    """Lines of the ledger have sorted keys; a case has its stages as they come."""
    ordered = sorted(stages, key=lambda name: list(Stage).index(Stage(name)))
    return [(name, _mapping(stages, name)) for name in ordered]


def _text(told: Mapping[str, JsonValue], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def _mapping(told: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    value = told.get(name)
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is no object")
    return value


def _list(told: Mapping[str, JsonValue], name: str) -> list[Mapping[str, JsonValue]]:
    value = told.get(name)
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is no list")
    return [each for each in value if isinstance(each, Mapping)]


def _ns_or_none(told: Mapping[str, JsonValue], name: str) -> int | None:
    return None if told.get(name) is None else _ns(_text(told, name))


def _ns(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1) * 1_000


def _iso(utc_ns: int | None) -> str | None:
    return None if utc_ns is None else iso_from_ns(utc_ns)

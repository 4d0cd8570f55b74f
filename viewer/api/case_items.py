"""Cases as requests give them and answers show them. Not here: routes (cases, case_files)."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from storage import iso_from_ns
from supervision.cases import (
    Case,
    CaseFields,
    External,
    Officer,
    Procedure,
    Stage,
    StageCoverage,
    StageTimes,
    Status,
    coverage,
)
from supervision.cases import Field as CaseField
from viewer.access import Action, Caller
from viewer.api.times import Moment, iso_or_none, ns_from
from viewer.objects import case_object
from viewer.services import Services

Id = Annotated[str, Field(max_length=64)]
# Longer than what the room takes, so that one answer tells all that is wrong in the room's own words.
Text = Annotated[str, Field(max_length=4_096)]


class GivenTimes(BaseModel):
    """Either may be left out. Null in place of both takes the times of the stage away."""

    model_config = ConfigDict(extra="forbid")

    begin: Moment | None = None
    end: Moment | None = None


class GivenOfficer(BaseModel):
    """One of them at least."""

    model_config = ConfigDict(extra="forbid")

    certificate_no: Text = ""
    name: Text = ""


class GivenExternal(BaseModel):
    """The case in another system: one pair is one case."""

    model_config = ConfigDict(extra="forbid")

    system: Text
    id: Text


Officers = Annotated[list[GivenOfficer], Field(max_length=64)]
Stages = dict[Stage, GivenTimes | None]


class PutCase(BaseModel):
    """A case without another system's id, which is in the address."""

    model_config = ConfigDict(extra="forbid")

    unit: Id
    case_no: Text
    cause: Text
    field: CaseField
    procedure: Procedure
    officers: Officers = []
    party: Text = ""
    stages: Stages = {}
    note: Text = ""

    def fields(self, external: External | None) -> CaseFields:
        return CaseFields(
            unit=self.unit,
            case_no=self.case_no,
            cause=self.cause,
            field=self.field,
            procedure=self.procedure,
            officers=officers_of(self.officers),
            party=self.party,
            stages=stages_of({}, self.stages),
            external=external,
            note=self.note,
        )


class NewCase(PutCase):
    external: GivenExternal | None = None


class CaseEdit(BaseModel):
    """What is left out stays; of `stages` those that are named change."""

    model_config = ConfigDict(extra="forbid")

    unit: Id | None = None
    case_no: Text | None = None
    cause: Text | None = None
    field: CaseField | None = None
    procedure: Procedure | None = None
    officers: Officers | None = None
    party: Text | None = None
    stages: Stages | None = None
    external: GivenExternal | None = None
    note: Text | None = None


class OfficerItem(BaseModel):
    certificate_no: str
    name: str


class ExternalItem(BaseModel):
    system: str
    id: str


class StageItem(BaseModel):
    """`required`: the procedure must have it on record. `clips` are those that are tagged to it."""

    stage: Stage
    required: bool
    begin: str | None
    end: str | None
    clips: int


class CaseItem(BaseModel):
    """`party` and `note` are null for who may not know whom the case is about.

    `begun_at` is the earliest time known of it, else when it was entered; `stages` are all of them, in order.
    """

    id: str
    unit: str
    case_no: str
    cause: str
    field: CaseField
    procedure: Procedure
    officers: list[OfficerItem]
    party: str | None
    note: str | None
    external: ExternalItem | None
    status: Status
    stages: list[StageItem]
    begun_at: str
    created_at: str
    imported: bool
    version: int


def officers_of(given: list[GivenOfficer]) -> tuple[Officer, ...]:
    return tuple(Officer(each.certificate_no, each.name) for each in given)


def external_of(given: GivenExternal | None) -> External | None:
    return None if given is None else External(given.system, given.id)


def stages_of(before: Mapping[Stage, StageTimes], given: Stages) -> dict[Stage, StageTimes]:
    """The times after those that were given."""
    after = dict(before)
    for stage, times in given.items():
        begin, end = (None, None) if times is None else (times.begin, times.end)
        after[stage] = StageTimes(
            None if begin is None else ns_from(begin),
            None if end is None else ns_from(end),
        )
    return after


async def items_of(caller: Caller, services: Services, cases: list[Case]) -> list[CaseItem]:
    """As this person may see them, with the footage of their stages."""
    clips = await services.stage_footage([case.id for case in cases])
    return [_item(caller, services, case, clips.get(case.id, {})) for case in cases]


def _item(caller: Caller, services: Services, case: Case, clips: Mapping[Stage, int]) -> CaseItem:
    fields = case.fields
    knows_party = caller.sees(Action.CASE_READ_PARTY, case_object(services.registry, case.id, case))
    return CaseItem(
        id=case.id,
        unit=fields.unit,
        case_no=fields.case_no,
        cause=fields.cause,
        field=fields.field,
        procedure=fields.procedure,
        officers=[OfficerItem(certificate_no=each.certificate_no, name=each.name) for each in fields.officers],
        party=fields.party if knows_party else None,
        note=fields.note if knows_party else None,
        external=None
        if fields.external is None
        else ExternalItem(system=fields.external.system, id=fields.external.id),
        status=case.status,
        stages=[_stage(each) for each in coverage(case, clips)],
        begun_at=iso_from_ns(case.begun_utc_ns),
        created_at=iso_from_ns(case.created_utc_ns),
        imported=bool(case.import_digest),
        version=case.version,
    )


def _stage(covered: StageCoverage) -> StageItem:
    return StageItem(
        stage=covered.stage,
        required=covered.required,
        begin=iso_or_none(covered.times.begin_utc_ns),
        end=iso_or_none(covered.times.end_utc_ns),
        clips=covered.clips,
    )

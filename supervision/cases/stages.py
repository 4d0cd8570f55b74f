"""Which stages of a case must be on record, and which are.

Not here: the footage. Whoever knows which clips a case has hands in a `StageFootage`; `no_footage` is the truth as long
as nothing can be tagged to a case.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from supervision.cases.case import Case, Procedure, Stage, StageTimes

# Administrative Penalty Law (2021), article 47: the start, investigation and taking of evidence, review, decision,
# service and enforcement of a penalty are recorded in text, sound or pictures, all of it, and the record is kept.
# Articles 51 and 52, summary procedure: the officers show their certificate, establish the facts, decide and hand over
# the decision on the spot. Nobody reviews it before (articles 57 and 58 are of the ordinary procedure), and it is
# mostly paid later and elsewhere (articles 67 to 69): both are shown when there are times or footage, and not missed.
REQUIRED: Mapping[Procedure, frozenset[Stage]] = {
    Procedure.ORDINARY: frozenset(Stage),
    Procedure.SUMMARY: frozenset({Stage.START, Stage.INVESTIGATION, Stage.DECISION, Stage.SERVICE}),
}


class StageFootage(Protocol):
    """How many clips each stage of these cases has. A case or stage that is not named has none."""

    async def __call__(self, case_ids: Collection[str], /) -> Mapping[str, Mapping[Stage, int]]: ...


async def no_footage(_: Collection[str]) -> Mapping[str, Mapping[Stage, int]]:
    """Nothing is tagged to any case."""
    return {}


@dataclass(frozen=True, slots=True)
class StageCoverage:
    stage: Stage
    required: bool
    times: StageTimes
    clips: int

    @property
    def missing(self) -> bool:
        """It must be on record, and nothing is."""
        return self.required and self.clips == 0


def coverage(case: Case, clips: Mapping[Stage, int]) -> tuple[StageCoverage, ...]:
    """Every stage in order."""
    required = REQUIRED[case.fields.procedure]
    times = case.fields.stages
    return tuple(
        StageCoverage(stage, stage in required, times.get(stage, StageTimes()), clips.get(stage, 0)) for stage in Stage
    )

from supervision.cases import REQUIRED, Case, Procedure, Stage, StageTimes, Status, coverage, no_footage
from tests.supervision.case_house import plain


def case_of(**fields):
    return Case("id", plain(**fields), Status.OPEN, 0, 1)


def test_the_ordinary_procedure_has_every_stage_on_record_and_the_summary_one_what_happens_on_the_spot():
    assert REQUIRED[Procedure.ORDINARY] == set(Stage)
    assert REQUIRED[Procedure.SUMMARY] == {Stage.START, Stage.INVESTIGATION, Stage.DECISION, Stage.SERVICE}


def test_coverage_names_every_stage_in_order_and_what_is_missing():
    times = StageTimes(1, 2)
    found = coverage(
        case_of(procedure=Procedure.SUMMARY, stages={Stage.START: times}), {Stage.START: 2, Stage.REVIEW: 1}
    )
    assert [each.stage for each in found] == list(Stage)
    assert [each.clips for each in found] == [2, 0, 1, 0, 0, 0]
    assert [each.stage for each in found if each.missing] == [Stage.INVESTIGATION, Stage.DECISION, Stage.SERVICE]
    assert found[0].times == times


async def test_as_long_as_nothing_can_be_tagged_every_required_stage_is_missing():
    clips = await no_footage(["id"])
    assert all(each.missing for each in coverage(case_of(), clips.get("id", {})))

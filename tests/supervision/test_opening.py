"""How far around a case footage may be looked for."""

from dataclasses import replace

import pytest

from supervision.cases import (
    Case,
    CaseFields,
    Field,
    Margins,
    Procedure,
    Stage,
    StageTimes,
    Status,
    TimeSpan,
    covers,
    window_of,
)

MS = 1_000_000
MARGINS = Margins(100 * MS, 200 * MS)
PLAIN = Case(
    "c1",
    CaseFields("north", "1", "why", Field.ECOLOGY, Procedure.SUMMARY),
    Status.OPEN,
    created_utc_ns=5_000 * MS,
    version=1,
)


def with_stages(**stages):
    return replace(PLAIN, fields=replace(PLAIN.fields, stages={Stage(name): times for name, times in stages.items()}))


def test_a_case_without_times_is_as_old_as_its_entry():
    assert window_of(PLAIN, MARGINS) == TimeSpan(4_900 * MS, 5_200 * MS)


def test_from_before_the_first_known_time_to_after_the_last_one():
    case = with_stages(service=StageTimes(None, 900 * MS), start=StageTimes(700 * MS), decision=StageTimes(800 * MS))
    assert window_of(case, MARGINS) == TimeSpan(600 * MS, 1_100 * MS)


def test_a_closed_case_has_none():
    assert window_of(replace(PLAIN, status=Status.CLOSED), MARGINS) is None


@pytest.mark.parametrize(
    ("spans", "wanted", "whole"),
    [
        ([], (0, 10), False),
        ([(0, 10)], (0, 10), True),
        ([(0, 10)], (0, 11), False),
        ([(1, 10)], (0, 10), False),
        ([(5, 10), (0, 5)], (0, 10), True),
        ([(6, 10), (0, 5)], (0, 10), False),
        ([(0, 3), (1, 2), (3, 10)], (0, 10), True),
        ([(20, 30)], (0, 10), False),
    ],
)
def test_spans_together_cover_what_none_of_them_does_alone(spans, wanted, whole):
    ms = [TimeSpan(start * MS, end * MS) for start, end in spans]
    assert covers(ms, TimeSpan(wanted[0] * MS, wanted[1] * MS)) is whole


def test_times_that_were_told_by_the_millisecond_are_covered_by_what_they_were_cut_from():
    assert covers([TimeSpan(5 * MS + 700, 9 * MS + 700)], TimeSpan(5 * MS, 9 * MS))

"""What was ordered and kept, by entries of the ledger, against what a bundle has."""

import pytest

from verifier.order import check_order
from verifier.report import Report
from verifier.segment import Passage

ASKED = {"device": "dev1", "channel": "main", "start_ns": 10**18, "end_ns": 2 * 10**18, "references": [["S", 1, 900]]}
SHORTER = {"end_ns": 2 * 10**18 - 1}, {"start_ns": 10**18 + 1}, {"references": [["S", 1, 899]]}, {"device": "dev2"}


def entries(ordered=ASKED, kept=ASKED):
    item = ordered | {"clip": "C", "stage": "", "unit": "u"}
    return [
        {"n": 3, "action": "clip.create", "subject": "C", "detail": kept | {"note": "x"}},
        {"n": 9, "action": "export.create", "subject": "E", "detail": {"items": [item]}},
    ]


def found(order, told, *passages):
    report = Report()
    check_order(order, told, passages or (Passage(1, "evidence/1/", asked=ASKED),), report)
    return report


def test_what_was_ordered_and_kept_is_what_there_is():
    report = found("E", entries())
    assert (report.faults, report.notes) == ([], [])


@pytest.mark.parametrize("change", SHORTER)
def test_whatever_was_shortened_is_named(change):
    [fault] = found("E", entries(ordered=ASKED | change, kept=ASKED)).faults
    assert (fault.file, "not what was ordered" in fault.words) == ("evidence/1/evidence.json", True)
    [fault] = found("E", entries(kept=ASKED | change)).faults
    assert "not what was kept as a clip" in fault.words


def test_a_passage_too_few_and_entries_that_are_not_there_are_named():
    two = entries()
    two[1]["detail"]["items"].append(ASKED)
    assert "2 passages were ordered" in found("E", two).faults[0].words
    assert "'F'" in found("F", entries()).faults[0].words
    assert "'C'" in found("E", entries()[1:]).faults[0].words
    for bad in ({"items": 7}, {"items": [7]}, 7):
        told = [{"action": "export.create", "subject": "E", "detail": bad}]
        assert found("E", told).faults


def test_a_passage_is_held_against_the_item_of_its_number_whatever_could_not_be_read_before_it():
    told, other = entries(), ASKED | {"device": "dev2"}
    told[1]["detail"]["items"].append(other)
    faults = found("E", told, Passage(2, "evidence/2/", asked=other)).faults
    assert [fault.file for fault in faults] == ["bundle.json"]  # one of two


def test_a_bundle_without_an_order_says_so():
    report = found("", entries())
    assert report.faults == []
    assert "what was ordered" in report.notes[0]

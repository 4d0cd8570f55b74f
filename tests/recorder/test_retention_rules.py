"""Why footage is kept and until when, and when there will be no room for it: pure."""

import pytest

from recorder import Keeping, KeepingKind, Passage, Removal
from recorder.retention import (
    FOR_EVER,
    CaseFile,
    Category,
    Facts,
    Flow,
    KeptFor,
    Why,
    case_until,
    category,
    forecast,
    free_from,
    reasons,
    winner,
)

DAY = 86_400_000_000_000
END = 1_800_000_000_000_000_000  # 2027-01-15
LEAP = 1_835_438_400_000_000_000  # 2028-02-29
PASSAGE = Passage("dev1", "main", "north", END - DAY, END, ())


def kept(kind=KeepingKind.CLIP, case="", free=0, **of_case):
    removal = Removal("user:one", END, "over", "user:two", free) if free else None
    return KeptFor(Keeping("1", kind, PASSAGE, case, "", "why", "user:one", END, 1, removal), **of_case)


def facts(*kept_for, days=183, **more):
    return Facts(END, days * DAY, 30 * DAY, "north", kept_for, **more)


def said(known, now=END + DAY):
    found = reasons(known, now)
    return [(one.why, one.until_utc_ns) for one in found], found[winner(found)].why, free_from(found)


def test_what_nobody_keeps_goes_by_its_policy_and_no_shortage_undercuts_the_minimum():
    listed, wins, free = said(facts())
    assert listed == [(Why.POLICY, END + 183 * DAY), (Why.MINIMUM, END + 30 * DAY)]
    assert (wins, free) == (Why.POLICY, END + 183 * DAY)
    assert said(facts(days=7))[0][1] == (Why.MINIMUM, END + 7 * DAY)
    assert [why for why, _ in said(facts(), END + 31 * DAY)[0]] == [Why.POLICY]


@pytest.mark.parametrize(("kind", "why"), [(KeepingKind.CLIP, Why.CLIP), (KeepingKind.HOLD, Why.HOLD)])
def test_a_clip_or_hold_keeps_until_two_people_say_otherwise_and_seven_days_longer(kind, why):
    assert said(facts(kept(kind)))[1:] == (why, None)
    listed, wins, free = said(facts(kept(kind, free=END + 8 * DAY)))
    assert (Why.REMORSE, END + 8 * DAY) in listed
    assert (wins, free) == (Why.POLICY, END + 183 * DAY)
    assert said(facts(kept(kind, free=END + 200 * DAY)))[1:] == (Why.REMORSE, END + 200 * DAY)
    assert Why.REMORSE not in dict(said(facts(kept(kind, free=END + 8 * DAY)), END + 9 * DAY)[0])


def test_the_file_of_a_case_keeps_what_was_released():
    released = {"case": CaseFile("north", END), "tagged": 2}
    one = KeptFor(kept(case="case-1", free=END + 8 * DAY).keeping, **released)
    assert said(facts(one), END + 9 * DAY)[1:] == (Why.CASE, END + 731 * DAY)  # one of the years is a leap year
    assert category(facts(one)) is Category.TAGGED
    assert category(facts()) is Category.UNTAGGED
    assert category(facts(disputed=True)) is Category.DISPUTED


def test_a_dispute_and_an_export_keep_without_an_end():
    assert said(facts(disputed=True))[1:] == (Why.DISPUTE, None)
    assert said(facts(exported=True))[1:] == (Why.EXPORT, None)


def test_a_case_that_goes_on_or_that_nobody_knows_has_no_end_and_no_policy_asks_for_none():
    over, on = CaseFile("north", END), CaseFile("north", None)
    assert case_until(over, None) == 0
    assert [case_until(each, 5) for each in (on, None)] == [None, None]
    assert case_until(over, FOR_EVER) is None


def test_years_are_those_of_the_calendar():
    assert case_until(CaseFile("north", LEAP), 1) == LEAP + 366 * DAY
    assert case_until(CaseFile("north", LEAP), 4) == LEAP + (3 * 365 + 366) * DAY


def test_a_disk_that_holds_what_policies_come_to_is_never_short():
    known = forecast([Flow(10, 5), Flow(10, -3)], 100, 150)
    assert (known.days_left, known.asked_bytes, known.bytes_a_day) == (None, 150, 20)


def test_the_day_on_which_it_is_short_is_where_all_channels_together_pass_the_line():
    flows = [Flow(10, 5), Flow(10, 20)]
    assert forecast(flows, 0, 130).days_left == pytest.approx(8)  # 5 days of 20, then 10 a day
    assert forecast(flows, 131, 130).days_left == 0
    assert forecast(flows, 0, 130).curve[0] == (0, 0)
    assert forecast([], 5, 130).days_left is None

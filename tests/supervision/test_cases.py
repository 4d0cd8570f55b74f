import errno
import os
from dataclasses import replace

import pytest

from storage.ledger import LedgerUnavailable
from storage.ledger.files import Disk
from supervision.cases import (
    CaseChange,
    CaseChanged,
    CaseConflict,
    CaseFilter,
    CaseInvalid,
    CaseNotFound,
    CaseTaken,
    External,
    Field,
    Officer,
    Procedure,
    Stage,
    StageTimes,
    Status,
)
from tests.supervision.case_house import BY, open_cases, plain

MINUTE_NS = 60_000_000_000
FULL = plain(
    officers=(Officer("33010200123", "王五"), Officer("", "赵六")),
    party="某某餐饮有限公司",
    stages={
        Stage.DECISION: StageTimes(1_790_000_000_000_000_000),
        Stage.START: StageTimes(None, 1_780_000_000_000_000_000),
    },
    external=External("市监平台", "A-1"),
    note="两行\n备注",
)


@pytest.fixture
async def house(tmp_path):
    async with open_cases(tmp_path) as opened:
        yield opened


async def test_a_case_is_kept_as_it_was_given_with_its_stages_in_order(house):
    made = await house.cases.create(FULL, principal=BY)
    assert made == await house.cases.find(made.id)
    assert list(made.fields.stages) == [Stage.START, Stage.DECISION]
    assert made.begun_utc_ns == 1_780_000_000_000_000_000
    assert (made.status, made.version, made.fields.party) == (Status.OPEN, 1, "某某餐饮有限公司")


async def test_a_case_without_times_begins_when_it_was_entered(house):
    made = await house.cases.create(plain(), principal=BY)
    assert made.begun_utc_ns == made.created_utc_ns == house.clock.utc_ns()


async def test_every_change_is_an_entry_and_then_an_event(house):
    with house.bus.subscribe(CaseChanged) as news:
        made = await house.cases.create(plain(), principal=BY)
        await house.cases.edit(made.id, lambda it: replace(it, cause="销售过期食品"), principal=BY)
        await house.cases.edit(made.id, lambda it: it, principal=BY)  # which is none
        await house.cases.close(made.id, principal=BY)
        await house.cases.reopen(made.id, principal=BY)
        heard = [await anext(news) for _ in range(4)]
    assert [event.change for event in heard] == [
        CaseChange.CREATED,
        CaseChange.EDITED,
        CaseChange.CLOSED,
        CaseChange.REOPENED,
    ]
    entries = await house.entries(subject=made.id)
    assert [entry[0] for entry in entries] == ["case.create", "case.edit", "case.close", "case.reopen"]
    assert entries[1][2] == {"cause": {"from": "无证经营", "to": "销售过期食品"}, "version": 2}
    history = await house.cases.history(made.id)
    assert [entry.action for entry in history] == ["case.reopen", "case.close", "case.edit", "case.create"]


async def test_a_number_is_one_case_in_its_unit_and_may_be_another_in_another(house):
    await house.cases.create(plain(), principal=BY)
    with pytest.raises(CaseTaken, match="has a case 北市监罚〔2026〕1号 already"):
        await house.cases.create(plain(), principal=BY)
    other = await house.cases.create(plain(unit="south"), principal=BY)
    with pytest.raises(CaseTaken):
        await house.cases.edit(other.id, lambda it: replace(it, unit="north"), principal=BY)


async def test_composed_and_decomposed_letters_are_the_same_number(house):
    await house.cases.create(plain(case_no="Café 1"), principal=BY)
    with pytest.raises(CaseTaken):
        await house.cases.create(plain(case_no="Cafe\u0301 1 "), principal=BY)


async def test_a_unit_that_is_not_there_takes_no_case(house):
    with pytest.raises(CaseNotFound, match="no unit 'nowhere'"):
        await house.cases.create(plain(unit="nowhere"), principal=BY)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"case_no": " "}, "case_no"),
        ({"case_no": "x" * 65}, "case_no"),
        ({"case_no": "a\x00b"}, "case_no"),
        ({"case_no": "a\nb"}, "case_no"),
        ({"case_no": "1\u202e2"}, "case_no"),
        ({"case_no": "1\u200b2"}, "case_no"),
        ({"case_no": "1\ud8002"}, "case_no"),
        ({"cause": ""}, "cause"),
        ({"party": "x" * 129}, "party"),
        ({"note": "x" * 2_001}, "note"),
        ({"officers": (Officer("", " "),)}, "officers"),
        ({"officers": (Officer("1", "a"), Officer("1", "a "))}, "officers"),
        ({"officers": tuple(Officer(str(n), "") for n in range(9))}, "officers"),
        ({"external": External("s", "")}, "external_id"),
        ({"stages": {Stage.START: StageTimes(2 * MINUTE_NS, MINUTE_NS)}}, "stages.start"),
        ({"stages": {Stage.START: StageTimes(-MINUTE_NS)}}, "stages.start"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_its_name_and_leaves_no_entry(house, bad, field):
    with pytest.raises(CaseInvalid) as refused:
        await house.cases.create(plain(**bad), principal=BY)
    assert refused.value.field == field
    assert refused.value.fix
    assert await house.entries(action="case.") == []


@pytest.mark.parametrize(
    "case_no", ["../../etc/passwd", "=1+1", "-1", "@a", "\\\\server\\x", "杭综执〔2026〕第0012/3-1号"]
)
async def test_what_an_authority_may_have_issued_is_only_text(house, case_no):
    assert (await house.cases.create(plain(case_no=case_no), principal=BY)).fields.case_no == case_no


async def test_who_saw_an_older_version_changes_nothing(house):
    made = await house.cases.create(plain(), principal=BY)
    await house.cases.edit(made.id, lambda it: replace(it, note="a"), version=1, principal=BY)
    with pytest.raises(CaseConflict, match="changed by somebody else"):
        await house.cases.edit(made.id, lambda it: replace(it, note="b"), version=1, principal=BY)
    with pytest.raises(CaseConflict):
        await house.cases.close(made.id, version=1, principal=BY)


async def test_a_closed_case_changes_only_after_it_is_opened_again(house):
    made = await house.cases.create(plain(), principal=BY)
    closed = await house.cases.close(made.id, principal=BY)
    assert await house.cases.close(made.id, principal=BY) == closed
    with pytest.raises(CaseConflict, match="is closed"):
        await house.cases.edit(made.id, lambda it: replace(it, note="b"), principal=BY)
    await house.cases.reopen(made.id, principal=BY)
    assert (await house.cases.edit(made.id, lambda it: replace(it, note="b"), principal=BY)).fields.note == "b"


async def test_another_system_may_repeat_itself_and_changes_what_it_says_differently(house):
    first = await house.cases.put(FULL, seen=None, principal=BY)
    seen = first.case.id
    again = await house.cases.put(FULL, seen=seen, principal=BY)
    assert (first.created, again.created, again.case) == (True, False, first.case)
    changed = await house.cases.put(replace(FULL, cause="改"), seen=seen, principal=BY)
    assert (changed.created, changed.case.id, changed.case.version) == (False, first.case.id, 2)
    with pytest.raises(CaseConflict):
        await house.cases.put(replace(FULL, cause="再改"), seen=seen, version=1, principal=BY)
    with pytest.raises(CaseConflict):
        await house.cases.put(FULL, seen=None, principal=BY)  # nobody has asked whether this case may be touched
    assert len(await house.entries(subject=first.case.id)) == 2


async def test_an_id_of_another_system_is_one_case(house):
    await house.cases.put(FULL, seen=None, principal=BY)
    other = await house.cases.create(plain(case_no="2"), principal=BY)
    with pytest.raises(CaseTaken, match="belongs to another case"):
        await house.cases.edit(other.id, lambda it: replace(it, external=FULL.external), principal=BY)


async def test_without_the_ledger_nothing_changes(tmp_path):
    sick = False

    def write(fd, data):
        if sick:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(fd, data)

    async with open_cases(tmp_path, disk=Disk(write, os.fsync)) as house:
        made = await house.cases.create(plain(), principal=BY)
        sick = True
        with pytest.raises(LedgerUnavailable):
            await house.cases.create(plain(case_no="2"), principal=BY)
        with pytest.raises(LedgerUnavailable):
            await house.cases.close(made.id, principal=BY)
        sick = False
        assert await house.all() == {made.id: made}


async def names(house, wanted=None, **asked):
    return [case.fields.case_no for case in (await house.cases.page(wanted or CaseFilter(), **asked)).items]


@pytest.fixture
async def shelf(house):
    for number, (unit, field, procedure) in enumerate(
        [
            ("north", Field.ECOLOGY, Procedure.SUMMARY),
            ("south", Field.ECOLOGY, Procedure.ORDINARY),
            ("north", Field.TRANSPORT, Procedure.ORDINARY),
        ]
    ):
        house.clock.advance(60)
        await house.cases.create(
            plain(unit=unit, field=field, procedure=procedure, case_no=f"案{number}", party=f"张{number}"), principal=BY
        )
    return house


async def test_a_list_is_narrowed_by_everything_that_is_given(shelf):
    assert await names(shelf) == ["案2", "案1", "案0"]
    assert await names(shelf, CaseFilter(units=["north"])) == ["案2", "案0"]
    assert await names(shelf, CaseFilter(units=[])) == []
    assert await names(shelf, CaseFilter(field=Field.ECOLOGY, procedure=Procedure.ORDINARY)) == ["案1"]
    assert await names(shelf, CaseFilter(status=Status.CLOSED)) == []
    assert await names(shelf, CaseFilter(q="案1")) == ["案1"]
    assert await names(shelf, CaseFilter(q="%")) == []
    assert await names(shelf, CaseFilter(q="张1")) == []
    assert await names(shelf, CaseFilter(q="张1", parties=True)) == ["案1"]
    begun = [case.begun_utc_ns for case in (await shelf.all()).values()]
    assert await names(shelf, CaseFilter(since_utc_ns=min(begun) + 1, until_utc_ns=max(begun))) == ["案1"]


@pytest.mark.parametrize(
    "sort", ["begun", "-begun", "case_no", "-case_no", "unit", "-unit", "field", "created", "status"]
)
async def test_pages_follow_one_another_without_holes_whatever_sorts_them(shelf, sort):
    whole = await names(shelf, sort=sort)
    paged, cursor = [], None
    while True:
        page = await shelf.cases.page(CaseFilter(), sort=sort, cursor=cursor, limit=1)
        paged += [case.fields.case_no for case in page.items]
        assert page.total == 3
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == whole
    assert sorted(whole) == ["案0", "案1", "案2"]


@pytest.mark.parametrize(
    "asked", [{"sort": "party"}, {"cursor": "x"}, {"cursor": "WyJcdWQ4MDAiLCAiYSJd", "sort": "unit"}, {"cursor": "W10"}]
)
async def test_a_question_that_cannot_be_is_refused(shelf, asked):
    with pytest.raises(CaseInvalid):
        await shelf.cases.page(CaseFilter(), **asked)

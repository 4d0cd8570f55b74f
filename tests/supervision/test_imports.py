import codecs
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.ledger import LedgerUnavailable
from supervision.cases import (
    FILE_MAX_BYTES,
    CaseChange,
    CaseChanged,
    CaseFilter,
    ImportRefused,
    Officer,
    PreviewGone,
    SheetUnreadable,
    Stage,
    StageTimes,
    case_lines,
    heading_line,
)
from supervision.cases.columns import HEADINGS
from supervision.cases.export import harmless
from supervision.cases.reading import read_cases
from supervision.cases.sheet import ROWS_MAX, read_sheet
from tests.supervision.case_house import BY, UNITS, open_cases, plain
from tests.supervision.test_cases import FULL

HEAD = "案号,案由,领域,程序,单位,执法人员,当事人,立案时间,决定结束,备注"
GOOD = '罚1,无照经营,市场监管,普通程序,北区大队,王五(123);赵六（456）,某公司,2026-03-01 9:30,2026/3/2,"一,二"'
UNIT_OF = {**{name: unit for unit, name in UNITS.items()}, **{unit: unit for unit in UNITS}}.get
BEIJING_0930 = int(datetime(2026, 3, 1, 1, 30, tzinfo=UTC).timestamp()) * 1_000_000_000


def file_of(*lines, head=HEAD):
    return "\r\n".join((head, *lines, "")).encode()


@pytest.fixture
async def house(tmp_path):
    async with open_cases(tmp_path) as opened:
        yield opened


async def look(house, data, default=None, reader="r"):
    return await house.imports.preview(data, UNIT_OF, default, reader=reader)


def faults(preview):
    return [(fault.row, fault.column, fault.what) for fault in preview.faults]


async def test_a_row_is_a_case_with_times_of_the_official_clock(house):
    preview = await look(house, file_of(GOOD))
    assert preview.ready
    fields = preview.rows[0].fields
    assert (fields.unit, fields.case_no, fields.note) == ("north", "罚1", "一,二")
    assert fields.officers == (Officer("123", "王五"), Officer("456", "赵六"))
    assert fields.stages[Stage.START] == StageTimes(BEIJING_0930)
    assert fields.stages[Stage.DECISION].begin_utc_ns is None
    assert await house.all() == {}


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("gb18030", b""), ("utf-16-le", codecs.BOM_UTF16_LE)],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_what_spreadsheets_save_is_read(house, encoding, mark, separator):
    text = "\r\n".join(
        (
            separator.join(("案号", "案由", "领域", "程序", "单位", "当事人")),
            separator.join(("罚1", "无照", "生态", "简易", "南区大队", "𠮷野家")),
        )
    )
    preview = await look(house, mark + text.encode(encoding))
    assert [row.fields.party for row in preview.rows] == ["𠮷野家"]


async def test_excel_may_say_its_separator(house):
    assert (await look(house, ("sep=;\r\n" + HEAD.replace(",", ";") + "\r\n" + "1;因;生态;简易;north").encode())).ready


async def test_every_bad_row_is_named_with_its_column_and_the_good_ones_are_counted(house):
    preview = await look(
        house,
        file_of(
            GOOD,
            ",因,生态,简易,north",
            "2,因,农业,加急,nowhere",
            "",
            "3,因,生态,简易,north,,,昨天,,",
            "罚1,因,生态,简易,north",
            "4,因,生态,简易,north,,,2026-03-02,2026-03-01,",
            "5,因\u202e,生态,简易,north",
        ),
    )
    assert faults(preview) == [
        (3, "案号", "value"),
        (4, "单位", "unit"),
        (4, "领域", "word"),
        (4, "程序", "word"),
        (6, "立案时间", "time"),
        (7, "案号", "twice"),
        (9, "案由", "value"),
    ]
    assert all(fault.words and fault.fix for fault in preview.faults)
    assert (preview.read_rows, len(preview.rows)) == (7, 2)


async def test_a_number_that_is_a_case_already_is_a_bad_row(house):
    await house.cases.create(plain(case_no="罚1"), principal=BY)
    assert faults(await look(house, file_of(GOOD))) == [(2, "case_no", "exists")]


async def test_a_file_is_taken_whole_once_and_again_nothing(house):
    preview = await look(house, file_of(GOOD, "罚2,因,生态,简易,南区大队"))
    with house.bus.subscribe(CaseChanged) as news:
        taken = await house.imports.take(preview.digest, reader="r", principal=BY)
        heard = [await anext(news), await anext(news)]
    assert heard == [CaseChanged("", CaseChange.IMPORTED, unit, unit) for unit in ("north", "south")]
    assert (len(taken.created), taken.before) == (2, 0)
    again = await house.imports.take(preview.digest, reader="r", principal=BY)
    assert (again.created, again.before) == ((), 2)
    looked = await look(house, file_of(GOOD, "罚2,因,生态,简易,南区大队"))
    assert (looked.taken, looked.faults) == (2, ())
    actions = [action for action, *_ in await house.entries(action="case.")]
    assert actions == ["case.create", "case.create", "case.import"]


async def test_without_the_ledger_a_file_is_not_taken_and_the_refusal_is_told_as_it_is(house, monkeypatch):
    preview = await look(house, file_of(GOOD))

    async def refuse(**_):
        raise LedgerUnavailable("disk full")

    monkeypatch.setattr(house.ledger, "append", refuse)
    with pytest.raises(LedgerUnavailable, match="disk full"):
        await house.imports.take(preview.digest, reader="r", principal=BY)
    assert await house.all() == {}


async def test_a_file_with_a_bad_row_is_not_taken_at_all(house):
    preview = await look(house, file_of(GOOD, "2,,生态,简易,north"))
    with pytest.raises(ImportRefused):
        await house.imports.take(preview.digest, reader="r", principal=BY)
    assert await house.all() == {}


async def test_a_number_that_was_taken_meanwhile_keeps_the_whole_file_out(house):
    preview = await look(house, file_of(GOOD, "罚2,因,生态,简易,南区大队"))
    await house.cases.create(plain(unit="south", case_no="罚2"), principal=BY)
    with pytest.raises(ImportRefused, match="Row 3"):
        await house.imports.take(preview.digest, reader="r", principal=BY)
    assert len(await house.all()) == 1


async def test_nobody_takes_what_somebody_else_looked_at_or_what_was_looked_at_long_ago(house):
    preview = await look(house, file_of(GOOD))
    with pytest.raises(PreviewGone):
        await house.imports.take(preview.digest, reader="other", principal=BY)
    house.clock.advance(1_801)
    with pytest.raises(PreviewGone):
        await house.imports.take(preview.digest, reader="r", principal=BY)


async def test_one_file_looked_at_with_two_units_is_two_previews_and_what_is_taken_is_the_one_that_is_named(house):
    data = file_of("罚1,因,生态,简易", head="案号,案由,领域,程序")
    north, south = await look(house, data, "north"), await look(house, data, "south")
    assert north.digest != south.digest
    taken = await house.imports.take(north.digest, reader="r", principal=BY)
    assert [case.fields.unit for case in taken.created] == ["north"]
    assert (await look(house, data, "north")).taken == 1
    assert (await look(house, data, "south")).taken == 0


async def test_the_largest_file_is_taken(house):
    lines = [f"罚{number},无照经营,市场监管,简易程序,北区大队" for number in range(ROWS_MAX)]
    preview = await look(house, file_of(*lines))
    assert len((await house.imports.take(preview.digest, reader="r", principal=BY)).created) == ROWS_MAX


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"x" * (FILE_MAX_BYTES + 1), "too_large"),
        (b"\xff\xff\x80\x00", "encoding"),
        (b"a,b\r\n1,2", "columns"),
        ("案号,案由,领域,程序\r\n1,2,生态,简易".encode(), "columns"),
        (file_of(*(["1"] * (ROWS_MAX + 1))), "too_many_rows"),
        (file_of('"' + "x" * 9_000), "no_table"),
        (file_of('"' + "x" * 200_000), "no_table"),
    ],
)
async def test_a_file_that_is_none_of_cases_is_refused_by_what_it_is(house, data, what):
    with pytest.raises(SheetUnreadable) as refused:
        await look(house, data)
    assert refused.value.what == what


@settings(max_examples=300, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=200).map(lambda tail: file_of() + tail),
        st.lists(st.lists(st.text(max_size=20), max_size=12), max_size=6).map(
            lambda rows: file_of(*(",".join(row).replace("\ud800", "") for row in rows)) if rows else b""
        ),
    )
    | st.text(max_size=200).map(lambda text: text.encode("utf-16", "replace"))
)
def test_any_bytes_are_rows_faults_or_a_refusal(data):
    try:
        sheet = read_sheet(data)
        reading = read_cases(sheet, UNIT_OF, "north")
    except SheetUnreadable:
        return
    assert {row.row for row in reading.rows} | {fault.row for fault in reading.faults} == {
        row.number for row in sheet.rows
    }


# Export


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1+1", "＋1", "－1", "＠A1"])
def test_no_cell_runs_as_a_formula(cell):
    assert harmless(cell) == f"'{cell}"


async def test_what_is_exported_can_be_imported_again_elsewhere(house, tmp_path):
    made = [
        await house.cases.create(fields, principal=BY)
        for fields in (FULL, plain(case_no="=cmd|' /C calc'!A0", note='"a",\nb'), plain(case_no="-1", unit="south"))
    ]
    cases = (await house.cases.page(CaseFilter(), sort="created")).items
    text = heading_line() + case_lines(cases, UNITS.__getitem__, parties=True)
    assert "\r\n'=cmd|" in text
    (tmp_path / "other").mkdir()
    async with open_cases(tmp_path / "other") as other:
        preview = await look(other, text.encode())
        assert preview.faults == ()
        assert [row.fields for row in preview.rows] == [case.fields for case in made]


def test_a_party_that_may_not_be_known_is_not_in_the_file(house):
    text = case_lines([], UNITS.__getitem__, parties=False)
    assert text == ""
    assert len(heading_line().split(",")) == len(HEADINGS)

"""F14: the database is from an hour ago, or a new one, and the cases come back from the ledger."""

import random
import shutil
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from storage.ledger import Entry, LedgerUnavailable
from supervision.cases import CaseConflict, CaseTaken, External, Stage, StageTimes
from supervision.cases import entries as told
from supervision.cases.replay import replay
from supervision.cases.restoring import restore_rows
from supervision.cases.tables import cases as table
from tests.storage.manual_clock import START_UTC_NS
from tests.supervision.case_house import BY, open_cases, plain
from tests.supervision.test_cases import FULL

CSV = "案号,案由,领域,程序,单位\n导1,占道,城管,简易,north\n导2,占道,城管,简易,south\n".encode()


async def live(house):
    """Something of every kind."""
    full = await house.cases.create(FULL, principal=BY)
    await house.cases.edit(full.id, lambda it: replace(it, external=None, note="", case_no="改号"), principal=BY)
    house.clock.advance(1.234567891)
    put = await house.cases.put(
        plain(external=External("s", "1"), stages={Stage.START: StageTimes(5_000_000)}), seen=None, principal=BY
    )
    await house.cases.close(put.case.id, principal=BY)
    preview = await house.imports.preview(CSV, lambda name: name, None, reader="r")
    await house.imports.take(preview.digest, reader="r", principal=BY)
    closed = await house.cases.create(plain(case_no="关"), principal=BY)
    await house.cases.close(closed.id, principal=BY)
    await house.cases.reopen(closed.id, principal=BY)


@pytest.mark.fault("F14", "I4")
async def test_an_empty_database_gets_every_case_back_as_it_was(tmp_path):
    async with open_cases(tmp_path) as house:
        await live(house)
        before = await house.all()
    async with open_cases(tmp_path, database="new.sqlite3") as again:
        assert await again.all() == before
        assert len(before) == 5
        assert await restore_rows(again.database, again.ledger) == 0


@pytest.mark.fault("F14", "I4")
async def test_a_database_from_an_hour_ago_gets_what_happened_since(tmp_path):
    async with open_cases(tmp_path) as house:
        early = await house.cases.create(plain(case_no="早"), principal=BY)
    shutil.copy(tmp_path / "mingjing.sqlite3", tmp_path / "hour_ago.sqlite3")
    async with open_cases(tmp_path) as house:
        await live(house)
        await house.cases.edit(early.id, lambda it: replace(it, cause="改"), principal=BY)
        before = await house.all()
    async with open_cases(tmp_path, database="hour_ago.sqlite3") as again:
        assert await again.all() == before


@pytest.mark.fault("F14", "I4")
async def test_cases_that_exchanged_their_numbers_come_back_in_any_order(tmp_path):
    """Found in review: the row of one was refused while the other still had its number, and no server started."""
    async with open_cases(tmp_path) as house:
        made = [await house.cases.create(plain(case_no=number), principal=BY) for number in ("1", "2")]
    shutil.copy(tmp_path / "mingjing.sqlite3", tmp_path / "hour_ago.sqlite3")
    async with open_cases(tmp_path) as house:
        for case, number in ((made[0], "3"), (made[1], "1"), (made[0], "2")):
            await house.cases.edit(case.id, lambda it, to=number: replace(it, case_no=to), principal=BY)
        before = await house.all()
    async with open_cases(tmp_path, database="hour_ago.sqlite3") as again:
        assert await again.all() == before


@pytest.mark.fault("F14", "I4")
async def test_a_change_that_failed_gives_way_to_the_case_that_has_the_number_since(tmp_path, monkeypatch):
    async with open_cases(tmp_path) as house:
        case = await house.cases.create(plain(case_no="1"), principal=BY)
        append = house.ledger.append

        async def written_but_not_committed(**more):
            await append(**{name: value for name, value in more.items() if name != "connection"})
            raise LedgerUnavailable("too late")

        with monkeypatch.context() as failing:
            failing.setattr(house.ledger, "append", written_but_not_committed)
            with pytest.raises(LedgerUnavailable):
                await house.cases.edit(case.id, lambda it: replace(it, case_no="2"), principal=BY)
        await house.cases.create(plain(case_no="2", cause="占道"), principal=BY)
        before = await house.all()
    async with open_cases(tmp_path) as again:
        assert await again.all() == before


async def test_a_lost_table_comes_back_at_the_next_look(tmp_path):
    async with open_cases(tmp_path) as house:
        await live(house)
        before = await house.all()
        async with house.database.write() as connection:
            await connection.execute(delete(table))
        assert await restore_rows(house.database, house.ledger) == len(before)
        assert await house.all() == before


class Told:
    """Entries as a ledger would have them, of acts that need not have had an effect."""

    def __init__(self):
        self.entries = []

    def say(self, action, subject, detail):
        n = len(self.entries) + 1
        self.entries.append(Entry(n, START_UTC_NS, BY, action, subject, detail, b""))

    def create(self, case_id, import_digest="", **fields):
        detail = {**told.facts(plain(**fields)), "created_at": "2027-01-15T08:00:00.000Z", "version": 1}
        self.say(told.CREATE, case_id, {**detail, "import": import_digest} if import_digest else detail)

    def edit(self, case_id, version, **changes):
        detail = {name: {"from": None, "to": value} for name, value in changes.items()}
        self.say(told.EDIT, case_id, {**detail, "version": version})

    def numbers(self):
        return {
            case.id: (case.fields.case_no, case.fields.cause, case.version) for case in replay(self.entries).values()
        }


def test_of_two_entries_that_make_the_same_version_the_later_one_happened():
    ledger = Told()
    ledger.create("a", case_no="1", cause="x")
    ledger.edit("a", 2, cause="failed")
    ledger.edit("a", 2, cause="repeated")
    assert ledger.numbers() == {"a": ("1", "repeated", 2)}


def test_a_creation_whose_commit_failed_gives_way_to_the_one_that_was_asked_for_again():
    ledger = Told()
    ledger.create("a", case_no="1", cause="x")
    ledger.create("b", case_no="1", cause="x")
    assert ledger.numbers() == {"b": ("1", "x", 1)}


def test_a_change_of_number_that_failed_is_taken_back_and_the_case_is_kept():
    ledger = Told()
    ledger.create("a", case_no="1", cause="x")
    ledger.edit("a", 2, case_no="2")
    ledger.create("b", case_no="2", cause="x")
    assert ledger.numbers() == {"a": ("1", "x", 1), "b": ("2", "x", 1)}


def test_a_file_whose_last_entry_is_missing_was_not_taken():
    ledger = Told()
    ledger.create("a", case_no="1", import_digest="d")
    ledger.create("b", case_no="2", import_digest="e")
    ledger.say(told.IMPORT, "e", {"cases": 1})
    ledger.create("c", case_no="3", import_digest="d")
    assert ledger.numbers().keys() == {"b"}


def test_an_entry_that_nobody_can_read_costs_itself_only():
    ledger = Told()
    ledger.create("a", case_no="1", cause="x")
    ledger.say(told.CREATE, "b", {"version": 1, "unit": 7})
    ledger.edit("a", 2, field="nonsense")
    ledger.edit("c", 2, cause="of no case")
    assert ledger.numbers() == {"a": ("1", "x", 1)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_whatever_people_do_the_ledger_tells_the_rows(tmp_path_factory, seed):
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("cases")
    async with open_cases(folder) as house:
        ids = []
        for _ in range(chance.randint(1, 15)):
            number, external = str(chance.randint(1, 4)), External("s", str(chance.randint(1, 3)))
            try:
                match chance.randint(0, 3) if ids else 0:
                    case 0:
                        made = await house.cases.create(plain(case_no=number), principal=BY)
                        ids.append(made.id)
                    case 1:
                        await house.cases.edit(
                            chance.choice(ids),
                            lambda it, number=number, external=external: replace(it, case_no=number, external=external),
                            principal=BY,
                        )
                    case 2:
                        await house.cases.close(chance.choice(ids), principal=BY)
                    case 3:
                        await house.cases.reopen(chance.choice(ids), principal=BY)
            except (CaseTaken, CaseConflict):
                pass
        before = await house.all()
    async with open_cases(folder, database="new.sqlite3") as again:
        assert await again.all() == before

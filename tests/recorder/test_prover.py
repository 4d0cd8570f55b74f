"""What was proven is written down, and the next proof begins there; a note that lies is not believed."""

import json

import pytest

from gateway.stream import AlarmKind
from recorder import Prover
from tests.recorder.test_notary import office_in

DAY_S = 86_400


@pytest.fixture
async def office(tmp_path):
    async with office_in(tmp_path) as opened:
        for subject in "abc":
            await opened.enter(subject)
            await opened.round()
        yield opened
        opened.stage.finish()


def note_of(office):
    return office.notary.heads.folder / "proven.json"


def spoil(office, number):
    """One leaf of the files is another."""
    path = next((office.stage.root / "heads" / "leaves").glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(b'"kind":"entry"', b'"kind":"ENTRY"')
    path.write_bytes(b"".join(lines))


async def test_a_proof_begins_where_the_last_one_ended_and_finds_what_is_wrong_behind_it(office):
    assert (await office.notary.verify()).from_head == 0
    await office.enter("d")
    await office.round()
    report = await office.notary.verify(full=False)
    assert (report.intact, report.from_head, report.heads, report.leaves) == (True, 3, 4, 4)
    await office.enter("e")
    await office.round()
    spoil(office, 4)
    report = await office.notary.verify(full=False)
    assert (report.from_head, report.first_broken.head) == (4, 5)
    assert office.notary.proven.head == 4  # it does not move past it


async def test_what_was_changed_before_it_only_a_full_proof_finds(office):
    await office.notary.verify()
    spoil(office, 0)
    assert (await office.notary.verify(full=False)).intact
    assert (await office.notary.verify()).first_broken.head == 1


async def test_a_note_that_was_made_up_torn_or_is_about_another_head_is_none(office):
    await office.notary.verify()
    spoil(office, 0)
    true = note_of(office).read_bytes()
    value = json.loads(true)
    for lie in (
        true.replace(b'"head":3', b'"head":2'),
        true.replace(value["digest"].encode(), b"0" * 64),
        true.replace(value["signature"].encode(), b"0" * 128),
        true[:-20],
        b"",
        b"[]",
    ):
        note_of(office).write_bytes(lie)
        report = await office.notary.verify(full=False)
        assert (report.from_head, report.intact) == (0, False)
    note_of(office).write_bytes(true)
    assert (await office.notary.verify(full=False)).from_head == 3


async def test_after_a_change_of_keys_everything_is_proven_once(office):
    await office.notary.verify()
    await office.notary.rotate_key("cli:0")
    assert (await office.notary.verify(full=False)).from_head == 0
    assert (await office.notary.verify(full=False)).from_head == 4


async def test_heads_that_were_replaced_after_the_note_are_proven_from_the_first(office):
    await office.notary.verify()
    [path] = (office.stage.root / "heads" / "signed").glob("*.jsonl")
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"number":3', b'"number":9'))
    report = await office.notary.verify(full=False)
    assert (report.from_head, report.first_broken.head) == (0, 3)


async def test_the_server_proves_the_new_each_day_and_everything_each_month_and_tells_what_is_broken(office):
    told = []
    prover = Prover(office.notary, office.stage.clock)

    async def prove():
        assert await prover.prove(lambda kind, words: told.append((kind, words)))
        return prover.statistics()

    assert prover.statistics().proven_at is None
    first = await prove()
    assert (first.intact, first.proven_head, first.full_at) == (True, 3, first.proven_at)
    office.stage.clock.pass_s(DAY_S)
    await office.enter("d")
    await office.round()
    second = await prove()
    assert (second.proven_head, second.full_at, second.proven_at > second.full_at) == (4, first.full_at, True)
    assert not prover.full_is_due
    spoil(office, 0)
    assert (await prove()).intact
    office.stage.clock.pass_s(30 * DAY_S)
    assert prover.full_is_due
    assert not (await prove()).intact
    [(kind, words)] = told
    assert kind is AlarmKind.HEADS_BROKEN
    assert "head 1" in words
    assert (await prove()).proven_head == 4

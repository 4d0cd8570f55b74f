"""What is tagged or held when the database is older than that, or empty (F14, F16), or the disk is bad (F22, F27)."""

import random
import shutil
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from tests.faults.bad_disk import gives_nothing_back_of
from tests.faults.test_old_copies import DATABASE, files, put_back, record, rows
from tests.house.archive import until
from tests.house.bounds import FULL
from tests.house.house import House
from tests.house.person import Person

KEPT, NOT_KEPT = ("dev1", "dev2"), "dev3"
FLIPPED_BITS = 100 if FULL else 10
GONE_WITHIN_S = 30  # the ring looks each ten seconds

Decisions = set[tuple[str, str, str]]  # kind, device and case


def decisions(house: House) -> Decisions:
    """Clips and holds, by the rows."""
    with closing(connect(house.data_dir / DATABASE, timeout=10)) as connection:
        return set(connection.execute("select kind, device, case_id from kept").fetchall())


def files_of(house: House, *devices: str) -> set[Path]:
    return {path for path in files(house) if path.parent.parent.name in devices}


def contents_of(house: House, *devices: str) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in files_of(house, *devices)}


async def a_case(reviewer: Person) -> str:
    unit = (await reviewer.call("GET", "units")).json()["items"][0]["id"]
    fields = {"unit": unit, "case_no": "2026-1", "cause": "overload", "field": "transport", "procedure": "summary"}
    answer = await reviewer.call("POST", "cases", json=fields)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def decided(house: House) -> Decisions:
    """A clip of a case, and a hold: of what the first two have recorded."""
    reviewer = house.person("reviewer")
    case_id = await a_case(reviewer)
    for noun, device, case in (("clips", "dev1", case_id), ("holds", "dev2", "")):
        body = {"device": device, "last_s": 600, "case": case, "note": "complaint"}
        (await reviewer.call("POST", noun, json=body)).raise_for_status()
    found = decisions(house)
    assert found == {("clip", "dev1", case_id), ("hold", "dev2", "")}
    return found


async def require_decided(house: House, before: Decisions) -> None:
    assert decisions(house) == before
    [case_id] = {case for _, _, case in before if case}
    reviewer = Person("reviewer", house.http_url, [])  # who logs in: a session from before may be forgotten
    assert (await reviewer.call("GET", f"cases/{case_id}")).json()["case_no"] == "2026-1"


def let_nothing_stay_that_may_go(house: House) -> None:
    house.settings["MINGJING_ARCHIVE__RING_GIGABYTES"] = "0.000001"


@pytest.mark.fault("F14", "I3", "I4", "I5")
@pytest.mark.fault("F16", "I3", "I4", "I5")
async def test_f14_f16_cases_clips_and_holds_come_back_from_the_ledger_before_the_ring_deletes_anything(
    built_house, tmp_path
):
    house, empty, old = built_house, tmp_path / "empty", tmp_path / "old"
    shutil.copy(house.data_dir / DATABASE, empty)
    await house.start()
    for device in (*KEPT, NOT_KEPT):
        await record(house, device)
    await until(lambda: rows(house) == 3)
    with closing(connect(house.data_dir / DATABASE, timeout=10)) as now, closing(connect(old)) as copy:
        now.backup(copy)
    before = await decided(house)
    await house.stop()
    kept = contents_of(house, *KEPT)

    let_nothing_stay_that_may_go(house)
    for copy in (old, empty):
        put_back(copy, house.data_dir)
        assert not decisions(house)
        await house.start()
        await record(house, NOT_KEPT)
        await until(lambda: not files_of(house, NOT_KEPT), GONE_WITHIN_S)
        assert contents_of(house, *KEPT) == kept
        await require_decided(house, before)
        await house.check()
        await house.stop()


@pytest.mark.fault("F22", "I3", "I5")
@pytest.mark.fault("F27", "I3", "I5")
async def test_f22_f27_what_is_kept_on_a_bad_disk_is_named_and_neither_deleted_nor_mended(built_house):
    house = built_house
    await house.start()
    for device in (*KEPT, NOT_KEPT):
        await record(house, device)
    await until(lambda: rows(house) == 3)
    before = await decided(house)
    await house.stop()
    for seed in range(FLIPPED_BITS):
        flip_a_bit(random.Random(seed), files_of(house, "dev1"))
    kept = contents_of(house, *KEPT)
    assert len(kept) == 4

    let_nothing_stay_that_may_go(house)
    server = await house.start()
    [bad] = house.archive("dev2").files()
    async with gives_nothing_back_of(bad, server.pid):
        await record(house, NOT_KEPT)
        await until(lambda: not files_of(house, NOT_KEPT), GONE_WITHIN_S)
    assert contents_of(house, *KEPT) == kept
    await require_decided(house, before)
    with pytest.raises(AssertionError, match="dev1"):
        await house.check()
    assert contents_of(house, *KEPT) == kept


def flip_a_bit(chance: random.Random, among: set[Path]) -> None:
    path = chance.choice(sorted(among))
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)

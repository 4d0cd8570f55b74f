"""What is tagged or held, when the database is older than the decision, or knows nothing at all (F14, F16)."""

import shutil
from contextlib import closing
from sqlite3 import connect

import pytest

from tests.faults.test_old_copies import DATABASE, files, put_back, record, rows
from tests.house.archive import until

KEPT, NOT_KEPT = ("dev1", "dev2"), "dev3"


def decisions(house) -> set[tuple[str, str, str]]:
    """Kind, device and case of clips and holds, by the rows."""
    with closing(connect(house.data_dir / DATABASE, timeout=10)) as connection:
        return set(connection.execute("select kind, device, case_id from kept").fetchall())


def files_of(house, *devices: str) -> set[object]:
    return {path for path in files(house) if path.parent.parent.name in devices}


async def a_case(reviewer) -> str:
    unit = (await reviewer.call("GET", "units")).json()["items"][0]["id"]
    fields = {"unit": unit, "case_no": "2026-1", "cause": "overload", "field": "transport", "procedure": "summary"}
    answer = await reviewer.call("POST", "cases", json=fields)
    answer.raise_for_status()
    return answer.json()["id"]


@pytest.mark.fault("F14", "I3", "I4", "I5")
@pytest.mark.fault("F16", "I3", "I4", "I5")
async def test_f14_f16_clips_and_holds_come_back_from_the_ledger_before_the_ring_deletes_anything(
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
    reviewer = house.person("reviewer")
    case_id = await a_case(reviewer)
    for noun, device, case in (("clips", "dev1", case_id), ("holds", "dev2", "")):
        body = {"device": device, "last_s": 600, "case": case, "note": "complaint"}
        (await reviewer.call("POST", noun, json=body)).raise_for_status()
    decided = {("clip", "dev1", case_id), ("hold", "dev2", "")}
    assert decisions(house) == decided
    await house.stop()
    before = files_of(house, *KEPT)

    house.settings["MINGJING_ARCHIVE__RING_GIGABYTES"] = "0.000001"  # so that all would go that may
    for copy in (old, empty):
        put_back(copy, house.data_dir)
        assert not decisions(house)
        await house.start()
        await record(house, NOT_KEPT)
        await until(lambda: not files_of(house, NOT_KEPT), within_s=30)  # the ring looks each ten seconds
        assert files_of(house, *KEPT) == before
        assert decisions(house) == decided
        await house.check()
        await house.stop()

"""A page of the database is noise (F65): it is told, footage goes on, and the next start mends what can be mended."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.test_old_copies import DATABASE, record, rows
from tests.house.archive import until
from tests.house.bounds import FULL, at_most
from tests.house.nursery import ForkTransport, nursery
from tests.house.process import ServerDied, ServerProcess
from tests.storage.pages import overwrite_page, root_page

ROWS_WITHIN_S = 15  # I6, back ends
COMMAND_WITHIN_S = 60  # a second on an idle machine


def of_these_days(device: str) -> dict[str, str]:
    now = datetime.now(UTC)
    days = {"from": now - timedelta(days=1), "to": now + timedelta(days=1)}
    return {"device": device, "channel": "main", **{name: f"{day:%Y-%m-%dT%H:%M:%SZ}" for name, day in days.items()}}


async def said_by(house, *words: str) -> tuple[int, str]:
    """What a command of the operator prints, and its exit status."""
    command = ServerProcess()
    arguments = (*words, "--data-dir", str(house.data_dir))
    ForkTransport(command, await asyncio.to_thread(nursery().fork, arguments, os.environ))
    await command.gone(COMMAND_WITHIN_S)
    assert command.exit_status is not None
    return command.exit_status, command.log


async def alarms_of(house) -> list[str]:
    answer = await house.person("sysadmin").call("GET", "alarms", params={"kind": "database_damaged"})
    answer.raise_for_status()
    return [item["words"] for item in answer.json()["items"]]


@pytest.mark.fault("F65", "I1", "I3", "I6", "I8", "I11", "I13")
@pytest.mark.timeout(240)
async def test_f65_a_damaged_index_stops_no_footage_is_told_and_is_made_again_at_the_next_start(built_house):
    house, database = built_house, built_house.data_dir / DATABASE
    server = await house.start()
    live = await house.device("dev2").push()
    viewer = await house.supervisor().watch("dev2")
    assert await viewer.wait_for_picture(5)
    for name in ("segments", "gaps", "ix_segments_page"):
        overwrite_page(database, root_page(database, name))
    answer = await house.supervisor().call("GET", "recordings", params=of_these_days("dev2"))
    assert (answer.status_code, answer.json()["detail"]) == (503, "The database is damaged.")
    await until(lambda: "the database is damaged" in server.log)
    await record(house, "dev1")  # its row cannot be written: the file is what counts
    status, said = await said_by(house, "store", "check")
    assert status == 1
    assert "table segments is damaged" in said
    assert "table gaps is damaged" in said
    after = live.next_n + 10
    assert await viewer.wait_for_picture(after)
    await house.archive("dev2").wait_for_unit(after)
    units = house.archive("dev2").units()
    assert units == list(range(len(units)))
    assert not house.archive("dev2").gaps()
    assert not [message for message in viewer.messages if message.type in ("gap", "offline", "lag")]
    assert any("recording goes on" in words for words in await alarms_of(house))
    await house.stop()

    server = await house.start()
    assert "the database was damaged and is mended" in server.log
    with at_most(ROWS_WITHIN_S, "F65: from the start to the rows of all that was recorded"):
        await until(lambda: rows(house) == 2, within_s=60)
    assert len(list(house.data_dir.glob(f"{DATABASE}.damaged-*Z"))) == 1
    assert any("made again" in words for words in await alarms_of(house))
    await until(lambda: not list(house.data_dir.glob(f"{DATABASE}.report*")))  # ledger and alarm have it
    await record(house, "dev2")  # the device is known, its key is good
    await until(house.archive("dev2").gaps)  # its first stream had pictures of these numbers as well
    gaps = house.archive("dev2").gaps()
    assert [gap.sequence for gap in gaps] == [0], "the time between its two streams is not told"
    entries = await house.person("auditor").call("GET", "audit", params={"action": "database.mend"})
    assert entries.json()["items"][0]["detail"]["lost"] == {}
    await until(lambda: rows(house) == 3)
    if FULL:
        status, said = await said_by(house, "audit", "verify")
        assert status == 0, said
        await house.check()


@pytest.mark.skipif(not FULL, reason="the long form: `make faults`; the short one is a level below")
@pytest.mark.fault("F65", "I3", "I6")
@pytest.mark.timeout(240)
async def test_f65_what_only_the_database_knew_is_named_when_lost_and_comes_from_the_backup(built_house, tmp_path):
    house, database = built_house, built_house.data_dir / DATABASE
    await house.start()
    await record(house, "dev1")
    await until(lambda: rows(house) == 1)
    status, said = await said_by(house, "backup", "create", str(tmp_path / "backup"))
    assert status == 0, said
    await record(house, "dev2")
    await house.stop()
    overwrite_page(database, root_page(database, "device_credentials"))
    overwrite_page(database, root_page(database, "stream_passwords"))

    server = await house.start()
    assert "lost of device_credentials: " in server.log
    await house.check()  # the index was sound, and is as it was
    await house.stop()
    overwrite_page(database, 1)
    with pytest.raises(ServerDied, match="nothing in it can be read"):
        await house.start()
    status, said = await said_by(house, "store", "check")
    assert status == 1
    assert "put the database of the newest backup in its place" in said

    database.rename(tmp_path / "unreadable")
    (tmp_path / "backup" / DATABASE).rename(database)
    await house.start()
    await until(lambda: rows(house) == 2)  # what came after the backup is found
    await record(house, "dev1")  # and its key is good again
    await until(lambda: rows(house) == 3)
    await house.check()

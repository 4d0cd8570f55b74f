"""Packages when the server dies over them, when the database is older than the order, when footage is not there."""

import asyncio
import json
import shutil
import zipfile
from contextlib import closing
from sqlite3 import connect

import psutil
import pytest

from tests.faults.bad_disk import gives_nothing_back_of
from tests.faults.test_old_copies import DATABASE, put_back
from tests.house.case import case_at_hand
from tests.house.test_export import a_clip, bundle_of, ordered, over, verified


async def running(house, export):
    """Once it is being made."""
    person = house.person("reviewer")
    async with asyncio.timeout(60):
        while True:
            if (told := (await person.call("GET", f"exports/{export}")).json())["state"] == "running":
                return told
            assert told["state"] == "waiting", told


def left(house):
    return sorted(path.name for path in (house.data_dir / "exports").iterdir())


@pytest.mark.fault("F01", "I1", "I3", "I4")
async def test_f01_a_package_that_was_being_made_at_a_kill_is_absent_and_is_made_anew(house, tmp_path):
    _, clip = await a_clip(house)
    export = await ordered(house, clips=[clip["id"]], copies=True)  # the copy takes a while
    await running(house, export)
    await house.kill()
    assert f"{export}.zip" not in left(house)
    await house.start()
    path = tmp_path / "package.zip"
    path.write_bytes(await bundle_of(house, export))
    code, said = await asyncio.to_thread(verified, path)
    assert code == 0, said
    assert left(house) == [f"{export}.zip"]
    await house.check()
    await house.stop()
    assert not list(house.tracebacks())


@pytest.mark.fault("F01", "I3", "I8")
async def test_f01_a_maker_that_is_killed_or_not_wanted_leaves_nothing_and_the_next_package_is_made(house):
    _, clip = await a_clip(house, seconds=0.4)
    live = await house.device("dev3").push()
    reviewer = house.person("reviewer")
    killed = await ordered(house, clips=[clip["id"]], copies=True)  # the copy takes a while
    await running(house, killed)
    maker(house).kill()
    told = await over(house, killed)
    assert (told["state"], told["failure"]) == ("failed", "The server made a mistake with it.")

    unwanted = await ordered(house, clips=[clip["id"]], copies=True)
    told = await running(house, unwanted)
    headers = {"If-Match": f'"{told["version"]}"'}
    (await reviewer.call("POST", f"exports/{unwanted}/cancel", headers=headers)).raise_for_status()

    export = await ordered(house, clips=[clip["id"]])
    await bundle_of(house, export)
    assert left(house) == [f"{export}.zip"]
    live.leave()
    assert not house.archive("dev3").gaps()
    await house.stop()
    assert not list(house.tracebacks())


def maker(house):
    """The process that makes packages."""
    [found] = [
        one for one in psutil.Process(house.server.pid).children() if "recorder.export.aside_process" in one.cmdline()
    ]
    return found


@pytest.mark.fault("F14", "I3", "I4", "I5")
async def test_f14_orders_and_bundles_come_back_from_the_ledger(house, tmp_path):
    _, clip = await a_clip(house)
    old = tmp_path / "old"
    with closing(connect(house.data_dir / DATABASE, timeout=10)) as now, closing(connect(old)) as copy:
        now.backup(copy)
    export = await ordered(house, clips=[clip["id"]])
    told = await over(house, export)
    gone = await ordered(house, clips=[clip["id"]])
    ended = await over(house, gone)
    headers = {"If-Match": f'"{ended["version"]}"'}
    (await house.person("reviewer").call("POST", f"exports/{gone}/cancel", headers=headers)).raise_for_status()
    await house.stop()

    put_back(old, house.data_dir)
    await house.start()
    assert await over(house, export) == told
    assert (await over(house, gone))["state"] == "cancelled"
    assert left(house) == [f"{export}.zip"]
    await bundle_of(house, export)
    await house.stop()
    assert not list(house.tracebacks())


@pytest.mark.fault("F22", "I1", "I3")
async def test_f22_footage_that_is_gone_or_damaged_is_declared_and_the_rest_handed_out(house, tmp_path):
    path = tmp_path / "package.zip"
    for device in ("dev1", "dev2"):
        await a_clip(house, device=device)
    clips = {one["device"]: one["id"] for one in (await house.person("reviewer").call("GET", "clips")).json()["items"]}
    for file in house.archive("dev1").files():
        shutil.move(file, tmp_path / file.name)
    path.write_bytes(await bundle_of(house, await ordered(house, clips=[clips["dev1"]])))
    code, said = await asyncio.to_thread(verified, path)
    assert (code, "missing" in said) == (0, True), said

    for file in house.archive("dev2").files():
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    path.write_bytes(await bundle_of(house, await ordered(house, clips=[clips["dev2"]])))
    code, said = await asyncio.to_thread(verified, path)
    assert (code, "damaged" in said) == (0, True), said
    with zipfile.ZipFile(path) as bundle:
        [item] = json.loads(bundle.read("bundle.json"))["items"]
        [handed] = json.loads(bundle.read("custody/custody.json"))["items"]
    assert [one["name"] for one in item["playable"]] == ["playable/1.mp4"]
    assert {lack["why"] for lack in handed["lacks"]} == {"damaged", "no_footage"}  # for most of ten minutes
    await house.stop()
    assert not list(house.tracebacks())


@pytest.mark.fault("F22", "I1", "I3", "I8")
async def test_f22_footage_that_the_disk_does_not_give_back_is_declared_and_recording_goes_on(house, tmp_path):
    case = await case_at_hand(house.person("reviewer"))
    for device in ("dev1", "dev2"):
        await a_clip(house, device=device, seconds=0.4, case=case)
    clips = (await house.person("reviewer").call("GET", "clips")).json()["items"]
    [bad] = house.archive("dev1").files()
    live = await house.device("dev3").push()
    path = tmp_path / "package.zip"
    async with gives_nothing_back_of(bad, house.server.pid):
        path.write_bytes(await bundle_of(house, await ordered(house, case=case, clips=[one["id"] for one in clips])))
        await house.archive("dev3").wait_for_unit(live.next_n + 10)
    code, said = await asyncio.to_thread(verified, path)
    assert code == 0, said
    with zipfile.ZipFile(path) as bundle:
        handed = json.loads(bundle.read("custody/custody.json"))["items"]
    lacks = {one["device"]: {lack["why"] for lack in one["lacks"]} - {"no_footage"} for one in handed}
    assert lacks == {"dev1": {"damaged"}, "dev2": set()}
    live.leave()
    units = house.archive("dev3").units()
    assert units == list(range(len(units)))
    assert not house.archive("dev3").gaps()
    await house.check()  # the disk is well again, and nothing is lost of what was on it

"""The server stands still, its disks are full, its database is locked: footage goes on, or a gap says why not.

Disks are made small by a tmpfs in a mount namespace of the server's own (see test_audit_disk_full).
"""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from media import GapCause
from storage import Fault, verify
from tests.faults.test_audit_disk_full import NAMESPACE, can_mount
from tests.house.archive import Archive, until
from tests.house.bounds import FULL, at_most, within
from tests.house.house import House

TIME_TOLERANCE_S = 0.2  # I7
STOPPED_S = 10 if FULL else 3
FULL_DISK_S = 60 if FULL else 1
LOCKED_S = 30 if FULL else 2  # the long form outlasts what SQLite waits by itself
ROWS_WITHIN_S = 15  # I6, back ends

MEDIA_ON_A_SMALL_DISK = 'mkdir -p "$0" && mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'
DATABASE_ON_A_SMALL_DISK = """
cp -a "$0" "$0.before" && mkdir -p "$0.before/media" && mount -t tmpfs -o size=6m tmpfs "$0" &&
for part in media ledger; do mkdir "$0/$part" && mount --bind "$0.before/$part" "$0/$part" || exit 1; done &&
for file in "$0.before"/*; do [ -f "$file" ] && cp -a "$file" "$0"; done; exec "$@"
"""


def fill(ballast: Path) -> None:
    """Take all that is left of the disk."""
    with ballast.open("wb", buffering=0) as file:
        for block in (65_536, 4_096, 512):
            with suppress(OSError):
                while True:
                    file.write(bytes(block))


async def a_short_stream(house: House, device: str) -> None:
    """One that is over and sealed, and wants its row."""
    push = await house.device(device).push(seconds=1)
    await push.all_sent()
    push.leave()


def without_row(media: Path) -> list[str]:
    """Segments without a row: those being written, and those whose rows have to wait."""
    return os.listdir(media / "open")


def faults(archive: Archive) -> list[Fault]:
    return [fault for path in archive.files() for fault in verify(path)[1]]


def unexplained_s(archive: Archive) -> float:
    """Time between the first and the last picture that is neither footage nor gap (I7)."""
    pictures = [record for record, _ in archive.stamped()]
    missing_ns = sum(gap.end_utc_ns - gap.start_utc_ns for gap in archive.gaps())
    footage_ns = sum(record.end_utc_ns - record.placed_utc_ns for record in pictures[:-1])
    elapsed_ns = pictures[-1].placed_utc_ns - pictures[0].placed_utc_ns
    return (elapsed_ns - missing_ns - footage_ns) / 1e9


@pytest.mark.fault("F07", "I6", "I7", "I8")
async def test_f07_a_server_that_stood_still_loses_nothing_that_tcp_held(house):
    device, neighbour = await house.device("dev1").push(), await house.device("dev2").push()
    viewer = await house.supervisor().watch("dev1")
    assert await viewer.wait_for_picture(20)
    os.kill(house.server.pid, signal.SIGSTOP)
    await asyncio.sleep(STOPPED_S)  # the fault itself
    os.kill(house.server.pid, signal.SIGCONT)
    caught_up = device.next_n
    with at_most(5, "F07: from SIGCONT to the newest picture in the archive"):
        await house.archive("dev1").wait_for_unit(caught_up)
    assert await viewer.wait_for_picture(caught_up)
    assert not [message for message in viewer.messages if message.type in ("gap", "offline")]
    assert device.connected
    assert neighbour.connected
    for name in ("dev1", "dev2"):
        archive = house.archive(name)
        await archive.wait_for_unit(caught_up - 1)
        units = archive.units()
        assert units == list(range(len(units)))
        assert not archive.gaps()
        within("I7: neither footage nor gap", abs(unexplained_s(archive)), TIME_TOLERANCE_S, "s")


@pytest.mark.fault("F18", "I1", "I3", "I6", "I7")
@pytest.mark.timeout(240)
async def test_f18_a_full_media_disk_is_a_gap_with_its_cause_and_ends_when_there_is_room(built_house):
    if not can_mount():
        pytest.skip("this machine gives us no mount namespace: the media disk cannot be made small")
    house, media = built_house, built_house.data_dir / "media"
    house.runs_under = (*NAMESPACE, "sh", "-c", MEDIA_ON_A_SMALL_DISK, str(media))
    server = await house.start()
    inside = Path(f"/proc/{server.pid}/root{media}")
    archive = Archive(inside, "dev1", "main")
    device = await house.device("dev1").push()
    viewer = await house.supervisor().watch("dev1")
    await archive.wait_for_unit(20)
    fill(inside / "ballast")
    await until(lambda: "disk_stop" in server.log)
    await asyncio.sleep(FULL_DISK_S)  # the fault itself
    assert await viewer.wait_for_picture(device.next_n)  # live viewing asks no disk
    (inside / "ballast").unlink()
    with at_most(5, "I6: from room on the disk to footage on it"):
        after = device.next_n
        await until(lambda: any(n >= after for n in archive.units()))
    assert device.connected
    device.leave()
    assert archive.gaps()
    assert {gap.cause for gap in archive.gaps()} <= {GapCause.DISK_FULL, GapCause.DISK_ERROR}
    units = archive.units()
    assert units == sorted(set(units))
    assert units[:21] == list(range(21))
    if FULL:
        await until(lambda: not faults(archive))  # what a full disk did not let be ended is ended within seconds
    within("I7: neither footage nor gap", abs(unexplained_s(archive)), TIME_TOLERANCE_S, "s")


@pytest.mark.fault("F19", "I1", "I3", "I6", "I8")
@pytest.mark.timeout(240)
async def test_f19_recording_goes_on_when_the_database_disk_is_full_and_rows_follow(built_house):
    if not can_mount():
        pytest.skip("this machine gives us no mount namespace: the database disk cannot be made small")
    house, data_dir = built_house, built_house.data_dir
    house.runs_under = (*NAMESPACE, "sh", "-c", DATABASE_ON_A_SMALL_DISK, str(data_dir))
    server = await house.start()
    inside = Path(f"/proc/{server.pid}/root{data_dir}")
    archive = Archive(inside / "media", "dev1", "main")
    device = await house.device("dev1").push()
    await archive.wait_for_unit(10)
    fill(inside / "ballast")
    await a_short_stream(house, "dev2")
    await until(lambda: "rows wait for the database" in server.log, within_s=60)
    had = device.next_n + FULL_DISK_S * 25
    await archive.wait_for_unit(had, within_s=FULL_DISK_S + 30)
    units = archive.units()
    assert units == list(range(len(units)))
    assert not archive.gaps()
    (inside / "ballast").unlink()
    with at_most(ROWS_WITHIN_S, "I6: from room on the disk to the rows of what was recorded"):
        await until(lambda: len(without_row(inside / "media")) == 1, within_s=60)  # but that which is being written
    assert device.connected


@pytest.mark.fault("F63", "I1", "I3", "I6", "I8")
@pytest.mark.timeout(240)
async def test_f63_recording_goes_on_while_the_database_is_locked_and_rows_follow(built_house):
    house = built_house
    await house.start()
    database, archive = house.data_dir / "mingjing.sqlite3", house.archive("dev1")
    device = await house.device("dev1").push()
    await archive.wait_for_unit(10)
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as locker:
        locker.execute("begin immediate")
        await a_short_stream(house, "dev2")
        await archive.wait_for_unit(device.next_n + LOCKED_S * 25, within_s=LOCKED_S + 30)  # the fault itself
        units = archive.units()
        assert units == list(range(len(units)))
        assert device.connected
        locker.execute("rollback")
    with at_most(ROWS_WITHIN_S, "I6: from the lock's end to the rows of what was recorded"):
        await until(lambda: len(without_row(house.data_dir / "media")) == 1, within_s=60)
    assert not archive.gaps()
    await house.check()

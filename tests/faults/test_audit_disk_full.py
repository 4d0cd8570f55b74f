"""F20: what cannot be recorded is not shown. Recording itself asks nobody.

The ledger is put on a small tmpfs in a mount namespace of the server's own; where the kernel gives
none to this user, the test says so and is skipped.
"""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from httpx import HTTPStatusError
from websockets.exceptions import InvalidStatus

from tests.house.archive import until
from tests.house.case import case_at_hand
from tests.house.house import House
from tests.house.person import Person

# $0 is the ledger's folder; the rest is the server's command. Everything mounted is gone with the process.
ON_A_SMALL_DISK = """
cp -a "$0" "$0.before" && mount -t tmpfs -o size=256k tmpfs "$0" && cp -a "$0.before/." "$0" && exec "$@"
"""
NAMESPACE = ("unshare", "--map-root-user", "--mount")
RECORDINGS = {"device": "dev1", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    script = "mount -t tmpfs -o size=64k tmpfs /tmp"
    return subprocess.run([*NAMESPACE, "sh", "-c", script], capture_output=True, check=False).returncode == 0


@pytest.fixture
async def small_audit_disk(built_house):
    """A running house, and the ballast file that fills its audit disk."""
    if not can_mount():
        pytest.skip("this machine gives us no mount namespace: the audit disk cannot be made small")
    ledger = built_house.data_dir / "ledger"
    built_house.runs_under = (*NAMESPACE, "sh", "-c", ON_A_SMALL_DISK, str(ledger))
    server = await built_house.start()
    return built_house, Path(f"/proc/{server.pid}/root{ledger}/ballast")


async def recordings(reviewer: Person) -> dict[str, str]:
    """What somebody who reviews asks for, with the case that opens it."""
    return {**RECORDINGS, "case": await case_at_hand(reviewer, stages={"start": {"begin": RECORDINGS["from"]}})}


async def fill(ballast: Path, house: House, asked: dict[str, str]) -> None:
    """Take all that is left of the disk, then let the page that was begun take its last entries, long and short."""
    reviewer, auditor = house.person("reviewer"), house.person("auditor")
    await reviewer.token()
    await auditor.token()  # a login is an entry itself
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    while (await reviewer.call("GET", "recordings", params=asked)).status_code == 200:
        pass
    with suppress(InvalidStatus):
        while True:
            await (await house.supervisor().watch("dev1")).leave()
    while (await auditor.call("GET", "audit")).status_code == 200:
        pass


@pytest.mark.fault("F20", "I4", "I8", "I10")
async def test_f20_with_the_audit_disk_full_nobody_sees_anything_and_recording_goes_on(small_audit_disk):
    house, ballast = small_audit_disk
    device = await house.device("dev1").push()
    supervisor, reviewer, auditor = house.supervisor(), house.person("reviewer"), house.person("auditor")
    await auditor.token()
    asked = await recordings(reviewer)
    viewer = await supervisor.watch("dev1")
    assert await viewer.wait_for_picture(10)
    assert (await reviewer.call("GET", "recordings", params=asked)).status_code == 200

    await fill(ballast, house, asked)
    with pytest.raises(InvalidStatus) as refused:
        await supervisor.watch("dev1")
    assert refused.value.response.status_code == 503
    assert (await reviewer.call("GET", "recordings", params=asked)).status_code == 503
    assert (await auditor.call("GET", "audit")).status_code == 503
    with pytest.raises(HTTPStatusError, match="503"):
        await house.person("siteadmin").token()  # not even a login, for nobody could tell that it was
    kept = device.next_n + 25
    await house.archive("dev1").wait_for_unit(kept)
    assert house.archive("dev1").units()[: kept + 1] == list(range(kept + 1))
    assert device.connected

    ballast.unlink()
    again = await supervisor.watch("dev1")
    assert await again.wait_for_picture(device.next_n)
    assert (await reviewer.call("GET", "recordings", params=asked)).status_code == 200
    report = await auditor.call("GET", "audit/verify")
    assert report.status_code == 200
    assert report.json()["intact"] is True


@pytest.mark.fault("F20", "I8", "I13")
async def test_f20_an_end_of_view_that_cannot_be_recorded_does_not_hurt_the_server(small_audit_disk):
    house, ballast = small_audit_disk
    device = await house.device("dev1").push()
    asked = await recordings(house.person("reviewer"))
    viewer = await house.supervisor().watch("dev1")
    assert await viewer.wait_for_picture(5)
    await fill(ballast, house, asked)
    await viewer.leave()
    await until(lambda: "end of a view not recorded" in house.server.log)
    kept = device.next_n + 10
    await house.archive("dev1").wait_for_unit(kept)

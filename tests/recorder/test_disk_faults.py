"""Faults of a real kernel: a sync that takes its time, a file system that is full."""

import subprocess
import threading

import pytest

from media import GapCause
from storage import FdatasyncEach, verify
from tests.recorder.stage import Stage
from tests.storage.footage import GOP


class SlowSync(FdatasyncEach):
    """A sync that ends when the test says so."""

    def __init__(self, disk):
        super().__init__(disk)
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, descriptors, folders):
        self.may_end.wait(30)
        return super().__call__(descriptors, folders)


def test_the_age_of_what_is_not_durable_grows_until_a_sync_has_vouched_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.recorder.stage.FdatasyncEach", SlowSync)
    stage = Stage(tmp_path)
    sync = stage.scribe._rounds._sync
    device = stage.device()
    assert stage.scribe.statistics().unsynced_ns == 0
    device.push(10)
    stage.clock.pass_s(0.5)
    assert stage.scribe.statistics().unsynced_ns == 500_000_000  # in memory
    stage.turn()
    assert stage.scribe.statistics().unsynced_ns == 0
    device.push(10)
    sync.may_end.clear()
    for age_s in (1, 2, 3):
        stage.turn(sync=False)
        device.push(10)
        assert stage.scribe.statistics().unsynced_ns == age_s * 1_000_000_000
    sync.may_end.set()
    stage.scribe._rounds.wait()
    stage.scribe._take_outcome()
    assert stage.scribe.statistics().unsynced_ns == 2_000_000_000  # what was written after that round began
    stage.turn()
    assert stage.scribe.statistics().unsynced_ns == 0


@pytest.mark.fault("F26", "I1")
def test_writing_goes_on_while_a_sync_takes_its_time(tmp_path, monkeypatch):
    """F26: what is written survives a kill, however long the disk needs to promise more."""
    monkeypatch.setattr("tests.recorder.stage.FdatasyncEach", SlowSync)
    stage = Stage(tmp_path)
    sync = stage.scribe._rounds._sync
    device = stage.device().push(10)
    sync.may_end.clear()
    for _ in range(5):
        stage.turn(sync=False)
        device.push(10)
    stage.turn(sync=False)
    assert stage.sequences(device) == list(range(1, 61))
    assert stage.scribe._runs[0][0].writer.durable.fragments == 0
    sync.may_end.set()
    stage.turn()
    stage.turn()
    assert stage.scribe._runs[0][0].writer.durable.fragments == 60
    device.end()
    stage.finish()
    assert stage.alarms == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this machine does not let us mount: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.fault("F18", "I1", "I3", "I7")
def test_a_file_system_that_is_full_costs_a_gap_and_nothing_else(small_disk):
    """F18: the stop level was set too low, and the kernel says ENOSPC in the middle of a write."""
    stage = Stage(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_200_000))
    device = stage.device().push(100)
    stage.turn()
    for _ in range(8):
        device.push(100, size=5_000)
        stage.turn()
        stage.clock.pass_s(2)
    kept = stage.sequences(device)
    assert kept == list(range(1, len(kept) + 1))
    assert 100 <= len(kept) < 900
    assert ("disk_error", "dev1", "main") in stage.alarms
    ballast.unlink()
    stage.clock.pass_s(6)
    device.push_until_key().push(5)
    stage.turn()
    device.end()
    stage.turn()
    stage.finish()
    [gap] = stage.gaps()
    assert (gap.sequence, gap.cause) == (len(kept) + 1, GapCause.DISK_ERROR)
    assert stage.sequences(device) == [*kept, *range(gap.last_sequence + 1, device.sequence + 1)]
    assert gap.last_sequence % GOP == 0
    assert stage.store.unsettled() != []
    for path in stage.store.segments():
        assert verify(path)[1] == []
    assert list(stage.store.quarantined()) == []
    stage.close()

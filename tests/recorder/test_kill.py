"""F01: kill -9 while twenty devices push. I1, I2, I3, I6 and I7 must hold after each of them."""

import asyncio
import os
import random
import signal
import time
from collections import defaultdict

import pytest

from media import GapCause
from recorder import Archiver, Index, Pins, check
from storage import SegmentStore, SystemClock, UlidFactory, read_fragments, read_header, read_journal
from storage.bus import MemoryBus
from storage.database import Database, migrate
from tests.recorder.crash_child import DEVICES, record_for_ever
from tests.storage.faulty_disk import child_of

KILLS = 5
LOSS_MAX_NS = 1_000_000_000


def steal_ticks():
    with open("/proc/stat") as stat:
        return int(stat.readline().split()[8])


def run_and_kill(root, run, seconds):
    """Let the child record so long, kill it, and answer the last picture that was a second old by then."""
    child, told_by = child_of(lambda tell: asyncio.run(record_for_ever(root, run, tell)))
    told = []
    with told_by:
        assert told_by.readline() == "ready\n"
        deadline = time.monotonic() + seconds
        while line := told_by.readline():
            told.append(line)
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    killed_ns = max(int(line.split()[0]) for line in told)  # told just before: nothing was handed over later
    old_enough = [int(line.split()[2]) for line in told if int(line.split()[0]) <= killed_ns - LOSS_MAX_NS]
    return max(old_enough, default=0)


async def recover(root):
    """Start and stop a server's archive on what the child left, and check it."""
    clock = SystemClock()
    store = SegmentStore(root, clock)
    url = f"sqlite+aiosqlite:///{root / 'mingjing.sqlite3'}"
    with store.lock():
        await migrate(url)
        database = await Database.open(url)
        index = Index(database)
        began = time.monotonic()
        async with Archiver.open(
            store=store, index=index, bus=MemoryBus(), clock=clock, new_id=UlidFactory(clock), pins=Pins()
        ):
            ready_s = time.monotonic() - began
            report = await check(store, index)
        gaps = {f"dev{n}": (await index.recordings(f"dev{n}", "main", 0, 1 << 62)).gaps for n in range(DEVICES)}
        await database.close()
    return report, gaps, ready_s


def recorded(root):
    """device → run → numbers of its pictures on disk, every one of them true."""
    found = defaultdict(dict)
    for path in SegmentStore(root, SystemClock()).segments():
        header = read_header(path, read_journal(path))
        run = found[header.device].setdefault(header.fencing_token, [])
        run += [record.sequence for record, _ in read_fragments(path)]
    return found


@pytest.mark.fault("F01", "I1", "I2", "I3", "I6", "I7")
async def test_killed_again_and_again_it_loses_at_most_a_second_and_says_so(tmp_path):
    source = random.Random(20261124)
    must_have = {}
    steal = steal_ticks()
    for run in range(1, KILLS + 1):
        must_have[run] = run_and_kill(tmp_path, run, source.uniform(0.8, 3.0))
        report, gaps, ready_s = await recover(tmp_path)
        words = f"run {run}, steal {steal_ticks() - steal} ticks"
        assert report.faults == [], words
        assert (report.open_segments, report.without_row, report.quarantined) == (0, 0, 0), words
        assert ready_s < 5, words
        found = recorded(tmp_path)
        assert len(found) == DEVICES
        for device, runs in found.items():
            for number, pictures in runs.items():
                assert pictures == list(range(1, len(pictures) + 1))
                assert len(pictures) >= must_have[number], f"{device}, {words}"
            assert [gap.cause for gap in gaps[device]] == [GapCause.SERVER_CRASHED] * (run - 1)

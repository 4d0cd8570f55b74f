"""Workers die, and nobody but the channel they died of hears of it. Real processes, on the real clock."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import psutil
import pytest
import uvloop

from tests.house.bounds import FULL, told
from tests.workers.ear import Ear
from tests.workers.tones import AAC_44, ALAW, Unit, frequency, heard, level, steps, tone
from workers import GivenUp, PoolEvent, SoundWorkers, Trouble

FRAGILE = (str(Path(__file__).parent / "fragile.py"),)
UNIT_S = 0.02
BAITS = ("segfault", "spin", "lie", "memory", "flood") if FULL else ("segfault", "spin")


class Shop:
    def __init__(self, pool: SoundWorkers, told: list[PoolEvent]) -> None:
        self.pool = pool
        self.told = told

    @property
    def processes(self) -> list[psutil.Process]:
        return [
            one
            for one in psutil.Process().children()
            if any("inside" in word or "fragile" in word for word in one.cmdline())
        ]

    async def until(self, true: Callable[[], object], *, within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while not true():  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.005)


def status_of(process: psutil.Process) -> str:
    return Path(f"/proc/{process.pid}/status").read_text()


@asynccontextmanager
async def shop(processes: int = 2, program: Sequence[str] = FRAGILE) -> AsyncIterator[Shop]:
    told: list[PoolEvent] = []
    pool = SoundWorkers(processes=processes, now_ns=time.monotonic_ns, tell=told.append, program=program)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        opened = Shop(pool, told)
        yield opened
        running.cancel()
    assert not opened.processes


async def speak(transcode, units: Sequence[Unit]) -> None:
    """In real time, as a device sends."""
    begin_s = time.monotonic()
    for n, unit in enumerate(units):
        transcode.push(unit)
        await asyncio.sleep(max(0.0, begin_s + n * UNIT_S - time.monotonic()))


async def test_sound_comes_back_as_opus_of_each_channel_its_own() -> None:
    async with shop(program=("-m", "workers.inside")) as opened:
        low, high = Ear(), Ear()
        first = opened.pool.open("dev1/main", ALAW, low)
        second = opened.pool.open("dev2/main", AAC_44, high)
        assert not opened.processes  # nobody waits for them to start
        await opened.until(lambda: opened.pool.statistics().workers)  # what waits a second is not live any more
        for unit in tone(ALAW, 1.0, hertz=300):
            first.push(unit)
        for unit in tone(AAC_44, 0.9, hertz=700):
            second.push(unit)
        await opened.until(lambda: len(low.made) >= 49 and len(high.made) >= 43)
        assert abs(frequency(heard(low.made)[1]) - 300) < 5
        assert abs(frequency(heard(high.made)[1]) - 700) < 5
        assert opened.pool.statistics().transcodes == 2
        first.close()
        second.close()
        assert opened.pool.statistics().transcodes == 0
        assert (low.given_up, opened.told, opened.pool.statistics().lost_s) == (None, [], 0)


def test_a_worker_has_nothing_of_ours_and_may_open_nothing() -> None:
    uvloop.run(has_nothing_of_ours())  # as the server runs it


async def has_nothing_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        ours.set_inheritable(True)
        async with shop() as opened:
            opened.pool.open("dev1/main", ALAW, Ear())
            await opened.until(lambda: opened.pool.statistics().workers == 2)
            for process in opened.processes:
                assert sorted(os.listdir(f"/proc/{process.pid}/fd")) == ["0", "1", "2"]
                assert process.nice() == min(psutil.Process().nice() + 5, 19)
                assert set(process.environ()) <= {"PATH", "LD_LIBRARY_PATH", "LC_CTYPE"}
                assert process.rlimit(psutil.RLIMIT_NOFILE) == (0, 0)
                assert process.rlimit(psutil.RLIMIT_NPROC) == (0, 0)
                assert process.rlimit(psutil.RLIMIT_AS)[1] < 1 << 30
                assert process.num_threads() == 1
                assert "NoNewPrivs:\t1" in status_of(process)


async def test_a_worker_that_is_killed_costs_its_channels_a_few_packets() -> None:
    async with shop() as opened:
        ears = [Ear(), Ear()]
        opened.pool.open("dev0/main", ALAW, Ear())  # has them start
        await opened.until(lambda: opened.pool.statistics().workers == 2)
        channels = [opened.pool.open(f"dev{n}/main", ALAW, ear) for n, ear in enumerate(ears, 1)]
        units = tone(ALAW, 2.0)
        async with asyncio.TaskGroup() as tasks:
            for channel in channels:
                tasks.create_task(speak(channel, units))
            await opened.until(lambda: len(ears[0].made) > 20)
            victim = max(opened.pool.loads().items(), key=lambda one: one[1])[0]
            os.kill(victim, signal.SIGKILL)
        await opened.until(lambda: ears[0].units[-1] is units[-1] and ears[1].units[-1] is units[-1])
        assert all(ear.longest_silence_s < 1.0 for ear in ears)
        assert max(max(steps(ear.made)) for ear in ears) < 0.2 * 48_000
        assert abs(frequency(heard(ears[0].made)[1]) - 440) < 2
        await opened.until(lambda: opened.pool.statistics().workers == 2)  # there is a free one again
        assert opened.pool.statistics().restarts == 1
        assert [event.trouble for event in opened.told] == [Trouble.CRASHED]
        assert opened.told[0].words == "SIGKILL"
        assert opened.pool.statistics().lost_s < 0.3


@pytest.mark.fault("F09", "I8")
async def test_f09_bait_kills_three_workers_and_no_fourth_and_others_go_on() -> None:
    """Each kind of bait on a channel of its own, one after the other, beside one that is honest."""
    async with shop() as opened:
        honest = Ear()
        bystander = opened.pool.open("honest", ALAW, honest)
        await opened.until(lambda: opened.pool.statistics().workers == 2)
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(speak(bystander, tone(ALAW, 60.0)))
            for bait in BAITS:
                hostile = Ear()
                victim = opened.pool.open(bait, ALAW, hostile)
                for n in count():
                    victim.push(Unit((bait.encode(),), n * 160))
                    await asyncio.sleep(UNIT_S)
                    if hostile.given_up is not None:
                        break
                assert hostile.given_up is GivenUp.POISONED
                assert opened.pool.refuses(bait) is GivenUp.POISONED
            talking.cancel()
        statistics = opened.pool.statistics()
        assert statistics.restarts == 3 * len(BAITS)
        assert statistics.poisoned == tuple(sorted(BAITS))
        assert [event.key for event in opened.told if event.trouble is Trouble.POISONED] == list(BAITS)
        assert honest.given_up is None
        told("silence at a bystander", honest.longest_silence_s, 1.0)
        assert level(heard(honest.made)[1]) > 0.2
        again = Ear()
        opened.pool.open(BAITS[0], ALAW, again)
        assert again.given_up is GivenUp.POISONED


async def test_a_worker_that_does_not_answer_is_cut_off_and_nobody_is_blamed() -> None:
    async with shop() as opened:
        sleeper, other = Ear(), Ear()
        first = opened.pool.open("dev1/main", ALAW, sleeper)
        second = opened.pool.open("dev2/main", ALAW, other)
        await opened.until(lambda: opened.pool.statistics().workers == 2)
        first.push(Unit((b"sleep",), 0))
        await opened.until(lambda: opened.pool.statistics().restarts == 1)
        for unit in tone(ALAW, 0.4, first_pts=8_000):
            second.push(unit)
        await opened.until(lambda: len(other.made) >= 19)
        assert opened.pool.refuses("dev1/main") is None
        assert opened.pool.statistics().poisoned == ()


async def test_what_is_not_taken_in_time_is_left_out_and_counted() -> None:
    async with shop(processes=1) as opened:
        ear = Ear()
        transcode = opened.pool.open("dev1/main", ALAW, ear)
        units = tone(ALAW, 40.0)
        for unit in units[:50]:
            transcode.push(unit)
        await opened.until(lambda: len(ear.made) == 50)
        (process,) = opened.processes
        process.suspend()
        for unit in units[50:1_900]:
            transcode.push(unit)
        transcode.push(Unit((bytes(9_000),), 1_900 * 160))
        process.resume()
        await opened.until(lambda: not transcode.unanswered)
        for unit in units[1_900:]:
            transcode.push(unit)
            await asyncio.sleep(0.001)
        await opened.until(lambda: not transcode.unanswered)
        statistics = opened.pool.statistics()
        heard_to_s = ear.units[-1].pts / 8_000
        assert heard_to_s > 38  # sound comes again
        assert statistics.lost_s > 6
        assert statistics.refused_units == 1
        assert len(ear.made) / 50 + statistics.lost_s == pytest.approx(heard_to_s, abs=0.1)


async def test_where_none_can_be_started_that_is_said_at_once_and_to_whoever_comes() -> None:
    async with shop(program=("-c", "raise SystemExit('no libav here')")) as opened:
        ear, late = Ear(), Ear()
        opened.pool.open("dev1/main", ALAW, ear)
        await opened.until(lambda: ear.given_up)
        opened.pool.open("dev2/main", ALAW, late)
        assert ear.given_up is late.given_up is GivenUp.NO_WORKERS
        assert [(event.trouble, event.words) for event in opened.told] == [(Trouble.NO_WORKERS, "no libav here")]
        assert opened.pool.statistics().failed_starts >= 3


async def test_no_workers_are_wanted() -> None:
    async with shop(processes=0) as opened:
        ear = Ear()
        opened.pool.open("dev1/main", ALAW, ear)
        assert ear.given_up is GivenUp.NO_WORKERS
        assert opened.told == []


def test_workers_die_with_a_server_that_is_killed(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "server_child.py"), *FRAGILE], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    pids = [int(word) for word in server.stdout.readline().split()]
    processes = [psutil.Process(pid) for pid in pids]
    assert len(processes) == 2
    server.kill()
    server.wait()
    server.stdout.close()
    gone, alive = psutil.wait_procs(processes, timeout=5)
    assert len(gone) == 2
    assert not alive

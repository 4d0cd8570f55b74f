"""Reads what processes cost, and what the neighbours took, from /proc.

CPU is percent of one core. `steal` is time the host gave to others while this machine wanted it:
a run with much of it says little about us.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SAMPLE_S = 1.0


class ProcessEndedError(RuntimeError):
    """A process that is measured is there no more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters of a process tree, or of several, at one instant; two of them make a measurement."""

    mono_ns: int
    cpu_s: float  # user and system
    rss_bytes: int
    open_files: int
    threads: int
    steal_s: float  # of all cores


def read(*pids: int) -> Reading:
    """These processes and everything below them.

    Raises:
        ProcessEndedError: one of them has ended.
    """
    cpu_s, rss_bytes, open_files, threads = 0.0, 0, 0, 0
    for process in _trees(pids):
        try:
            with process.oneshot():
                times = process.cpu_times()
                cpu_s += times.user + times.system
                rss_bytes += process.memory_info().rss
                open_files += process.num_fds()
                threads += process.num_threads()
        except psutil.NoSuchProcess:
            if process.pid in pids:
                raise _ended(process.pid) from None
            continue  # a child that ended in between
    return Reading(time.monotonic_ns(), cpu_s, rss_bytes, open_files, threads, steal_s())


def _trees(pids: Sequence[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        try:
            root = psutil.Process(pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            raise _ended(pid) from None
        yield from tree


def _ended(pid: int) -> ProcessEndedError:
    return ProcessEndedError(f"process {pid} ended while it was measured")


def steal_s() -> float:
    """Seconds stolen from all cores since boot (proc(5), the eighth number of the `cpu` line)."""
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()
    return int(fields[8]) / TICKS_PER_S


def cpu_percent(before: Reading, after: Reading) -> float:
    return round(100 * (after.cpu_s - before.cpu_s) / ((after.mono_ns - before.mono_ns) / 1e9), 1)


def steal_percent(before: Reading, after: Reading) -> float:
    """Percent of one core, over all cores."""
    return round(100 * (after.steal_s - before.steal_s) / ((after.mono_ns - before.mono_ns) / 1e9), 1)


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{line.partition(':')[2].strip()} × {os.cpu_count()}"
    return f"unknown × {os.cpu_count()}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a group of processes took during a measurement."""

    cpu_percent: float
    rss_mb: int  # the greatest
    open_files: int  # the most
    threads: int
    busiest_cpu_percent: float  # of its single processes


@dataclass(frozen=True, slots=True)
class Host:
    """The machine during a measurement."""

    seconds: float
    steal_percent: float
    load: float  # of the last minute, at the end
    memory_free_mb: int  # the least


class Meter:
    """Watches named groups of processes: `begin`, some waiting in `watch`, then `costs` and `host`."""

    def __init__(self, **groups: Sequence[int]) -> None:
        self._groups = {name: tuple(pids) for name, pids in groups.items() if pids}
        self._before: dict[int, Reading] = {}
        self._after: dict[int, Reading] = {}
        self._peak: dict[str, tuple[int, int, int]] = {}
        self._free_bytes = psutil.virtual_memory().available

    def begin(self) -> None:
        """Raises ProcessEndedError, as `watch` does."""
        self._look()
        self._before = self._read()

    async def watch(self, seconds: float, stop: asyncio.Event | None = None) -> None:
        """Wait for so long, or until `stop`, and look once a second at what is no counter. Then read the counters."""
        ends = time.monotonic() + seconds
        while (left_s := ends - time.monotonic()) > 0 and not (stop is not None and stop.is_set()):
            await asyncio.sleep(min(left_s, SAMPLE_S))
            self._look()
        self._after = self._read()

    def costs(self) -> dict[str, Cost]:
        found = {}
        for name, pids in self._groups.items():
            percents = [cpu_percent(self._before[pid], self._after[pid]) for pid in pids]
            rss_bytes, open_files, threads = self._peak[name]
            found[name] = Cost(round(sum(percents), 1), round(rss_bytes / 1e6), open_files, threads, max(percents))
        return found

    def host(self) -> Host:
        pid = next(iter(self._before))
        before, after = self._before[pid], self._after[pid]
        seconds = round((after.mono_ns - before.mono_ns) / 1e9, 1)
        steal = steal_percent(before, after)
        return Host(seconds, steal, round(os.getloadavg()[0], 1), round(self._free_bytes / 1e6))

    def _read(self) -> dict[int, Reading]:
        return {pid: read(pid) for pids in self._groups.values() for pid in pids}

    def _look(self) -> None:
        for name, pids in self._groups.items():
            now = read(*pids)
            peak = self._peak.get(name, (0, 0, 0))
            self._peak[name] = (
                max(peak[0], now.rss_bytes),
                max(peak[1], now.open_files),
                max(peak[2], now.threads),
            )
        self._free_bytes = min(self._free_bytes, psutil.virtual_memory().available)

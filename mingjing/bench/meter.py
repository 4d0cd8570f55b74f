"""Reads what a process tree costs, and what the neighbours took, from /proc.

CPU is percent of one core. `steal` is time the host gave to others while this machine wanted it:
a run with much of it proves nothing about us.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters at one instant; two of them make a measurement."""

    mono_ns: int
    cpu_s: float  # user and system, of the tree
    rss_bytes: int
    steal_s: float  # of all cores


def read(pid: int, mono_ns: int) -> Reading:
    """The process with this id and everything below it.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    root = psutil.Process(pid)
    cpu_s, rss_bytes = 0.0, 0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system
            rss_bytes += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # a child that ended in between
    return Reading(mono_ns, cpu_s, rss_bytes, steal_s())


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

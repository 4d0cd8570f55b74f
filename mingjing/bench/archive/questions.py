"""P8: a server on the index of half a year: how long until it is ready, how long people wait for what they ask.

The questions are those of the recordings page, by HTTP, one after another, each of a device and a time at random:
a page is a day of a channel, seeking is the minute around a moment. They begin when the server is
ready, while it takes stock of its files: who comes in the morning does not wait until that is over. The
database's pages are dropped from the kernel's cache before the start.
"""

import asyncio
import http.client
import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from mingjing.bench.archive.years import MadeYears, Years, made_years
from mingjing.bench.histogram import Histogram
from mingjing.bench.meter import Meter
from mingjing.bench.report import Report
from mingjing.bench.server import OwnServer, ServerTuning, lag_between, own_server
from storage import DAY_NS, iso_from_ns

SEEK_NS = 60_000_000_000
KEEPS_ALL = ServerTuning(ring_days=3_650, ring_gigabytes=1_000_000, disk_warning_percent=1, disk_stop_percent=0.5)


@dataclass(frozen=True, slots=True)
class ArchiveLoad:
    years: Years
    requests: int = 400  # half of them pages, half of them seeking
    seed: int = 1


@dataclass(slots=True)
class _Answers:
    pages: Histogram
    seeks: Histogram
    segments: int = 0
    wrong: int = 0  # a page without its day, a moment without its segment


async def bench_archive(load: ArchiveLoad, cache_dir: Path) -> Report:
    """Make the index if it is not there, start a server on it, and ask."""
    made = await made_years(load.years, cache_dir)
    _forget_pages(made.data_dir)
    async with own_server(made.data_dir, made.years.devices, KEEPS_ALL) as server:
        meter = Meter(server=[server.pid])
        before = await asyncio.to_thread(server.metrics)
        meter.begin()
        asking = asyncio.get_running_loop().run_in_executor(None, _ask, server, made, load)
        while not asking.done():
            await meter.watch(0.2)
        answers = await asking
        await meter.watch(0)
        after = await asyncio.to_thread(server.metrics)
        stopping = time.monotonic()
    stop_s = time.monotonic() - stopping
    lag_p99_ms, lag_max_ms = lag_between(before, after)
    cost, host = meter.costs()["server"], meter.host()
    warnings = [f"{answers.wrong} answers lacked footage that is there"] if answers.wrong else []
    return Report(
        bench="archive",
        params={
            "segments": made.segments,
            "gaps": made.gaps,
            "channels": made.years.channels,
            "days": round((made.end_utc_ns - made.start_utc_ns) / DAY_NS, 1),
            "requests": load.requests,
        },
        result={
            "start_s": round(server.start_s, 2),
            "stop_s": round(stop_s, 2),
            "list_page_p50_ms": answers.pages.percentile_ms(50),
            "list_page_p95_ms": answers.pages.percentile_ms(95),
            "list_page_max_ms": answers.pages.percentile_ms(100),
            "seek_p50_ms": answers.seeks.percentile_ms(50),
            "seek_p95_ms": answers.seeks.percentile_ms(95),
            "seek_max_ms": answers.seeks.percentile_ms(100),
            "segments_listed": answers.segments,
            "cpu_percent": cost.cpu_percent,
            "rss_mb": cost.rss_mb,
            "open_files": cost.open_files,
            "loop_lag_p99_ms": lag_p99_ms,
            "loop_lag_max_ms": lag_max_ms,
            "database_mb": round((made.data_dir / "mingjing.sqlite3").stat().st_size / 1e6),
            "steal_percent": host.steal_percent,
            "host_load": host.load,
            "host_memory_free_mb": host.memory_free_mb,
        },
        warnings=warnings,
    )


def _forget_pages(data_dir: Path) -> None:
    """Have the kernel drop what it keeps of the database; what is not written yet is written first."""
    for path in data_dir.glob("mingjing.sqlite3*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _ask(server: OwnServer, made: MadeYears, load: ArchiveLoad) -> _Answers:
    cookie = server.log_in()
    chance = random.Random(load.seed)
    answers = _Answers(Histogram(), Histogram())
    connection = http.client.HTTPConnection(server.http, timeout=60)
    for number in range(load.requests):
        device = chance.choice(made.years.devices)
        moment = chance.randrange(made.start_utc_ns + SEEK_NS, made.end_utc_ns - SEEK_NS)
        is_page = number % 2 == 0
        if is_page:
            start = moment // DAY_NS * DAY_NS
            end = start + DAY_NS
        else:
            start, end = moment - SEEK_NS // 2, moment + SEEK_NS // 2
        words, took_ns = _recordings(connection, cookie, device, start, end)
        (answers.pages if is_page else answers.seeks).add(took_ns)
        found = json.loads(words)["segments"]
        answers.segments += len(found)
        answers.wrong += not found
    connection.close()
    return answers


def _recordings(
    connection: http.client.HTTPConnection, cookie: str, device: str, start: int, end: int
) -> tuple[bytes, int]:
    """The answer, and how many nanoseconds it took to come whole; what is read out of it is our own time."""
    query = urlencode({"device": device, "from": iso_from_ns(start), "to": iso_from_ns(end)})
    began_ns = time.monotonic_ns()
    connection.request("GET", f"/api/v1/recordings?{query}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    words = answer.read()
    took_ns = time.monotonic_ns() - began_ns
    if answer.status != 200:
        raise RuntimeError(f"recordings are refused: {answer.status} {words.decode(errors='replace')}")
    return words, took_ns

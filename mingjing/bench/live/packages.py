"""P9: packages are handed out while devices push and viewers watch: how long until one is ready, at what cost.

One after another, as the server makes them: a clip of the last minute of a device at random, and its package, from the
order until it is ready. The measurement begins when there is a minute of footage. Not here: checking a package, which
is `mingjing verify`'s work and done by tests.
"""

import asyncio
import json
import random
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mingjing.bench.account import settle
from mingjing.bench.archive import count_archive
from mingjing.bench.histogram import Histogram
from mingjing.bench.load import Publishers, Stream
from mingjing.bench.meter import Meter
from mingjing.bench.report import Report
from mingjing.bench.server import OwnServer, all_live, lag_between, own_server
from mingjing.bench.viewers import seated_viewers

LOOK_S = 0.05  # between two questions whether it is ready
READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class PackageLoad:
    """`clip_s` is the length of each clip, and how long devices send before the first."""

    exports: int = 20
    devices: int = 200
    viewers: int = 200
    clip_s: float = 60
    seed: int = 1
    stream: Stream = field(default_factory=Stream)


@dataclass(slots=True)
class _Handed:
    took: Histogram
    failed: int = 0
    size_bytes: int = 0


async def bench_packages(load: PackageLoad, cache_dir: Path) -> Report:
    """On a server of its own.

    Raises:
        NotAllLiveError, BenchProcessError, RuntimeError: as `bench_live`.
    """
    names = [f"bench-{number:04d}" for number in range(1, load.devices + 1)]
    with tempfile.TemporaryDirectory(prefix="mingjing-bench-") as folder:
        data_dir = Path(folder, "data")
        async with own_server(data_dir, names) as server:
            where = server.publishing_address(load.stream.transport)
            async with Publishers.sending(where, server.logins, load.stream, cache_dir) as publishers:
                await all_live(server, load.devices)
                async with AsyncExitStack() as seats:
                    cookie = await asyncio.to_thread(server.log_in)
                    watched = [names[number % len(names)] for number in range(load.viewers)]
                    if watched:
                        await seats.enter_async_context(seated_viewers(server.http, cookie, watched))
                    await asyncio.sleep(load.clip_s)
                    before = await asyncio.to_thread(server.metrics)
                    meter = Meter(server=[server.pid])
                    meter.begin()
                    handing = asyncio.get_running_loop().run_in_executor(None, _hand_out, server, cookie, names, load)
                    while not handing.done():
                        await meter.watch(0.2)
                    handed = await handing
                    await meter.watch(0)
                    after = await asyncio.to_thread(server.metrics)
                sent = await publishers.stop()
        archive = await asyncio.to_thread(count_archive, data_dir)
    account = settle(sent, archive)
    lag_p99_ms, lag_max_ms = lag_between(before, after)
    cost, host = meter.costs()["server"], meter.host()
    took = handed.took
    return Report(
        bench="archive",
        params={
            "devices": load.devices,
            "viewers": load.viewers,
            "bitrate_kbps": load.stream.bitrate_kbps,
            "fps": load.stream.fps,
            "exports": load.exports,
            "clip_s": load.clip_s,
        },
        result={
            "export_p50_s": round(took.percentile_ms(50) / 1e3, 2),
            "export_p95_s": round(took.percentile_ms(95) / 1e3, 2),
            "export_max_s": round(took.percentile_ms(100) / 1e3, 2),
            "export_failed": handed.failed,
            "export_mb": round(handed.size_bytes / max(1, took.count) / 1e6, 1),
            "units_sent": account.sent,
            "units_lost": account.lost,
            "cpu_percent": cost.cpu_percent,
            "rss_mb": cost.rss_mb,
            "loop_lag_p99_ms": lag_p99_ms,
            "loop_lag_max_ms": lag_max_ms,
            "steal_percent": host.steal_percent,
            "host_load": host.load,
        },
    )


def _hand_out(server: OwnServer, cookie: str, names: list[str], load: PackageLoad) -> _Handed:
    chance = random.Random(load.seed)
    handed = _Handed(Histogram())
    for _ in range(load.exports):
        clip = _made(server, cookie, "clips", {"device": chance.choice(names), "last_s": round(load.clip_s)})
        began_ns = time.monotonic_ns()
        export = _made(server, cookie, "exports", {"clips": [clip["id"]], "reason": "bench"})
        told = _ready(server, cookie, str(export["id"]))
        if told["state"] == "ready":
            handed.took.add(time.monotonic_ns() - began_ns)
            handed.size_bytes += int(str(told["size_bytes"]))
        else:
            handed.failed += 1
    return handed


def _made(server: OwnServer, cookie: str, noun: str, body: object) -> dict[str, object]:
    status, _, words = server.request("POST", f"/api/v1/{noun}", body, cookie)
    if status != 201:
        raise RuntimeError(f"{noun} are refused: {status} {words}")
    made: dict[str, object] = json.loads(words)
    return made


def _ready(server: OwnServer, cookie: str, export: str) -> dict[str, object]:
    until = time.monotonic() + READY_WITHIN_S
    while True:
        told: dict[str, object] = json.loads(server.request("GET", f"/api/v1/exports/{export}", None, cookie)[2])
        if told["state"] not in ("waiting", "running") or time.monotonic() > until:
            return told
        time.sleep(LOOK_S)

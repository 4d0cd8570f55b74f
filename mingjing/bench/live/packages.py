"""P9: packages are handed out while devices push and viewers watch: how long until one is ready, and does P1 hold?

One after another, as the server makes them, and spread over P1's minute: a clip of the last minute of a device at
random, and its package with the playable film, from the order until it is ready. It begins when there is a minute of
footage; that minute says what the load takes alone. Not here: checking a package, which is `mingjing verify`'s work and
done by tests.
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
from mingjing.bench.live.measure import Measured, measure
from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.live.run import seat
from mingjing.bench.load import Publishers, Sent, Stream
from mingjing.bench.meter import Meter
from mingjing.bench.report import Report
from mingjing.bench.server import ANSWERS_WITHIN_S, OwnServer, all_live, lag_between, own_server

LOOK_S = 0.1  # between two questions whether it is ready
READY_WITHIN_S = 60.0
SETTLE_S = 1.0  # between the reading of the loop's lag and the first order: the reading itself is not the load

_P1 = LiveLoad(devices=200, viewers=200, seconds=60, stream=Stream(sound=False), settle_s=SETTLE_S)


@dataclass(frozen=True, slots=True)
class PackageLoad:
    """P1's load, unless another is given. `live.seconds` is the length of each clip, how long devices send before the
    first, and over what the packages are spread; where they take longer, it is longer."""

    exports: int = 20
    live: LiveLoad = _P1
    seed: int = 1


@dataclass(slots=True)
class _Handed:
    took: Histogram = field(default_factory=Histogram)
    failed: int = 0
    size_bytes: int = 0

    def figures(self) -> dict[str, object]:
        p50, p95, most = (round(self.took.percentile_ms(percent) / 1e3, 2) for percent in (50, 95, 100))
        return {
            "export_p50_s": p50,
            "export_p95_s": p95,
            "export_max_s": most,
            "export_failed": self.failed,
            "export_mb": round(self.size_bytes / max(1, self.took.count) / 1e6, 1),
        }


async def bench_packages(load: PackageLoad, cache_dir: Path) -> Report:
    """On a server of its own, on loopback and with a disk of this machine.

    Raises:
        NotAllLiveError, BenchProcessError, RuntimeError: as `bench_live`.
    """
    handed = _Handed()
    with tempfile.TemporaryDirectory(prefix="mingjing-bench-") as folder:
        data_dir = Path(folder, "data")
        async with own_server(data_dir, load.live.names) as server:
            try:
                measured, sent = await _under_load(server, load, handed, cache_dir)
            except TimeoutError:
                raise RuntimeError(f"the server did not answer within {ANSWERS_WITHIN_S} s: it is overloaded") from None
        archive = await asyncio.to_thread(count_archive, data_dir)
    account = settle(sent, archive)
    counted: dict[str, object] = {
        **handed.figures(),
        "units_sent": account.sent,
        "units_archived": archive.units,
        "units_lost": account.lost,
    }
    if account.worst:
        measured.remarks.append(f"most was lost of {account.worst}")
    params = {**load.live.params(), "exports": load.exports}
    return Report("packages", params, counted | measured.result, measured.warnings, measured.remarks)


async def _under_load(
    server: OwnServer, load: PackageLoad, handed: _Handed, cache_dir: Path
) -> tuple[Measured, list[Sent]]:
    live = load.live
    where = server.publishing_address(live.stream.transport)
    async with Publishers.sending(where, server.logins, live.stream, cache_dir) as publishers:
        await all_live(server, live.devices)
        async with AsyncExitStack() as seats:
            crowds = await seat(server, live, seats)
            cookie = await asyncio.to_thread(server.log_in)
            alone = Meter(server=[server.pid])
            alone.begin()
            await alone.watch(live.seconds)
            before = await asyncio.to_thread(server.metrics)
            measured = await measure(
                live, publishers, crowds, server.pid, lambda: _hand_out(server, cookie, load, handed)
            )
            lag_p99_ms, lag_max_ms = lag_between(before, await asyncio.to_thread(server.metrics))
        sent = await publishers.stop()
    measured.result |= {
        "loop_lag_p99_ms": lag_p99_ms,
        "loop_lag_max_ms": lag_max_ms,
        "cpu_percent_before": alone.costs()["server"].cpu_percent,
    }
    return measured, sent


def _hand_out(server: OwnServer, cookie: str, load: PackageLoad, handed: _Handed) -> None:
    chance = random.Random(load.seed)
    names = load.live.names
    begins = time.monotonic()
    every_s = load.live.seconds / load.exports
    for number in range(load.exports):
        _sleep_until(begins + number * every_s)
        clip = _made(server, cookie, "clips", {"device": chance.choice(names), "last_s": round(load.live.seconds)})
        began_ns = time.monotonic_ns()
        export = _made(server, cookie, "exports", {"clips": [clip["id"]], "reason": "bench"})
        told = _ready(server, cookie, str(export["id"]))
        if told["state"] == "ready":
            handed.took.add(time.monotonic_ns() - began_ns)
            handed.size_bytes += int(str(told["size_bytes"]))
        else:
            handed.failed += 1
    _sleep_until(begins + load.live.seconds)


def _sleep_until(mono_s: float) -> None:
    time.sleep(max(0.0, mono_s - time.monotonic()))


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

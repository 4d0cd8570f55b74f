"""`bench live`: devices push, viewers watch, everything is archived; then what was sent is compared with what came.

P1 and P2 of the performance gates: units lost, CPU of the server's process tree, memory, loop lag,
and the time from the sender's stamp to the bytes at the viewer.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from media import Codec
from mingjing.bench import meter
from mingjing.bench.archive_count import count_archive
from mingjing.bench.report import Report
from mingjing.bench.server_process import ServerProcess, server_process

ALL_LIVE_WITHIN_S = 90
SETTLE_S = 5  # between all being live and the first reading: the burst of connecting is not the load
SAMPLE_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveLoad:
    devices: int
    viewers: int
    seconds: float
    streams_viewed: int | None = None  # viewers share this many channels; None: one each, in turn
    bitrate_kbps: int = 1_500
    fps: int = 25
    transport: str = "tcp"
    sound: bool = True


async def bench_live(load: LiveLoad, cache_dir: Path) -> Report:
    """Run the load on a server of its own, on loopback and with a disk of this machine."""
    names = [f"bench-{number:04d}" for number in range(1, load.devices + 1)]
    with tempfile.TemporaryDirectory(prefix="mingjing-bench-") as folder:
        data_dir = Path(folder, "data")
        data_dir.mkdir()
        async with server_process(data_dir, names) as server:
            keys = Path(folder, "keys")
            keys.write_text("\n".join(server.keys))
            measured = await _measure(server, load, names, keys, cache_dir)
        lost, duplicated, archived, sent = _compare(data_dir, measured.sent)
    return Report(
        bench="live",
        params={
            "devices": load.devices,
            "viewers": load.viewers,
            "bitrate_kbps": load.bitrate_kbps,
            "fps": load.fps,
            "seconds": load.seconds,
            "transport": load.transport,
            "sound": load.sound,
        },
        result={
            "units_sent": sent,
            "units_archived": archived,
            "units_lost": lost,
            "units_duplicated": duplicated,
            **measured.result,
        },
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    result: dict[str, object]
    sent: list[dict[str, object]]  # the simulator's devices


async def _measure(
    server: ServerProcess, load: LiveLoad, names: Sequence[str], keys: Path, cache_dir: Path
) -> _Measured:
    simulator = await _start(
        "-m", "mingjing", "simulate", "--server", server.rtsp, "--keys", keys, "--transport", load.transport,
        "--bitrate", load.bitrate_kbps, "--fps", load.fps, "--cache-dir", cache_dir, "--json",
        "--sound" if load.sound else "--no-sound",
    )  # fmt: skip
    try:
        await asyncio.wait_for(_all_live(server, load.devices), ALL_LIVE_WITHIN_S)
        result, generator_cpu = await _watch(server, load, names, simulator.pid)
    finally:
        simulator.terminate()
        output, _ = await simulator.communicate()
    report = json.loads(output)
    return _Measured({**result, "generator_cpu_percent": generator_cpu}, report["devices"])


async def _watch(
    server: ServerProcess, load: LiveLoad, names: Sequence[str], generator_pid: int
) -> tuple[dict[str, object], float]:
    channels = names[: load.streams_viewed or len(names)]
    watched = [channels[number % len(channels)] for number in range(load.viewers)]
    spec = {"host": server.http, "cookie": server.log_in(), "devices": watched, "seconds": load.seconds + SETTLE_S}
    viewers = await _start("-m", "mingjing.bench.viewers", json.dumps(spec))
    assert viewers.stdout is not None
    await viewers.stdout.readline()
    await asyncio.sleep(SETTLE_S)
    before = meter.read(server.pid, time.monotonic_ns())
    generator_before = meter.read(generator_pid, time.monotonic_ns())
    rss_bytes, lag_p99_ms = 0, 0.0
    ends = time.monotonic() + load.seconds - SAMPLE_S
    while time.monotonic() < ends:
        await asyncio.sleep(SAMPLE_S)
        rss_bytes = max(rss_bytes, meter.read(server.pid, 0).rss_bytes)
    after = meter.read(server.pid, time.monotonic_ns())
    generator_after = meter.read(generator_pid, time.monotonic_ns())
    lag_p99_ms = await asyncio.to_thread(server.metric, 'mingjing_loop_lag_milliseconds{quantile="0.99"}')
    lag_max_ms = await asyncio.to_thread(server.metric, 'mingjing_loop_lag_milliseconds{quantile="1"}')
    seen = json.loads(await viewers.stdout.readline())
    await viewers.wait()
    result: dict[str, object] = {
        "cpu_percent": meter.cpu_percent(before, after),
        "rss_mb": round(rss_bytes / 1e6),
        "loop_lag_p99_ms": round(lag_p99_ms, 1),
        "loop_lag_max_ms": round(lag_max_ms, 1),
        "steal_percent": meter.steal_percent(before, after),
        "viewer_units_received": seen["units_received"],
        "viewer_units_lost": seen["units_lost"],
        "viewer_units_duplicated": seen["units_duplicated"],
        "viewer_skips": seen["viewer_skips"],
        "latency_p50_ms": seen["latency_p50_ms"],
        "latency_p99_ms": seen["latency_p99_ms"],
        "first_picture_p95_ms": seen["first_picture_p95_ms"],
    }
    return result, meter.cpu_percent(generator_before, generator_after)


async def _all_live(server: ServerProcess, devices: int) -> None:
    while await asyncio.to_thread(server.metric, 'mingjing_channels{state="live"}') < devices:
        await asyncio.sleep(0.2)


async def _start(*arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *map(str, arguments), stdout=asyncio.subprocess.PIPE, limit=16 << 20
    )


def _compare(data_dir: Path, devices: Sequence[dict[str, object]]) -> tuple[int, int, int, int]:
    """Units lost, duplicated, archived and sent."""
    kept = count_archive(data_dir, Codec.H264)
    lost = sent = 0
    for device in devices:
        ranges = device["sent"]
        assert isinstance(ranges, list)
        for published in ranges:
            sent += published["last_n"] - published["first_n"] + 1
            lost += kept.missing(str(device["device"]), published["first_n"], published["last_n"])
    return lost, kept.duplicated, sum(map(len, kept.units.values())), sent

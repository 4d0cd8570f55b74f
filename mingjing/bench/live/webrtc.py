"""`bench webrtc`: the live benchmark where one side of it is WebRTC, and what a viewer or a stream comes to.

Viewers are counted over the server that has its devices already and nobody who watches; publishers with all of it, as
other costs of a stream are.
"""

from dataclasses import replace
from pathlib import Path

from mingjing.bench.live.foreign import ForeignServer, bench_foreign
from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.live.run import bench_live
from mingjing.bench.report import Report


async def bench_webrtc(load: LiveLoad, cache_dir: Path, server: ForeignServer | None = None) -> Report:
    """On a server of its own, or another's.

    Raises:
        NotAllLiveError, BenchProcessError, ValueError: as `bench_live` and `bench_foreign` do.
    """
    report = await (bench_live(load, cache_dir) if server is None else bench_foreign(load, server, cache_dir))
    result = dict(report.result)
    cpu_percent, idle_percent = report.number("cpu_percent"), report.number("idle_cpu_percent")
    if cpu_percent is not None and idle_percent is not None and load.viewers:
        result["percent_a_viewer"] = round((cpu_percent - idle_percent) / load.viewers, 4)
    if cpu_percent is not None and not load.viewers:
        result["percent_a_stream"] = round(cpu_percent / load.devices, 4)
    return replace(report, bench="webrtc", result=result)

"""Live benchmarks: devices push, viewers and players watch, everything is archived and counted.

Here: one measurement under one load (`bench_live`), the same on another's server (`bench_foreign`), as the
load grows (`bench_growth`), by WebRTC (`bench_webrtc`), and while packages are handed out (`bench_packages`).
Not here: what the figures must be (bench.gates).
"""

from mingjing.bench.live.foreign import ForeignServer, bench_foreign
from mingjing.bench.live.growth import bench_growth
from mingjing.bench.live.packages import PackageLoad, bench_packages
from mingjing.bench.live.plan import IDLE_SHARE, LiveLoad, Watch
from mingjing.bench.live.run import bench_live
from mingjing.bench.live.webrtc import bench_webrtc

__all__ = [
    "IDLE_SHARE",
    "ForeignServer",
    "LiveLoad",
    "PackageLoad",
    "Watch",
    "bench_foreign",
    "bench_growth",
    "bench_live",
    "bench_packages",
    "bench_webrtc",
]

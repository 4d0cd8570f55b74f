"""Live benchmarks: devices push, viewers and players watch, everything is archived and counted.

Here: one measurement under one load (`bench_live`), the same on another's server (`bench_foreign`), and as the
load grows (`bench_growth`). Not here: what the figures must be (bench.gates).
"""

from mingjing.bench.live.foreign import ForeignServer, bench_foreign
from mingjing.bench.live.growth import bench_growth
from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.live.run import bench_live

__all__ = ["ForeignServer", "LiveLoad", "bench_foreign", "bench_growth", "bench_live"]

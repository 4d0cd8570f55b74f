"""Measures the product as its users load it, and says whether the gates of performance are met.

Load generator, viewers and players are processes of their own; the server's cost is read from its own
process tree. Frames carry stamps, so loss, order and latency are counted, not assumed. How each
measurement can be fooled, and what is done about it: docs/reference/bench.md.

Here: `bench live`, `bench webrtc`, `bench archive`, `bench gates`, `bench soak`, and the meter of processes and host.
Not here: the command line (mingjing.cli), devices (mingjing.simulator), faults (tests/faults).
"""

from mingjing.bench.archive import ArchiveLoad, Years, bench_archive
from mingjing.bench.conversation import BenchProcessError
from mingjing.bench.gate_runs import Outcome, run_gates
from mingjing.bench.gates import ARCHIVE_ROWS, GATES, GROWTH_STEPS, Gate, Judgement, Verdict, judge
from mingjing.bench.live import (
    IDLE_SHARE,
    ForeignServer,
    LiveLoad,
    PackageLoad,
    Watch,
    bench_foreign,
    bench_growth,
    bench_live,
    bench_packages,
    bench_webrtc,
)
from mingjing.bench.load import Stream
from mingjing.bench.meter import cpu_model, steal_s
from mingjing.bench.report import Report
from mingjing.bench.server import NotAllLiveError
from mingjing.bench.soak import SoakPlan, soak_markdown, soak_server

__all__ = [
    "ARCHIVE_ROWS",
    "GATES",
    "GROWTH_STEPS",
    "IDLE_SHARE",
    "ArchiveLoad",
    "BenchProcessError",
    "ForeignServer",
    "Gate",
    "Judgement",
    "LiveLoad",
    "NotAllLiveError",
    "Outcome",
    "PackageLoad",
    "Report",
    "SoakPlan",
    "Stream",
    "Verdict",
    "Watch",
    "Years",
    "bench_archive",
    "bench_foreign",
    "bench_growth",
    "bench_live",
    "bench_packages",
    "bench_webrtc",
    "cpu_model",
    "judge",
    "run_gates",
    "soak_markdown",
    "soak_server",
    "steal_s",
]

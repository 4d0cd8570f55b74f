"""The gates of performance: which load belongs to each, and what its figures must be (docs/reference/bench.md).

A gate is met, missed, or not proved: when the load was not what it says, or who measured was too slow.
Only met passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mingjing.bench.live import IDLE_SHARE, LiveLoad, Watch
from mingjing.bench.load import Stream
from mingjing.bench.report import Report

SECONDS = 60
GROWTH_STEPS = (25, 50, 100, 200)
ARCHIVE_ROWS = 10_000_000  # 183 days of 200 channels in segments of five minutes are 10.5 million

_FULL = LiveLoad(devices=200, viewers=200, seconds=SECONDS)


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    NOT_PROVED = "not proved"


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` is what a figure of the result may be at most; `aim` what we want it to be."""

    figure: str
    most: float
    aim: float | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """`load` is None where the gate has a benchmark of its own; `bench` is live, webrtc, growth, archive or
    packages."""

    name: str
    work: str
    limits: tuple[Limit, ...]
    load: LiveLoad | None = None
    bench: str = "live"


_P1 = (
    Limit("units_lost", 0),
    Limit("viewer_units_lost", 0),
    Limit("cpu_percent", 70, 45),
    Limit("rss_mb", 600),
    Limit("loop_lag_p99_ms", 30),
)

_GATES = (
    Gate(
        "P1",
        "200 devices archived and watched by 200",
        _P1,
        _FULL,
    ),
    Gate(
        "P2",
        "live latency in P1",
        (Limit("latency_p50_ms", 40, 8), Limit("latency_p99_ms", 150, 40), Limit("viewers_silent", 0)),
        _FULL,
    ),
    Gate(
        "P3",
        "10 streams to 1,000 viewers",
        (
            Limit("viewer_skips", 0),
            Limit("viewer_units_lost", 0),
            Limit("viewers_silent", 0),
            Limit("cpu_percent", 45, 25),
            Limit("latency_p99_ms", 150),
        ),
        LiveLoad(devices=10, viewers=1_000, seconds=SECONDS, streams_viewed=10),
    ),
    Gate(
        "P4",
        "1 stream to 100 viewers by WebRTC",
        (
            Limit("percent_a_viewer", 0.17, 0.08),
            Limit("viewer_units_lost", 0),
            Limit("viewer_skips", 0),
            Limit("viewers_silent", 0),
        ),
        LiveLoad(devices=1, viewers=100, seconds=SECONDS, watch=Watch.WHEP, idle_share=IDLE_SHARE),
        bench="webrtc",
    ),
    Gate(
        "P5",
        "40 publishers by WHIP, archived",
        (Limit("percent_a_stream", 0.60, 0.25), Limit("units_lost", 0), Limit("units_duplicated", 0)),
        LiveLoad(devices=40, viewers=0, seconds=SECONDS, stream=Stream(transport="whip")),
        bench="webrtc",
    ),
    Gate(
        "P6",
        "first picture, opened at random moments of P1",
        (Limit("first_picture_p95_ms", 150, 30), Limit("first_picture_failed", 0)),
        LiveLoad(devices=200, viewers=200, seconds=SECONDS, openings=300),
    ),
    Gate(
        "P6-WEBRTC",
        "first picture by WebRTC, opened at random moments beside 100 viewers of 10 streams",
        (Limit("first_picture_p95_ms", 500, 250), Limit("first_picture_failed", 0)),
        LiveLoad(devices=10, viewers=100, seconds=SECONDS, watch=Watch.WHEP, openings=100),
        bench="webrtc",
    ),
    Gate(
        "P7",
        "200 devices drop at once and come back within 2 s",
        (Limit("reconnect_all_s", 10, 4), Limit("loop_lag_max_ms", 300), Limit("units_lost", 0)),
        LiveLoad(devices=200, viewers=200, seconds=SECONDS, reconnect=True),
    ),
    Gate(
        "P8",
        "index of 10,000,000 segments",
        (Limit("start_s", 10), Limit("list_page_p95_ms", 50), Limit("seek_p95_ms", 100)),
        bench="archive",
    ),
    Gate(
        "P9",
        "packages of a minute, handed out in P1",
        (
            Limit("export_p95_s", 2),
            Limit("export_failed", 0),
            *_P1,
        ),
        _FULL,
        bench="packages",
    ),
    Gate(
        "P10",
        "cost of a stream at 25, 50, 100 and 200",
        (Limit("ratio_to_linear", 1.1), Limit("units_lost", 0)),
        LiveLoad(devices=200, viewers=0, seconds=SECONDS / 2),
        bench="growth",
    ),
    Gate(
        "P11",
        "10 streams to 300 players over RTSP",
        (Limit("cpu_percent", 45, 30), Limit("player_units_lost", 0), Limit("players_silent", 0)),
        LiveLoad(devices=10, viewers=0, players=300, seconds=SECONDS, streams_viewed=10),
    ),
)

GATES = {gate.name: gate for gate in _GATES}


@dataclass(frozen=True, slots=True)
class Check:
    """One limit against what was measured; None: it was not."""

    limit: Limit
    measured: float | None

    @property
    def holds(self) -> bool:
        return self.measured is not None and self.measured <= self.limit.most


@dataclass(frozen=True, slots=True)
class Judgement:
    gate: Gate
    checks: tuple[Check, ...]
    verdict: Verdict

    def as_json(self) -> dict[str, object]:
        return {
            "gate": self.gate.name,
            "verdict": self.verdict.value,
            "checks": [
                {
                    "figure": check.limit.figure,
                    "measured": check.measured,
                    "most": check.limit.most,
                    "aim": check.limit.aim,
                    "holds": check.holds,
                }
                for check in self.checks
            ],
        }


def judge(gate: Gate, report: Report) -> Judgement:
    """Missed goes before not proved: what is bad although the load was too light is bad."""
    checks = tuple(Check(limit, report.number(limit.figure)) for limit in gate.limits)
    if not all(check.holds for check in checks):
        verdict = Verdict.MISSED
    else:
        verdict = Verdict.NOT_PROVED if report.warnings else Verdict.MET
    return Judgement(gate, checks, verdict)


def in_runs(gates: Sequence[Gate]) -> list[list[Gate]]:
    """Gates that one run can judge, together: those with the same load."""
    runs: list[list[Gate]] = []
    for gate in gates:
        for run in runs:
            if (run[0].bench, run[0].load) == (gate.bench, gate.load):
                run.append(gate)
                break
        else:
            runs.append([gate])
    return runs

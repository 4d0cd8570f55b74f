"""Runs gates one after another, each with its own load; gates with the same load are judged by one run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mingjing.bench.archive import ArchiveLoad, Years, bench_archive
from mingjing.bench.conversation import BenchProcessError
from mingjing.bench.gates import ARCHIVE_ROWS, GROWTH_STEPS, Gate, Judgement, Verdict, in_runs, judge
from mingjing.bench.live import PackageLoad, bench_growth, bench_live, bench_packages, bench_webrtc
from mingjing.bench.load import Stream
from mingjing.bench.report import Report
from mingjing.bench.server import NotAllLiveError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of each run; a run that broke has words instead of a report, and its gates are not met."""

    judgements: tuple[Judgement, ...]
    reports: tuple[tuple[str, Report], ...]  # gates' names, and the run they were judged by
    broken: tuple[tuple[str, str], ...]

    @property
    def met(self) -> bool:
        return not self.broken and all(judgement.verdict is Verdict.MET for judgement in self.judgements)

    def as_json(self) -> dict[str, object]:
        return {
            "bench": "gates",
            "met": self.met,
            "gates": [judgement.as_json() for judgement in self.judgements],
            "broken": [{"gates": names, "why": words} for names, words in self.broken],
            "runs": [{"gates": names, **report.as_json()} for names, report in self.reports],
        }


async def run_gates(
    gates: Sequence[Gate],
    cache_dir: Path,
    *,
    seconds: float | None = None,
    stream: Stream | None = None,
    told: Callable[[str], None] = lambda _words: None,
) -> Outcome:
    """`seconds` replaces each measurement's length, `stream` what devices send; `told` hears what is done meanwhile."""
    judgements: list[Judgement] = []
    reports: list[tuple[str, Report]] = []
    broken: list[tuple[str, str]] = []
    for run in in_runs(gates):
        names = ", ".join(gate.name for gate in run)
        told(f"{names}: {run[0].work}")
        try:
            report = await _run(run[0], cache_dir, seconds, stream or Stream())
        except (NotAllLiveError, BenchProcessError, RuntimeError) as error:
            broken.append((names, str(error) or type(error).__name__))
            continue
        reports.append((names, report))
        judgements += [judge(gate, report) for gate in run]
    return Outcome(tuple(judgements), tuple(reports), tuple(broken))


async def _run(gate: Gate, cache_dir: Path, seconds: float | None, stream: Stream) -> Report:
    if gate.bench == "archive":
        return await bench_archive(ArchiveLoad(Years(ARCHIVE_ROWS)), cache_dir)
    assert gate.load is not None, "only the archive's gate is without a load"
    stream = replace(stream, transport=gate.load.stream.transport)
    load = replace(gate.load, stream=stream, seconds=seconds or gate.load.seconds)
    if gate.bench == "packages":
        return await bench_packages(PackageLoad(live=load), cache_dir)
    if gate.bench == "growth":
        return await bench_growth(load, GROWTH_STEPS, cache_dir)
    if gate.bench == "webrtc":
        return await bench_webrtc(load, cache_dir)
    return await bench_live(load, cache_dir)

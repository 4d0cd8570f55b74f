"""The fault report: a pytest plugin that says of every fault in the catalogue which test tries it, and how it went.

    pytest -m fault --faults-report reports/faults.json

A test says what it tries by `@pytest.mark.fault("F36", "I8", "I9")`. The report works over xdist: what a
test measured travels as a property of its report. It prints one table at the end and writes the file;
a fault without a test, and one whose test failed or was skipped, stands in both as such.
"""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mingjing.bench import cpu_model, steal_s
from tests.faults.catalogue import FAULTS
from tests.house import bounds

PROPERTY = "fault"
WORST = ("failed", "skipped", "passed")  # what a fault is called whose tests had several outcomes
MISSING = "no test"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-report", metavar="FILE", help="print the table of faults, and write it there as JSON")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Before any test module is imported and any worker is started: one seed for all of them.
    os.environ.setdefault("FAULTS_SEED", str(secrets.randbelow(1_000_000)))
    path = config.getoption("--faults-report")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FaultReport(Path(path)), "fault-report")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    bounds.measured.clear()
    for mark in item.iter_markers("fault"):
        number, *invariants = mark.args
        if number not in FAULTS:
            raise pytest.UsageError(f"{item.nodeid}: {number} is not in tests/faults/catalogue.py")
        item.user_properties.append((PROPERTY, {"number": number, "invariants": invariants}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    if item.get_closest_marker("fault") is None:
        return (yield)
    stolen_s = steal_s()
    try:
        return (yield)
    finally:
        machine = {"stolen_s": round(steal_s() - stolen_s, 2), "load": os.getloadavg()[0]}
        measured = [asdict(measurement) for measurement in bounds.measured]
        item.user_properties.append((f"{PROPERTY} ran", {**machine, "measured": measured}))


@dataclass(slots=True)
class Tried:
    """One test of one fault."""

    test: str
    invariants: list[str]
    outcome: str = "passed"
    words: str = ""  # why it was skipped, or where it failed
    duration_s: float = 0.0
    stolen_s: float = 0.0
    load: float = 0.0
    measured: list[dict[str, Any]] = field(default_factory=list)


class FaultReport:
    """Gathers what the tests of this run say; lives in the process that reports."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = time.monotonic()
        self._tried: dict[str, dict[str, Tried]] = {number: {} for number in FAULTS}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = list(report.user_properties)
        for name, said in properties:
            if name == PROPERTY:
                tests = self._tried[said["number"]]
                tried = tests.setdefault(report.nodeid, Tried(report.nodeid, said["invariants"]))
                _follow(tried, report, dict(properties).get(f"{PROPERTY} ran", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        faults = [_summary(number, list(tests.values())) for number, tests in self._tried.items()]
        document = {**_circumstances(), "duration_s": round(time.monotonic() - self._began, 1), "faults": faults}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        terminalreporter.section("faults")
        for fault in faults:
            for line in _lines(fault):
                terminalreporter.write_line(line, red=fault["outcome"] == "failed")
        counts = {outcome: sum(fault["outcome"] == outcome for fault in faults) for outcome in (*WORST, MISSING)}
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        terminalreporter.write_line(f"{len(faults)} faults: {said}. Seed {document['seed']}; written to {self._path}")


def _follow(tried: Tried, report: pytest.TestReport, ran: dict[str, Any]) -> None:
    """Set-up, call and tear-down each report: any of them may fail or skip."""
    tried.duration_s += report.duration
    if report.when == "call":
        tried.stolen_s, tried.load = ran.get("stolen_s", 0.0), ran.get("load", 0.0)
        tried.measured = ran.get("measured", [])
    if report.outcome != "passed" and tried.outcome != "failed":
        tried.outcome, tried.words = report.outcome, _words(report)


def _words(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):  # a skip: file, line, reason
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr).partition("\n")[0]


def _summary(number: str, tests: list[Tried]) -> dict[str, Any]:
    invariants = {invariant for test in tests for invariant in test.invariants}
    return {
        "fault": number,
        "title": FAULTS[number],
        "outcome": next((one for one in WORST if any(test.outcome == one for test in tests)), MISSING),
        "invariants": sorted(invariants, key=lambda name: int(name[1:])),
        "duration_s": round(sum(test.duration_s for test in tests), 2),
        "tests": [asdict(test) for test in sorted(tests, key=lambda test: test.test)],
    }


def _lines(fault: dict[str, Any]) -> Iterator[str]:
    """A line for the fault, one for each thing that was measured (its worst), one for each test without success."""
    tests, invariants = fault["tests"], " ".join(fault["invariants"])
    length = f"{fault['duration_s']:8.1f} s" if tests else " " * 10
    stolen_s, load = sum(test["stolen_s"] for test in tests), max((test["load"] for test in tests), default=0)
    machine = f"{stolen_s:5.1f} s stolen, load {load:4.1f}" if tests else ""
    head = f"{fault['fault']}  {fault['title']:<56} {fault['outcome']:<8}{length}  {invariants:<24} {machine}"
    yield head.rstrip()
    worst: dict[str, bounds.Measurement] = {}
    for one in (bounds.Measurement(**measured) for test in tests for measured in test["measured"]):
        if one.what not in worst or abs(one.value) > abs(worst[one.what].value):
            worst[one.what] = one
    for measurement in worst.values():
        limit = "" if measurement.limit is None else f" of {measurement.limit:g}"
        yield f"       {measurement.what}: {measurement.value:.2f}{limit} {measurement.unit}"
    for test in tests:
        if test["outcome"] != "passed":
            yield f"       {test['outcome']}: {test['test']}: {test['words']}"


def _circumstances() -> dict[str, Any]:
    """What a reader needs to know to believe the numbers, or to repeat them."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_since": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "kernel": os.uname().release,
        "seed": int(os.environ["FAULTS_SEED"]),
        "form": "long" if bounds.FULL else "short",
        "room_s": bounds.ROOM_S,
    }


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return done.stdout.strip()

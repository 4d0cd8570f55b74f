"""Every parser for a while under atheris: `make fuzz`, or `python -m tests.fuzz.campaign [TARGET…]`.

FUZZ_SECONDS (600) is for each parser. Findings go to tests/vectors/CLASS, where the suite replays them;
the corpus is kept in .cache/fuzz, so a later run goes on where this one stopped. The table at the end,
and FUZZ_RESULTS (reports/fuzz.json), say what was done.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests.fuzz.targets import BY_EXPOSURE, load
from tests.vectors.loader import VECTORS

SECONDS = int(os.environ.get("FUZZ_SECONDS", "600"))
RESULTS = Path(os.environ.get("FUZZ_RESULTS", "reports/fuzz.json"))
CORPUS = Path(os.environ.get("FUZZ_CORPUS", ".cache/fuzz"))
HANG_S = 20  # for one input of at most 64 KiB on a machine that does other things too
MEMORY_MIB = 2_048
INPUT_MAX_BYTES = 65_536
_STATISTIC = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERAGE = re.compile(r"cov: (\d+)")
_FINDING = re.compile(r"^FINDING (.+)$", re.MULTILINE)


def main(names: Sequence[str]) -> int:
    """The exit status: 1 when something was found."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    names = names or BY_EXPOSURE
    for name in names:
        results[name] = run(name)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    sys.stdout.write(table(results) + "\n")
    return int(any(results[name]["findings"] for name in names))


def run(name: str) -> dict[str, object]:
    """One target, until its time is over."""
    corpus, artifacts = CORPUS / name, CORPUS / f"{name}-artifacts"
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    target = load(name)
    for seed in target.seeds():
        (corpus / sha256(seed).hexdigest()).write_bytes(seed)
    dictionary = CORPUS / f"{name}.dict"
    dictionary.write_text("".join(f'"{_quoted(token)}"\n' for token in target.TOKENS))
    began, worked_s = time.monotonic(), _children_s()
    executions, coverage, findings = 0, 0, []
    while (left_s := round(SECONDS - (time.monotonic() - began))) > 0:
        said = _child(name, target.KIND, corpus, artifacts, dictionary, left_s)
        executions += sum(int(count) for count in _STATISTIC.findall(said))
        coverage = max([coverage, *(int(count) for count in _COVERAGE.findall(said))])
        findings += [finding for finding in _FINDING.findall(said) if finding not in findings]
        findings += _taken_over(artifacts, VECTORS / target.KIND)
    seconds = round(time.monotonic() - began)
    cpu_s = round(_children_s() - worked_s)  # on a busy machine the better measure of what was done
    return {"seconds": seconds, "cpu_s": cpu_s, "executions": executions, "coverage": coverage, "findings": findings}


def _child(name: str, kind: str, corpus: Path, artifacts: Path, dictionary: Path, seconds: int) -> str:
    log = CORPUS / f"{name}.log"
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(VECTORS / kind)]
    command += [
        f"-max_total_time={seconds}",
        f"-max_len={INPUT_MAX_BYTES}",
        f"-timeout={HANG_S}",
        f"-report_slow_units={10 * HANG_S}",
    ]
    command += [f"-rss_limit_mb={MEMORY_MIB}", f"-artifact_prefix={artifacts}/", f"-dict={dictionary}"]
    command += ["-print_final_stats=1", "-verbosity=1", str(corpus)]
    with log.open("w") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    return log.read_text(errors="replace")


def _taken_over(artifacts: Path, folder: Path) -> list[str]:
    """What ended a run: a hang, memory, a crash of the interpreter."""
    taken = []
    for path in sorted(artifacts.iterdir()):
        data = path.read_bytes()
        folder.mkdir(exist_ok=True)
        (folder / sha256(data).hexdigest()).write_bytes(data)
        taken.append(path.name.partition("-")[0])
        path.unlink()
    return taken


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _quoted(token: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token)


def table(results: dict[str, dict[str, object]]) -> str:
    lines = [f"{'parser':<12}{'seconds':>8}{'of CPU':>8}{'executions':>13}{'coverage':>10}  findings"]
    for name, result in results.items():
        found = ", ".join(map(str, result["findings"])) or "none"  # type: ignore[call-overload]
        cpu = result.get("cpu_s", "")
        lines.append(
            f"{name:<12}{result['seconds']:>8}{cpu:>8}{result['executions']:>13}{result['coverage']:>10}  {found}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The one JSON object that every benchmark prints."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from mingjing.bench.meter import cpu_model


@dataclass(frozen=True, slots=True)
class Report:
    bench: str
    params: Mapping[str, object]
    result: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        return {
            "bench": self.bench,
            "commit": _commit(),
            "cpu": cpu_model(),
            "params": dict(self.params),
            "result": dict(self.result),
        }


def _commit() -> str:
    """The commit that is checked out, with a + when the tree differs from it; empty outside a checkout."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def percentile(values: list[float], percent: float) -> float:
    """Nearest rank; 0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

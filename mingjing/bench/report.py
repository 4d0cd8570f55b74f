"""The one JSON object that every benchmark prints, and what makes it worth believing.

`warnings` void a measurement: the load was not what it says, or who measured was too slow.
`remarks` explain it: a busy host makes figures worse, never better.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mingjing.bench.meter import cpu_model


@dataclass(frozen=True, slots=True)
class Report:
    bench: str
    params: Mapping[str, object]
    result: Mapping[str, object]
    warnings: Sequence[str] = ()
    remarks: Sequence[str] = ()
    details: Mapping[str, object] = field(default_factory=dict)  # series and the like, behind the figures

    def as_json(self) -> dict[str, object]:
        return {
            "bench": self.bench,
            "commit": _commit(),
            "cpu": cpu_model(),
            "params": dict(self.params),
            "result": dict(self.result),
            "warnings": list(self.warnings),
            "remarks": list(self.remarks),
            **({"details": dict(self.details)} if self.details else {}),
        }

    def number(self, name: str) -> float | None:
        """A figure of the result; None when it was not measured."""
        value = self.result.get(name)
        return float(value) if isinstance(value, int | float) else None


def _commit() -> str:
    """The commit that is checked out, with a + when the tree differs from it; empty outside a checkout."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")

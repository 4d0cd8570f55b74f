"""The soak: a real server for a long time, under load and unrest, and whether it is the same at the end.

Here: `soak_server`, the plan, what disturbs, the samples, the test of flatness, the report for people.
Not here: faults of disks and processes (tests/faults).
"""

from mingjing.bench.soak.markdown import soak_markdown
from mingjing.bench.soak.plan import SoakPlan
from mingjing.bench.soak.run import soak_server

__all__ = ["SoakPlan", "soak_markdown", "soak_server"]

"""The devices of a benchmark: a fleet of the simulator in a process of its own.

Here: `Publishers`, the benchmark's end of it; the process. Not here: how a device sends (mingjing.simulator).
"""

from mingjing.bench.load.publishers import Marks, Publishers, Sent, Stream

__all__ = ["Marks", "Publishers", "Sent", "Stream"]

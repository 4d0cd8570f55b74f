"""P10: what a stream costs as there are more of them, each step on a fresh server.

`ratio_to_linear` is the greatest growth of the cost per stream between any two steps, so neither a cheap
first step nor a dear last one can hide behind the steps between.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mingjing.bench.live.plan import LiveLoad
from mingjing.bench.live.run import bench_live
from mingjing.bench.report import Report


async def bench_growth(load: LiveLoad, steps: Sequence[int], cache_dir: Path) -> Report:
    """The same load with so many devices in turn, a viewer for each if `load` has viewers at all.

    Raises:
        ValueError: fewer than two steps, or not in rising order.
    """
    if len(steps) < 2 or list(steps) != sorted(set(steps)):
        raise ValueError("give at least two numbers of devices, the smaller first")
    costs: dict[int, float] = {}
    reports = []
    for devices in steps:
        step = replace(load, devices=devices, viewers=devices if load.viewers else 0)
        report = await bench_live(step, cache_dir)
        reports.append(report)
        costs[devices] = (report.number("cpu_percent") or 0.0) / devices
    result: dict[str, object] = {
        "units_lost": sum(int(report.number("units_lost") or 0) for report in reports),
        **{
            f"cpu_percent_{devices}": report.result["cpu_percent"]
            for devices, report in zip(steps, reports, strict=True)
        },
        **{f"percent_a_stream_{devices}": round(cost, 3) for devices, cost in costs.items()},
        "ratio_to_linear": ratio_to_linear(costs),
        "steal_percent": max(report.number("steal_percent") or 0.0 for report in reports),
    }
    warnings = [f"{devices}: {words}" for devices, one in zip(steps, reports, strict=True) for words in one.warnings]
    remarks = [f"{devices}: {words}" for devices, one in zip(steps, reports, strict=True) for words in one.remarks]
    details = {str(devices): dict(one.result) for devices, one in zip(steps, reports, strict=True)}
    params = {**load.params(), "devices": list(steps)}
    del params["streams_viewed"]  # each step has its own
    return Report("live", params, result, warnings, remarks, details)


def ratio_to_linear(cost_of_one: dict[int, float]) -> float:
    """The greatest ratio of the cost of one stream at a step to that at any smaller step; 1 when it only falls."""
    sizes = sorted(cost_of_one)
    ratios = [
        cost_of_one[larger] / cost_of_one[smaller]
        for place, larger in enumerate(sizes)
        for smaller in sizes[:place]
        if cost_of_one[smaller] > 0
    ]
    return round(max([1.0, *ratios]), 3) if len(ratios) == len(sizes) * (len(sizes) - 1) // 2 else float("inf")

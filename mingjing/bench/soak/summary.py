"""The report of a soak: its verdict, its figures, and the series behind them."""

from dataclasses import asdict

from mingjing.bench.account import settle
from mingjing.bench.report import Report
from mingjing.bench.soak.flatness import JUDGED_MIN_S
from mingjing.bench.soak.plan import Layout, SoakPlan
from mingjing.bench.soak.soaked import Soaked
from mingjing.bench.soak.verdict import Condition, conditions_of, flatnesses

TOO_SHORT = f"too short to judge growth: {JUDGED_MIN_S:.0f} s after the warm-up are needed"


def report_of(plan: SoakPlan, layout: Layout, soaked: Soaked) -> Report:
    account = settle(soaked.sent, soaked.archive)
    flat = flatnesses(soaked.samples)
    conditions = conditions_of(soaked, account, flat)
    latency = soaked.latency
    return Report(
        bench="soak",
        params={**asdict(plan), **asdict(layout), **asdict(layout.stream())},
        result={
            "verdict": _verdict(conditions, soaked),
            "units_sent": account.sent,
            "units_archived": soaked.archive.units,
            "units_lost": account.lost,
            "units_under_way": account.under_way,
            "units_duplicated": soaked.archive.duplicated,
            "publications": account.publications,
            "segments_archived": soaked.archive.segments,
            "segments_deleted": soaked.archive.segments - soaked.segments_left,
            "visits": soaked.viewers["visits"],
            "viewer_skips": soaked.viewers["skips"],
            "latency_p50_ms": latency.percentile_ms(50),
            "latency_p99_ms": latency.percentile_ms(99),
            "visits_without_picture": soaked.viewers["visits_failed"],  # devices that were away, mostly
            "loop_lag_max_ms": max((sample.loop_lag_max_ms for sample in soaked.samples), default=0.0),
            "soaked_s": soaked.samples[-1].at_s if soaked.samples else 0.0,  # where the meter has not come to its end
            **soaked.figures,
        },
        remarks=[] if all(one.long_enough for one in flat) else [TOO_SHORT],
        details={
            "broken": soaked.broken,
            "conditions": [asdict(one) for one in conditions],
            "flatness": [{**asdict(one), "flat": one.flat} for one in flat],
            "disturbances": dict(soaked.disturbances),
            "samples": [asdict(sample) for sample in soaked.samples],
        },
    )


def _verdict(conditions: list[Condition], soaked: Soaked) -> str:
    if not all(one.holds for one in conditions):
        return "failed"
    return "interrupted" if soaked.interrupted else "passed"

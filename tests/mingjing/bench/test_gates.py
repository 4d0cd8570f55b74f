"""When a gate is met, and when that is not proved."""

import pytest

from mingjing.bench import GATES, Report, Verdict, judge
from mingjing.bench.gates import in_runs
from mingjing.bench.live.growth import ratio_to_linear

GOOD = {"units_lost": 0, "viewer_units_lost": 0, "cpu_percent": 70.0, "rss_mb": 600, "loop_lag_p99_ms": 30.0}


def report(warnings=(), **changes):
    return Report("live", {}, {**GOOD, **changes}, warnings)


def test_a_gate_is_met_at_its_very_limits():
    assert judge(GATES["P1"], report()).verdict is Verdict.MET


@pytest.mark.parametrize(
    "change", [{"units_lost": 1}, {"cpu_percent": 70.1}, {"loop_lag_p99_ms": 30.1}, {"rss_mb": None}]
)
def test_more_than_a_limit_or_nothing_measured_is_missed(change):
    judgement = judge(GATES["P1"], report(**change))
    assert judgement.verdict is Verdict.MISSED
    assert [check.limit.figure for check in judgement.checks if not check.holds] == list(change)


def test_good_figures_of_a_measurement_in_doubt_prove_nothing_and_bad_ones_are_bad():
    assert judge(GATES["P1"], report(["the generator was saturated"])).verdict is Verdict.NOT_PROVED
    assert judge(GATES["P1"], report(["the generator was saturated"], units_lost=3)).verdict is Verdict.MISSED


def test_gates_of_one_load_share_a_run():
    assert [[gate.name for gate in run] for run in in_runs([GATES[name] for name in ("P1", "P3", "P2")])] == [
        ["P1", "P2"],
        ["P3"],
    ]


def test_every_gate_of_live_has_a_load_that_can_give_its_figures():
    for gate in GATES.values():
        if gate.bench == "archive":
            continue
        assert gate.load is not None
        figures = {limit.figure for limit in gate.limits}
        assert gate.load.viewers or not figures & {"viewer_skips", "latency_p99_ms", "viewer_units_lost"}
        assert gate.load.players or not any(figure.startswith("player") for figure in figures)
        assert gate.load.openings or "first_picture_p95_ms" not in figures
        assert gate.load.idle_share or "percent_a_viewer" not in figures
        assert gate.load.stream.transport == "whip" or "percent_a_stream" not in figures
        assert gate.load.reconnect or "reconnect_all_s" not in figures


def test_growth_is_the_worst_between_any_two_steps():
    assert ratio_to_linear({25: 0.4, 50: 0.3, 100: 0.36, 200: 0.33}) == 1.2  # 50 → 100, though 25 → 200 falls
    assert ratio_to_linear({25: 0.4, 50: 0.3}) == 1.0
    assert ratio_to_linear({25: 0.0, 50: 0.3}) == float("inf")  # nothing measured proves nothing

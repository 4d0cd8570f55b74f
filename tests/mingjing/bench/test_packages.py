"""P9 with two devices instead of two hundred."""

from mingjing.bench import LiveLoad, PackageLoad, bench_packages


async def test_packages_are_handed_out_while_devices_push_and_nothing_is_lost(cache, stream):
    small = LiveLoad(2, viewers=2, seconds=3, stream=stream, settle_s=0.1)
    report = await bench_packages(PackageLoad(exports=2, live=small), cache)
    result = report.result
    assert not [one for one in report.warnings if "sent late" not in one]  # of the machine, not of the server
    assert (result["export_failed"], result["units_lost"], result["viewer_units_lost"]) == (0, 0, 0)
    assert 0 < result["export_p50_s"] <= result["export_p95_s"] <= result["export_max_s"]
    assert result["export_mb"] > 0
    assert result["viewer_units_received"] > 2 * 10
    assert 0 < result["latency_p50_ms"] <= result["latency_p99_ms"]
    assert {"cpu_percent", "cpu_percent_before", "loop_lag_p99_ms", "loop_lag_p99_before_ms"} <= set(result)

"""P9 with two devices instead of two hundred."""

from mingjing.bench import PackageLoad, Stream, bench_packages


async def test_packages_are_handed_out_while_devices_push_and_nothing_is_lost(tmp_path):
    small = Stream(bitrate_kbps=200, fps=10)
    report = await bench_packages(PackageLoad(exports=2, devices=2, viewers=2, clip_s=3, stream=small), tmp_path)
    assert not report.warnings
    assert (report.result["export_failed"], report.result["units_lost"]) == (0, 0)
    assert 0 < report.result["export_p50_s"] <= report.result["export_p95_s"]
    assert report.result["export_mb"] > 0

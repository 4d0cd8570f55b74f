"""The soak for a few seconds: everything that can be disturbed is, and the verdict is drawn from it."""

import asyncio
import os
from collections import Counter

import psutil
import pytest

from mingjing.bench import SoakPlan, soak_markdown, soak_server
from mingjing.bench.archive.read_back import SegmentCount
from mingjing.bench.soak import tally
from mingjing.bench.soak.plan import Layout
from mingjing.bench.soak.run import EVERYBODY_THERE
from mingjing.bench.soak.samples import Sample
from mingjing.bench.soak.soaked import Soaked
from mingjing.bench.soak.summary import report_of
from mingjing.bench.soak.tally import Tally


def sessions_of_children():
    return {os.getsid(child.pid) for child in psutil.Process().children(recursive=True)}


async def test_everything_is_disturbed_and_who_is_stopped_early_tells_what_there_is(cache, tmp_path, monkeypatch):
    monkeypatch.setattr("mingjing.bench.soak.run.SETTLE_S", 0.2)
    loop, stop, there, sessions = asyncio.get_running_loop(), asyncio.Event(), sessions_of_children(), set()

    def told(words):
        if words == EVERYBODY_THERE:
            sessions.update(sessions_of_children() - there)
            loop.call_later(4, stop.set)

    plan = SoakPlan(devices=3, seconds=5, viewers=2, bitrate_kbps=300)
    report = await soak_server(plan, cache, tmp_path / "data", stop=stop, told=told)
    result, details = report.result, report.details
    assert result["verdict"] == "interrupted", details["conditions"]
    assert result["units_lost"] == 0
    assert result["units_archived"] + result["units_under_way"] == result["units_sent"] > 3 * 25
    assert result["publications"] > 3
    assert sum(details["disturbances"].values()) >= 2
    # Server, two generators, viewers: Ctrl-C goes to a whole session, and they are to end in order.
    assert len(sessions - {os.getsid(0)}) == 4
    assert any("too short" in words for words in report.remarks)
    told = soak_markdown(report)
    assert "# Soak: 3 devices for " in told
    assert "5 seconds: interrupted" in told  # of them, or on a slow machine all of them
    assert "**fails**" not in told


def soaked(**changes):
    return report_of(SoakPlan(1, 600, 1), Layout(300, 0.5, 1.0), Soaked(impostor_refusals=[3], **changes))


def test_a_server_that_ends_by_itself_fails_the_soak_and_takes_nothing_away_of_what_was_seen():
    samples = [Sample(float(at), 200.0, 50, 9, 40, 9.0, 1.0, 2.0, 1, 1, 0, 0.0) for at in range(0, 500, 10)]
    report = soaked(broken="the server has ended by itself:\nTraceback | of\nall", samples=samples)
    assert report.result["verdict"] == "failed"
    assert report.result["soaked_s"] == 490
    told = soak_markdown(report)
    assert "| **fails** | the server, and all that load and watch it, stay until the end | the server has ended" in told
    assert "| rss_mb | 200 | +0 |" in told
    assert "for 8 minutes of 10 minutes: failed" in told


def test_one_condition_that_does_not_hold_fails_it_also_when_it_was_interrupted():
    assert soaked().result["verdict"] == "passed"
    assert soaked(interrupted=True).result["verdict"] == "interrupted"
    for bad in ({"faults": "a | b"}, {"deleted_unread": 1}, {"impostor_units": 1}, {"viewers": Counter(refused=1)}):
        assert soaked(interrupted=True, **bad).result["verdict"] == "failed"


async def test_a_folder_that_is_in_use_is_not_touched(tmp_path, cache):
    (tmp_path / "theirs").touch()
    with pytest.raises(ValueError, match="not empty"):
        await soak_server(SoakPlan(1, 5, 0), cache, tmp_path)


@pytest.mark.parametrize(("devices", "seconds"), [(200, 3_600), (3, 10), (50, 600)])
def test_the_ring_has_something_to_delete_and_never_comes_near_what_is_not_read_yet(tmp_path, devices, seconds):
    layout = SoakPlan(devices, seconds, 0, bitrate_kbps=500).laid_out(tmp_path)
    produced_gb = devices * seconds * 550 / 8 / 1e6
    segments_gb = produced_gb * layout.segment_minutes * 60 / seconds
    assert layout.ring_gigabytes >= 5 * segments_gb
    if seconds >= 600:
        assert layout.ring_gigabytes < produced_gb / 2
    assert 0.1 <= layout.segment_minutes <= 5


def test_a_disk_that_cannot_hold_it_is_told_before_anything_is_begun(tmp_path):
    with pytest.raises(ValueError, match="Name a folder on a larger disk"):
        SoakPlan(2_000, 10_000_000, 0).laid_out(tmp_path)


async def test_segments_of_a_stream_are_counted_in_order_though_the_later_has_its_row_first(tmp_path, monkeypatch):
    """A soak of an hour failed by it: a stream ended right behind a new segment, between two looks at the same one."""
    first, second = (tmp_path / f"2026-12-01/dev1/main/{name}.mp4" for name in ("01A", "01B"))

    unsettled = {first.stem}

    class Rows:
        def segments(self):
            return [second, first]

        def is_unsettled(self, name):
            return name in unsettled

    def count(paths, _):
        number = 1 if paths == [first] else 51
        yield SegmentCount("dev1", "main", "stream", ((number, number + 49),), number, 0, 0, 0, 0)

    monkeypatch.setattr(tally, "count_segments", count)
    with Tally(tmp_path) as counting:
        counting._store = Rows()
        counting._look(settled_only=True)
        assert counting.count.segments == 0
        unsettled.clear()
        counting._look(settled_only=True)
    assert (counting.count.segments, counting.count.units, counting.count.disordered) == (2, 100, 0)

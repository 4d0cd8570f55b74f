"""`mingjing bench …` as it is typed: which load a gate stands for, what is printed, and with which status it ends."""

import asyncio
import io
import json
import os
import signal

import pytest

from mingjing.bench import Report
from mingjing.bench.soak.plan import Layout
from mingjing.bench.soak.soaked import Soaked
from mingjing.bench.soak.summary import report_of
from mingjing.cli import bench as command
from mingjing.cli import main

GOOD = {
    "units_lost": 0,
    "viewer_skips": 0,
    "viewer_units_lost": 0,
    "viewers_silent": 0,
    "cpu_percent": 30.5,
    "latency_p99_ms": 20.0,
}


@pytest.fixture
def measured(monkeypatch):
    """Loads that were asked for; what is measured of them is `GOOD`, with these warnings."""
    asked, warnings = [], []

    async def bench_live(load, cache_dir):
        asked.append(load)
        return Report("live", load.params(), GOOD, list(warnings), ["the host took 12 % of a core for others"])

    async def bench_webrtc(load, cache_dir, server):
        asked.append((load, server))
        return Report("webrtc", load.params(), {**GOOD, "percent_a_viewer": 0.08}, list(warnings))

    monkeypatch.setattr(command, "bench_live", bench_live)
    monkeypatch.setattr("mingjing.cli.bench_webrtc.bench_webrtc", bench_webrtc)
    return asked, warnings


def run(capsys, tmp_path, *words):
    status = 0
    try:
        main(["bench", *words, "--cache-dir", str(tmp_path)])
    except SystemExit as end:
        status = end.code or 0
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_webrtc_is_of_viewers_or_of_publishers(measured, capsys, tmp_path):
    assert run(capsys, tmp_path, "webrtc", "--gate", "p4", "--seconds", "5")[0] == 0
    assert run(capsys, tmp_path, "webrtc", "--publishers", "40", "--bitrate", "800")[0] == 0
    assert run(capsys, tmp_path, "webrtc", "--viewers", "7", "--openings", "3")[0] == 0
    (gate, none), (push, _), (watch, _) = measured[0]
    assert (gate.devices, gate.viewers, gate.watch, gate.idle_share, gate.seconds) == (1, 100, "whep", 0.5, 5)
    assert none is None
    assert (push.devices, push.viewers, push.stream.transport, push.stream.bitrate_kbps) == (40, 0, "whip", 800)
    assert (watch.devices, watch.viewers, watch.openings, watch.stream.transport) == (1, 7, 3, "tcp")
    status, _, err = run(capsys, tmp_path, "webrtc")
    assert (status, "--viewers 100, or --publishers 40" in err) == (1, True)


def test_viewers_of_another_server_need_a_stream_of_ours_there(measured, capsys, tmp_path):
    whep = "http://127.0.0.1:1985/rtc/v1/whep/?app=live&stream={device}"
    status, _, err = run(capsys, tmp_path, "webrtc", "--viewers", "2", "--server", whep)
    assert (status, "--source" in err) == (1, True)
    assert (
        run(capsys, tmp_path, "webrtc", "--viewers", "2", "--server", whep, "--source", "rtsp://127.0.0.1/live")[0] == 0
    )
    [(_, server)] = measured[0]
    assert (server.url, server.whep) == ("rtsp://127.0.0.1/live", whep)


def test_a_gate_brings_its_load_and_options_change_it(measured, capsys, tmp_path):
    status, out, _ = run(capsys, tmp_path, "live", "--gate", "p3", "--seconds", "5")
    [load] = measured[0]
    assert (load.devices, load.viewers, load.streams_viewed, load.seconds) == (10, 1_000, 10, 5)
    assert status == 0
    assert "P3" in out
    assert "met" in out
    assert "Remark: the host took 12 %" in out


def test_a_warning_ends_a_gate_with_1_and_no_gate_with_0(measured, capsys, tmp_path):
    measured[1].append("the generator was saturated")
    assert run(capsys, tmp_path, "live")[0] == 0
    status, out, _ = run(capsys, tmp_path, "live", "--gate", "P3")
    assert status == 1
    assert "not proved" in out
    assert "Warning: the generator was saturated." in out


def test_programs_get_one_object_on_a_line_and_in_a_file(measured, capsys, tmp_path):
    file = tmp_path / "new" / "report.json"
    _, out, _ = run(capsys, tmp_path, "live", "--gate", "P3", "--json", "--out", str(file))
    told = json.loads(out)
    assert {"bench", "commit", "cpu", "params", "result", "warnings", "remarks", "gates"} == set(told)
    assert told["gates"][0]["verdict"] == "met"
    assert json.loads(file.read_text()) == told


def test_all_gates_are_told_together_and_one_that_is_missed_ends_with_1(measured, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("mingjing.bench.gate_runs.bench_live", command.bench_live)
    status, out, err = run(capsys, tmp_path, "gates", "--only", "P3,P11")
    assert status == 1  # no player was measured
    assert "P3: 10 streams" in err
    assert "not measured" in out
    assert [load.players for load in measured[0]] == [0, 300]


def test_the_password_of_another_server_comes_in_through_a_pipe_and_never_as_an_argument(monkeypatch, capsys, tmp_path):
    asked = []

    async def bench_foreign(load, server, cache_dir):
        asked.append(server)
        return Report("live", load.params(), GOOD, [], [])

    monkeypatch.setattr(command, "bench_foreign", bench_foreign)
    monkeypatch.setattr("sys.stdin", io.StringIO("of the wall\n"))
    words = ("live", "--server", "rtsp://127.0.0.1:8554", "--user", "wall")
    assert run(capsys, tmp_path, *words, "--password-stdin")[0] == 0
    assert [(server.user, server.password) for server in asked] == [("wall", "of the wall")]
    status, _, err = run(capsys, tmp_path, *words, "--password", "of the wall")
    assert (status, len(asked)) == (2, 1)
    assert "No such option" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_a_soak_for_what_it_has_and_a_second_one_ends_it(number, monkeypatch, capsys, tmp_path):
    async def soak_server(plan, _cache, _data_dir, *, stop, told):
        os.kill(os.getpid(), number)
        await stop.wait()
        told("reading back")
        if plan.devices == 2:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        return report_of(plan, Layout(300, 0.1, 1.0), Soaked(interrupted=True, impostor_refusals=[1]))

    monkeypatch.setattr(command, "soak_server", soak_server)
    files = ("--out", str(tmp_path / "soak.json"), "--markdown", str(tmp_path / "soak.md"))
    status, out, err = run(capsys, tmp_path, "soak", "--devices", "1", *files)
    assert status == 1
    assert "interrupted" in out
    assert err == "Stopping: what there is will be reported. Once more, and nothing will.\nreading back\n"
    assert "interrupted" in (tmp_path / "soak.md").read_text()
    assert json.loads((tmp_path / "soak.json").read_text())["result"]["verdict"] == "interrupted"
    status, out, err = run(capsys, tmp_path, "soak", "--devices", "2")
    assert (status, out) == (1, "")
    assert "Stopped before it was measured." in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("live", "--gate", "P9"), "There are P1, P2, P3"),
        (("archive", "--gate", "P1"), "There are P8"),
        (("live", "--growth", "25;50"), "25,50,100,200"),
        (("live", "--growth", "50,25"), "the smaller first"),
        (("live", "--server", "http://x"), "rtsp://HOST:PORT"),
        (("live", "--server", "rtsp://127.0.0.1:1", "--viewers", "3"), "use players here"),
        (("live", "--password-stdin"), "goes with --server and --user"),
        (("live", "--server", "rtsp://127.0.0.1:1", "--password-stdin"), "goes with --server and --user"),
        (
            ("live", "--server", "rtsp://127.0.0.1:1", "--user", "wall", "--password-stdin", "--keys", "-"),
            "read --keys from a file",
        ),
    ],
)
def test_what_cannot_be_measured_is_told_with_what_to_do(words, said, capsys, tmp_path):
    status, out, err = run(capsys, tmp_path, *words)
    assert (status, out) == (1, "")
    assert said in err

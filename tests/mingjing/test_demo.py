"""The first screen of a newcomer, with devices in a process of their own; and the fleet simulator as a command."""

import io
import json
import re
import time

import httpx
import pytest

from tests.mingjing.command import Command, serving, started

SECONDS = "3"  # a fleet's devices come within the first two


@pytest.fixture
def cache(clip_cache):
    """The generated clip takes seconds to make: once for all."""
    return clip_cache


def passwords(printed):
    return dict(re.findall(r"^  (\w+) +(\S+)$", printed, re.M))


def test_demo_shows_where_to_log_in_and_its_devices_send_and_are_recorded(tmp_path, capsys, cache):
    data_dir, mingjing = tmp_path / "demo", Command(tmp_path / "demo", capsys)
    words = ("demo", "--devices", "2", "--data-dir", str(data_dir))
    with started(*words, XDG_CACHE_HOME=str(cache)) as server:
        server.wait_until_ready()
        deadline = time.monotonic() + 60
        while json.loads(mingjing.ok("store", "check", "--quick", "--json"))["open_segments"] < 2:
            assert time.monotonic() < deadline, "not recording"
            time.sleep(0.1)  # asking costs the server as much as recording
        status, printed = server.stop()
    assert status == 0
    first = passwords(printed)
    assert set(first) == {"sysadmin", "secadmin", "auditor", "supervisor", "reviewer", "siteadmin"}
    assert server.http in printed
    report = json.loads(mingjing.ok("store", "check", "--json"))
    assert (report["segments"], report["faults"]) == (2, [])
    assert report["fragments"] > 0
    with started(*words, XDG_CACHE_HOME=str(cache)) as again:
        again.wait_until_ready()
        again.wait_for("stream begins")
        for _ in range(6):  # the passwords are printed right after the line of the log
            again.process.stdout.readline()
        second = passwords("".join(again.process.stdout.readline() for _ in range(5)))
        answer = httpx.post(
            f"{again.http}/api/v1/login",
            json={"username": "supervisor", "password": second["supervisor"]},
            headers={"Origin": again.http},
        )
        assert answer.status_code == 200, answer.text
        again.stop()
    assert second["supervisor"] != first["supervisor"]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A store that a server has, for the fleets; each has devices of its own."""
    data_dir = tmp_path_factory.mktemp("served") / "store"
    with serving(data_dir) as server:
        yield data_dir, server
        server.stop()


def test_simulate_registers_its_devices_and_tells_what_they_sent(served, capsys, cache):
    data_dir, server = served
    mingjing = Command(data_dir, capsys)
    words = ("simulate", "--server", server.rtsp, "--devices", "2", "--seconds", SECONDS, "--json")
    for _ in range(2):  # the second fleet takes the same devices, with other keys
        report = json.loads(mingjing.ok(*words, "--cache-dir", str(cache / "mingjing")))
        assert [device["device"] for device in report["devices"]] == ["sim-0001", "sim-0002"]
        assert all(device["sent"] and not device["refusals"] for device in report["devices"])
    listed = json.loads(mingjing.ok("device", "list", "--json"))["items"]
    listed = [device for device in listed if device["id"].startswith("sim-")]
    assert [(device["id"], device["checkpoint"]) for device in listed] == [
        ("sim-0001", "simulated"),
        ("sim-0002", "simulated"),
    ]
    assert all(device["last_seen"] for device in listed)


def test_simulate_takes_the_keys_of_devices_elsewhere_and_is_refused_with_wrong_ones(
    served, tmp_path, capsys, cache, monkeypatch
):
    data_dir, server = served
    mingjing, elsewhere = Command(data_dir, capsys), tmp_path / "no store"
    mingjing.ok("unit", "add", "city")
    mingjing.ok("checkpoint", "add", "gate", "--unit", "city")
    made = [
        json.loads(mingjing.ok("device", "add", name, "--checkpoint", "gate", "--json")) for name in ("dev1", "dev2")
    ]
    made[1]["key"] = "wrong"
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(json.dumps(each) for each in made)))
    words = ("simulate", "--server", server.rtsp, "--keys", "-", "--seconds", SECONDS, "--json")
    report = json.loads(mingjing.ok(*words, "--cache-dir", str(cache / "mingjing"), data_dir=elsewhere))
    sent = {device["device"]: device for device in report["devices"]}
    assert (bool(sent["dev1"]["sent"]), bool(sent["dev1"]["refusals"])) == (True, False)
    assert (bool(sent["dev2"]["sent"]), bool(sent["dev2"]["refusals"])) == (False, True)
    listed = {device["id"]: device for device in json.loads(mingjing.ok("device", "list", "--json"))["items"]}
    assert listed["dev2"]["last_refusal"].startswith("wrong_key from 127.0.0.1")
    assert not listed["dev1"]["last_refusal"]
    assert not elsewhere.exists()


def test_simulate_without_a_server_on_this_machine_says_what_to_do(tmp_path, capsys):
    mingjing = Command(tmp_path / "store", capsys)
    done = mingjing.run("simulate", "--server", "rtsp://127.0.0.1:1", "--devices", "1")
    assert (done.status, "--keys" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--server", "http://x"), "rtsp://HOST:PORT"),
        (("--server", "rtsp://x", "--loss", "0.1"), "UDP only"),
        (("--server", "rtsp://x", "--stall", "90"), "longer than the stall"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(tmp_path, capsys, words, said):
    keys = tmp_path / "keys"
    keys.write_text(json.dumps({"id": "dev1", "key": "k", "rtsp_url": "", "whip_url": ""}))
    done = Command(tmp_path / "store", capsys).run("simulate", "--keys", str(keys), *words)
    assert (done.status, said in done.err) == (1, True)


@pytest.mark.parametrize(("text", "said"), [("", "names no device"), ("{}", "not a list of device keys")])
def test_a_file_that_holds_no_keys_is_refused(tmp_path, capsys, text, said):
    (tmp_path / "keys").write_text(text)
    mingjing = Command(tmp_path / "store", capsys)
    done = mingjing.run("simulate", "--keys", str(tmp_path / "keys"), "--server", "rtsp://x")
    assert (done.status, said in done.err) == (1, True)
    assert "cannot be read" in mingjing.run("simulate", "--keys", str(tmp_path / "none"), "--server", "rtsp://x").err

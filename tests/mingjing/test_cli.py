import io
import json
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from mingjing.cli import main
from mingjing.control import ask
from mingjing.control.requests import UnitAdd, UnitItem
from mingjing.settings import Settings
from tests.mingjing.command import Command, serving, started
from tests.viewer.offers import PUBLISHING

ME = f"cli:{os.getuid()}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("MINGJING_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def mingjing(tmp_path, capsys):
    return Command(tmp_path / "store", capsys)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One running server for all tests that need one; each adds things of its own."""
    data_dir = tmp_path_factory.mktemp("served") / "store"
    with serving(data_dir, MINGJING_WEBRTC__ICE_SERVERS='[{"urls": ["stun:stun.example.org"]}]') as server:
        server.data_dir = data_dir
        yield server


@pytest.fixture(params=["stopped", "running"])
def either(request, mingjing, capsys):
    """A store without a server, and the same commands on one that a server has."""
    if request.param == "running":
        return Command(request.getfixturevalue("server").data_dir, capsys)
    return mingjing


def ledger_lines(data_dir):
    text = "".join(path.read_text() for path in sorted((data_dir / "ledger").glob("*.jsonl")))
    return [json.loads(line) for line in text.splitlines()]


# Every command, with the server stopped and running


def test_places_and_devices_are_added_listed_and_switched(either):
    either.ok("unit", "add", "city", "--name", "市支队")
    either.ok("unit", "add", "east", "--parent", "city")
    either.ok(
        "checkpoint", "add", "gate", "--unit", "city", "--name", "东站", "--latitude", "30.5", "--longitude", "114.3"
    )
    made = json.loads(either.ok("device", "add", "dev1", "--checkpoint", "gate", "--json"))
    assert set(made) == {"id", "key", "rtsp_url", "whip_url"}
    assert re.fullmatch("[a-z2-7]{32}", made["key"])
    assert re.fullmatch(r"rtsp://127\.0\.0\.1:\d+/dev1", made["rtsp_url"])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/whip/dev1", made["whip_url"])
    assert "市支队" in either.ok("unit", "list")
    [east] = [unit for unit in json.loads(either.ok("unit", "list", "--json"))["items"] if unit["id"] == "east"]
    assert east == {"id": "east", "name": "east", "parent": "city"}
    assert "东站" in either.ok("checkpoint", "list")
    other = json.loads(either.ok("device", "rotate-key", "dev1", "--overlap", "60", "--json"))
    assert other["key"] != made["key"]
    either.ok("device", "disable", "dev1")
    assert re.search(r"^dev1 .* disabled ", either.ok("device", "list"), re.M)
    either.ok("device", "enable", "dev1")
    [device] = [one for one in json.loads(either.ok("device", "list", "--json"))["items"] if one["id"] == "dev1"]
    assert (device["enabled"], device["checkpoint"], device["unit"]) == (True, "gate", "city")
    done = [(entry["action"], entry["subject"]) for entry in ledger_lines(either.data_dir) if entry["principal"] == ME]
    assert done[-7:] == [
        ("unit.create", "city"),
        ("unit.create", "east"),
        ("checkpoint.create", "gate"),
        ("device.register", "dev1"),
        ("device.rotate_key", "dev1"),
        ("device.disable", "dev1"),
        ("device.enable", "dev1"),
    ]


def test_where_rtsp_has_a_certificate_a_device_is_told_both_addresses(mingjing, monkeypatch):
    monkeypatch.setenv("MINGJING_RTSP__CERTIFICATE", "chain.pem")
    monkeypatch.setenv("MINGJING_RTSP__PRIVATE_KEY", "key.pem")
    mingjing.ok("unit", "add", "city")
    mingjing.ok("checkpoint", "add", "gate")
    made = json.loads(mingjing.ok("device", "add", "dev1", "--checkpoint", "gate", "--json"))
    assert made["rtsps_url"] == "rtsps://127.0.0.1:8322/dev1"
    assert " RTSPS  rtsps://127.0.0.1:8322/dev2\n" in mingjing.ok("device", "add", "dev2", "--checkpoint", "gate")


def test_a_fixed_camera_is_given_its_source_and_loses_it_again(either, monkeypatch):
    either.ok("unit", "add", "port", "--name", "Port")
    either.ok("checkpoint", "add", "quay", "--unit", "port", "--name", "Quay")
    either.ok("device", "add", "cam1", "--checkpoint", "quay")
    monkeypatch.setattr("sys.stdin", open_text("hunter2-hunter2\n"))
    url = ("--url", "rtsp://10.20.0.7/live", "--user", "admin")
    assert "10.20.0.7" in either.ok("device", "source", "cam1", *url, "--password-stdin")
    assert "rtsp://10.20.0.7/live" in either.ok("device", "list")
    given = json.loads(either.ok("device", "source", "cam1", *url, "--transport", "udp", "--json"))
    assert given["source"] == "rtsp://10.20.0.7/live"
    for words in ((), (*url, "--none"), ("--url", "rtsp://admin:x@10.20.0.7/"), ("--url", "rtsp://10.20.0.8/")):
        assert either.run("device", "source", "cam1", *words).status == 1
    assert json.loads(either.ok("device", "source", "cam1", "--none", "--json"))["source"] is None
    entries = [entry for entry in ledger_lines(either.data_dir) if entry["subject"] == "cam1"]
    assert [entry["action"] for entry in entries[-3:]] == [
        "device.set_source",
        "device.set_source",
        "device.remove_source",
    ]
    kept = b"".join(path.read_bytes() for path in either.data_dir.glob("**/*") if path.is_file())
    assert b"hunter2" not in kept


def test_users_are_added_listed_and_disabled(either, monkeypatch):
    made = json.loads(either.ok("user", "add", "li", "--role", "supervisor", "--json"))
    assert set(made) == {"name", "role", "password"}
    assert len(made["password"]) >= 16
    monkeypatch.setattr("sys.stdin", open_text("correct horse battery staple\n"))
    piped = json.loads(either.ok("user", "add", "wang", "--role", "auditor", "--password-stdin", "--json"))
    assert piped == {"name": "wang", "role": "auditor"}
    either.ok("user", "disable", "li")
    listed = {user["name"]: user for user in json.loads(either.ok("user", "list", "--json"))["items"]}
    assert (listed["li"]["enabled"], listed["wang"]["enabled"]) == (False, True)
    text = json.dumps(ledger_lines(either.data_dir))
    assert made["password"] not in text
    assert "battery" not in text


def test_the_audit_log_and_the_store_are_proved(either):
    either.ok("unit", "add", "proof")
    assert re.match(r"Intact: \d+ entries\.", either.ok("audit", "verify"))
    assert json.loads(either.ok("store", "check", "--json"))["faults"] == []


def open_text(text):
    return io.StringIO(text)


# What is wrong is told with what to do


@pytest.mark.parametrize(
    ("words", "said", "fix"),
    [
        (("device", "add", "dev9", "--checkpoint", "nowhere"), "There is no checkpoint 'nowhere'", "add it first"),
        (("device", "add", "../x", "--checkpoint", "gate"), "is not an id of a device", "letters, digits"),
        (("device", "rotate-key", "ghost"), "There is no device 'ghost'", "Choose"),
        (("user", "add", "Li", "--role", "supervisor"), "is not a user name", "a-z"),
        (("user", "add", "u", "--role", "unit_user"), "belongs to a unit", "Name the unit"),
        (("user", "disable", "ghost"), "There is no account ghost", "list"),
        (("checkpoint", "add", "elsewhere", "--unit", "nowhere"), "There is no unit 'nowhere'", "Choose"),
    ],
)
def test_an_operators_error_is_one_sentence_and_a_fix_with_status_1_and_no_traceback(either, words, said, fix):
    done = either.run(*words)
    assert done.status == 1
    assert done.out == ""
    assert said in done.err
    assert fix in done.err
    assert "Traceback" not in done.err


def test_a_checkpoint_without_a_unit_goes_to_the_only_one_there_is(mingjing):
    assert "There are 0 units" in mingjing.run("checkpoint", "add", "gate").err
    mingjing.ok("unit", "add", "city")
    assert "of unit city" in mingjing.ok("checkpoint", "add", "gate")
    mingjing.ok("unit", "add", "county")
    assert "--unit" in mingjing.run("checkpoint", "add", "bridge").err


def test_looking_into_a_mistyped_directory_makes_no_store_there(mingjing, tmp_path):
    for words in (("device", "list"), ("audit", "verify"), ("store", "check"), ("store", "rebuild")):
        done = mingjing.run(*words)
        assert done.status == 1
        assert "There is no store" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_word_or_role_is_status_2(mingjing):
    assert mingjing.run("devise", "list").status == 2
    assert mingjing.run("user", "add", "u", "--role", "king").status == 2


def test_settings_that_cannot_be_are_refused_by_every_command(mingjing, tmp_path, monkeypatch):
    (tmp_path / "mingjing.toml").write_text("[http]\nprot = 1\n")
    done = mingjing.run("device", "list", "--config", str(tmp_path / "mingjing.toml"))
    assert (done.status, "unknown key http.prot; did you mean http.port?" in done.err) == (1, True)
    monkeypatch.setenv("MINGJING_NOED_ID", "x")
    assert "MINGJING_NODE_ID" in mingjing.run("device", "list").err


def test_a_password_that_is_not_piped_in_is_missed(mingjing, monkeypatch):
    monkeypatch.setattr("sys.stdin", open_text(""))
    done = mingjing.run("user", "add", "u", "--role", "auditor", "--password-stdin")
    assert (done.status, "no password on standard input" in done.err) == (1, True)


def test_a_broken_audit_log_is_status_1_and_names_the_entry(mingjing):
    for name in ("a", "b", "c"):
        mingjing.ok("unit", "add", name)
    [path] = (mingjing.data_dir / "ledger").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"subject":"b"', b'"subject":"X"'))
    done = mingjing.run("audit", "verify")
    assert done.status == 1
    assert done.out.startswith("NOT INTACT: entry 2: the database knows it with another digest.")
    path.write_bytes(path.read_bytes().replace(b'"n":2', b'"n":7'))
    done = mingjing.run("audit", "verify")
    assert done.out.startswith("NOT INTACT: entry 2 (000000000001.jsonl, line 2): entry 7 stands in its place.")
    answer = json.loads(mingjing.run("audit", "verify", "--json").out)
    assert (answer["intact"], answer["broken"]) == (False, 2)


def test_markup_and_wide_letters_in_names_are_printed_as_they_are(mingjing):
    mingjing.ok("unit", "add", "a", "--name", "[red]执法[/red] [link=x]")
    assert "[red]执法[/red] [link=x]" in mingjing.ok("unit", "list")


def test_help_names_every_command_of_the_interface(capsys):
    for words, expected in (
        ([], "serve demo simulate unit checkpoint device user store audit backup"),
        (["device"], "add list rotate-key disable enable"),
        (["user"], "add list disable"),
        (["store"], "check rebuild"),
        (["audit"], "verify"),
        (["backup"], "create restore"),
        (["bench", "live"], "devices viewers server"),
        (["bench", "webrtc"], "viewers publishers source"),  # found: markup in a word of it, and no help at all
    ):
        with pytest.raises(SystemExit) as end:
            main([*words, "--help"])
        assert end.value.code == 0
        text = capsys.readouterr().out
        assert [word for word in expected.split() if word not in text] == []


# Beside a running server


def test_the_control_socket_is_its_owners_only(server):
    mode = (server.data_dir / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_device_that_was_added_publishes_at_the_address_it_was_given_and_is_told_of_stun_servers(server, capsys):
    mingjing = Command(server.data_dir, capsys)
    mingjing.ok("unit", "add", "harbour")
    mingjing.ok("checkpoint", "add", "pier", "--unit", "harbour")
    made = json.loads(mingjing.ok("device", "add", "phone", "--checkpoint", "pier", "--json"))
    headers = {"Authorization": f"Bearer {made['key']}", "Content-Type": "application/sdp"}
    answer = httpx.post(made["whip_url"], content=PUBLISHING, headers=headers)
    assert (answer.status_code, answer.headers["link"]) == (201, '<stun:stun.example.org>; rel="ice-server"')


def test_a_running_server_keeps_its_index(server, capsys):
    done = Command(server.data_dir, capsys).run("store", "rebuild")
    assert done.status == 1
    assert "A server runs on this store" in done.err


def test_many_commands_at_once_all_succeed(server, capsys):
    mingjing = Command(server.data_dir, capsys)
    mingjing.ok("unit", "add", "many")

    def add(number):
        settings = Settings(data_dir=server.data_dir)
        return ask(settings, UnitAdd(id=f"many-{number}", name="x"), UnitItem).id

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(add, range(30))) == [f"many-{number}" for number in range(30)]


def test_serve_makes_the_three_first_accounts_once_and_stops_on_sigterm(tmp_path, capsys):
    with serving(tmp_path / "store") as server:
        status, printed = server.stop()
    assert status == 0
    assert len(re.findall(r"^  (sysadmin|secadmin|auditor) +\S{16,}$", printed, re.M)) == 3
    assert "Traceback" not in "".join(server.log)
    assert not (tmp_path / "store" / "control.sock").exists()
    with serving(tmp_path / "store") as again:
        status, printed = again.stop()
    assert (status, printed) == (0, "")
    assert "Intact" in Command(tmp_path / "store", capsys).ok("audit", "verify")


def test_after_kill_9_commands_find_the_store_and_the_dead_socket_is_no_obstacle(tmp_path, capsys):
    with serving(tmp_path / "store") as server:
        server.process.kill()
        server.process.wait()
        assert (tmp_path / "store" / "control.sock").exists()
        mingjing = Command(tmp_path / "store", capsys)
        mingjing.ok("unit", "add", "city")
        with serving(tmp_path / "store"):
            assert "city" in mingjing.ok("unit", "list")


def test_a_second_server_on_a_store_is_told_who_has_it(server):
    with started("serve", "--data-dir", str(server.data_dir)) as second:
        status, _ = second.stop_when_done()
    assert status == 1
    assert "is in use by another mingjing process" in "".join(second.log)


def test_a_port_that_is_taken_is_named_and_the_status_is_1(server, tmp_path):
    port = server.http.rpartition(":")[2]
    with started("serve", "--data-dir", str(tmp_path / "store"), MINGJING_HTTP__PORT=port) as second:
        status, _ = second.stop_when_done()
    assert status == 1
    assert f"127.0.0.1:{port}" in "".join(second.log)
    assert "Traceback" not in "".join(second.log)


def test_plain_http_beyond_this_machine_is_refused(tmp_path):
    with started("serve", "--data-dir", str(tmp_path / "store"), MINGJING_HTTP__HOST="0.0.0.0") as server:
        status, _ = server.stop_when_done()
    assert status == 1
    assert "trusted_proxies" in "".join(server.log)


def test_a_role_that_cannot_run_alone_yet_is_refused(mingjing):
    assert "--role all" in mingjing.run("serve", "--role", "gateway").err

"""Signed heads as an operator meets them: made by a running server, proven and rotated by commands, kept by backups."""

import asyncio
import json
import os
import re
import stat

import pytest

from storage.journal import BODY, RECORD_SIZE, chain_of, close, parse
from tests.house.bounds import at_most
from tests.mingjing.command import Command, serving
from tests.storage.heads.cabinet import Cabinet, files_in, lines_in
from verifier import read_keys


@pytest.fixture
def mingjing(tmp_path, capsys):
    return Command(tmp_path / "store", capsys)


def proof(mingjing, data_dir=None):
    return json.loads(mingjing.run("audit", "verify", "--json", data_dir=data_dir).out)


async def test_what_a_server_recorded_is_signed_at_the_stop_and_a_journal_made_anew_is_named(house, capsys):
    await house.device("dev1").push(seconds=2)
    await house.archive("dev1").wait_for_unit(40)
    await house.stop()
    mingjing = Command(house.data_dir, capsys)
    report = await asyncio.to_thread(proof, mingjing)
    assert (report["intact"], report["broken_head"], report["gone"]) == (True, None, 0)
    [use] = report["keys"]
    assert (use["from_head"], use["vouched"]) == (1, False)
    assert stat.S_IMODE((house.data_dir / "heads.key").stat().st_mode) == 0o600
    [journal] = (house.data_dir / "media").glob("2*/dev1/main/*.journal")
    data, chain, anew = journal.read_bytes(), bytes(32), []
    for at in range(0, len(data), RECORD_SIZE):
        fields = parse(data[at : at + RECORD_SIZE])
        fields = fields._replace(received_utc_ns=fields.received_utc_ns + (at == RECORD_SIZE * 5))
        anew.append(close(BODY.pack(*fields[:-1]), chain))
        chain = chain_of(anew[-1])
    journal.write_bytes(b"".join(anew))
    daily = await asyncio.to_thread(mingjing.run, "audit", "verify")
    assert "were proven before and not looked at again" in daily.out
    done = await asyncio.to_thread(mingjing.run, "audit", "verify", "--full")
    assert done.status == 1
    assert "NOT INTACT: head " in done.out
    assert f"media/{journal.relative_to(house.data_dir / 'media').with_suffix('.mp4')}" in done.out
    assert "its journal was changed" in done.out
    journal.write_bytes(data)
    assert (await asyncio.to_thread(proof, mingjing))["intact"]


async def test_auditor_and_system_admin_are_told_of_heads_on_their_pages(house):
    await house.device("dev1").push(seconds=1)
    await house.archive("dev1").wait_for_unit(20)
    proof = (await house.person("auditor").call("GET", "audit/verify")).json()
    assert proof["intact"]
    assert proof["heads"]["broken"] is None
    assert proof["heads"]["heads"] >= 1  # the first round is at the start
    system = (await house.person("sysadmin").call("GET", "system")).json()["heads"]
    assert (system["second_copy"], system["last_failure"], system["failures"]) == ("none", None, 0)
    assert system["key"].startswith("ed25519:")


async def test_a_killed_servers_streams_are_signed_by_the_next_start(house, capsys):
    await house.device("dev1").push(seconds=2)
    await house.archive("dev1").wait_for_unit(40)
    await house.kill()
    await house.start()
    await house.stop()
    mingjing = Command(house.data_dir, capsys)
    report = await asyncio.to_thread(proof, mingjing)
    assert (report["intact"], report["heads"] >= 1) == (True, True)
    leaves = b"".join(path.read_bytes() for path in (house.data_dir / "heads" / "leaves").glob("*.jsonl"))
    [journal] = (house.data_dir / "media").glob("2*/dev1/main/*.journal")
    end = chain_of(journal.read_bytes()[-RECORD_SIZE:])
    assert end.hex().encode() in leaves


def test_the_key_is_shown_and_rotated_with_the_server_stopped_and_running(mingjing, tmp_path):
    (tmp_path / "place").mkdir()
    mingjing.ok("unit", "add", "city")
    first = json.loads(mingjing.ok("audit", "key", "--json"))
    assert first["key"].startswith("ed25519:")
    assert "BEGIN PUBLIC KEY" in first["pem"]
    second = json.loads(mingjing.ok("audit", "rotate-key", "--json"))
    with serving(mingjing.data_dir, MINGJING_HEADS__SECOND_COPY_DIR=str(tmp_path / "place")) as server:
        assert json.loads(mingjing.ok("audit", "key", "--json"))["key"] == second["key"] != first["key"]
        assert "From head " in mingjing.ok("audit", "rotate-key")
        report = proof(mingjing)
        assert report["intact"]
        assert report["second_copy"]
        assert [use["vouched"] for use in report["keys"]] == [False, True]
        assert "lost" in mingjing.run("audit", "rotate-key", "--lost").err
        history = json.loads(mingjing.ok("audit", "key", "--json"))["history"]
        assert [(use["key"], use["vouched"]) for use in history[:1]] == [(second["key"], False)]
        assert len(history) == 2
        (tmp_path / "keys").write_text(mingjing.ok("audit", "key"))
        assert read_keys(tmp_path / "keys") == {history[1]["key"]: None, second["key"]: history[1]["from_head"]}
        assert server.stop()[0] == 0
    [original] = (mingjing.data_dir / "heads" / "signed").iterdir()
    assert (tmp_path / "place" / "node-1" / original.name).read_bytes() == original.read_bytes()
    assert "There is no second copy" in mingjing.ok("audit", "verify")


def test_two_heads_are_consistent_or_told_not_to_be_also_with_one_that_was_kept_elsewhere(mingjing, tmp_path):
    cabinet = Cabinet(mingjing.data_dir)
    for count in (2, 3, 1):
        cabinet.enter(count)
        cabinet.heads.sign()
    lines = lines_in(cabinet.heads.signed_folder)
    (kept := tmp_path / "kept.jsonl").write_bytes(b"".join(lines[:2]))
    for one, other in (("1", "3"), (str(kept), "3"), ("2", str(kept)), ("3", "1")):
        assert "Consistent" in mingjing.ok("audit", "consistency", one, other)
    assert mingjing.run("audit", "consistency", "1", "9").status == 2
    kept.write_bytes(lines[1].replace(b'"number":2', b'"number":1'))
    done = mingjing.run("audit", "consistency", str(kept), "3")
    assert (done.status, "signature is not true" in done.err) == (2, True)
    [leaves] = files_in(cabinet.folder / "leaves")
    leaves.write_bytes(leaves.read_bytes().replace(b'"n":4', b'"n":7'))
    done = mingjing.run("audit", "consistency", "1", "3")
    assert (done.status, "NOT CONSISTENT" in done.out) == (1, True)


def test_a_second_place_that_hangs_does_not_hold_up_the_end_of_the_process(mingjing, tmp_path):
    mingjing.ok("unit", "add", "city")
    (copy := tmp_path / "place" / "node-1").mkdir(parents=True)
    os.mkfifo(copy / "000000000001.jsonl")  # whoever opens it waits for a writer for ever, as on a share that is gone
    with serving(mingjing.data_dir, MINGJING_HEADS__SECOND_COPY_DIR=str(tmp_path / "place")) as server:
        mingjing.ok("audit", "rotate-key")  # a head that waits to be copied
        with at_most(10, "F06: from SIGTERM to the end of the process"):
            assert server.stop()[0] == 0


def test_a_server_without_its_key_records_and_says_what_to_do(mingjing):
    mingjing.ok("unit", "add", "city")
    mingjing.ok("audit", "rotate-key")
    (mingjing.data_dir / "heads.key").unlink()
    with serving(mingjing.data_dir) as server:
        assert re.search("heads are not signed.*rotate-key --lost", "".join(server.log))
        done = mingjing.run("audit", "key")
        assert done.status == 1
        assert "put the key back from a backup" in done.err
        mingjing.ok("audit", "rotate-key", "--lost")
        assert server.stop()[0] == 0
    report = proof(mingjing)
    assert report["intact"]
    assert [use["vouched"] for use in report["keys"]] == [False, False]


def test_a_backup_keeps_heads_and_key(mingjing, tmp_path):
    mingjing.ok("unit", "add", "city")
    mingjing.ok("audit", "rotate-key")
    mingjing.ok("backup", "create", str(tmp_path / "backup"))
    mingjing.ok("backup", "restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")
    report = proof(mingjing, tmp_path / "restored")
    assert (report["intact"], report["heads"]) == (True, 1)
    mingjing.ok("audit", "rotate-key", data_dir=tmp_path / "restored")
    assert [use["vouched"] for use in proof(mingjing, tmp_path / "restored")["keys"]] == [False, True]

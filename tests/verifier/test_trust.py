"""Who may sign what: a replaced key proves nothing new, and no byte of the zip is outside of the check."""

import json
from dataclasses import replace
from hashlib import sha256
from struct import pack

import pytest

from recorder.export import BundleFacts, write_bundle
from recorder.export.part import Part
from storage.heads import key_changes
from tests.tamper.bundles import looked_at
from verifier import verify
from verifier.command import main
from verifier.keys import KeysUnreadable, read_keys


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


async def test_a_key_that_was_replaced_signs_no_bundle_for_whoever_has_the_new_one(room, tmp_path):
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    heads = room.office.notary.heads
    thief = heads.signer
    await room.office.notary.rotate_key("cli:0")
    new, passage = heads.signer.key, await room.passage()
    assert verify(await room.bundle(tmp_path / "good.zip", passage), {new}).faults == []
    parts = (await room.gather(passage)).parts
    facts = BundleFacts("2099-01-01T00:00:00.000Z", "user:nobody", "node1", "x", [{"number": 1}])
    write_bundle(tmp_path / "thief.zip", parts, facts, thief, keys=key_changes(heads.folder))
    report = verify(tmp_path / "thief.zip", {new})
    assert report.key_known is False
    assert "it is signed by" in report.faults[0].words


async def test_a_head_that_a_replaced_key_signs_afterwards_proves_nothing(room, tmp_path):
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    heads = room.office.notary.heads
    thief = heads.signer
    await room.office.notary.rotate_key("cli:0")
    files = {one.name: b"".join(one.chunks()) for one in (await room.gather(await room.passage())).parts}
    [proof] = [name for name in files if name.endswith(".proof.json")]
    leaf = json.loads(files[proof])["leaf"]
    root = sha256(b"\0" + leaf.encode()).hexdigest()
    for number in (0, 999_999):
        head = {"at": "2099-01-01T00:00:00.000Z", "edge": [root], "key": thief.key, "ledger": 0, "node": "node1"}
        head |= {"number": number, "previous": "0" * 64, "root": root, "size": 1, "v": 1}
        head["signatures"] = {thief.key: thief.sign(b"mingjing head v1\n" + canonical(head)).hex()}
        files[proof] = canonical({"head": number, "index": 0, "leaf": leaf, "path": []})
        files["evidence/1/heads.jsonl"] = canonical(head) + b"\n"
        facts = BundleFacts("2099-01-01T00:00:00.000Z", "user:x", "node1", "x", [{"number": 1}])
        parts = [Part.of(name, "original", data) for name, data in files.items()]
        path = tmp_path / f"{number}.zip"
        write_bundle(path, parts, facts, heads.signer, keys=key_changes(heads.folder))
        assert [one.words for one in verify(path).faults] == []
        [fault] = verify(path, {heads.signer.key}).faults
        assert "heads in it are signed by" in fault.words
    assert verify(path, {thief.key}).faults != []  # it handed over before


async def test_the_crc_of_manifest_and_signature_is_compared_with_their_bytes(sound, tmp_path):
    for name in ("bundle.json", "bundle.sig"):
        data = bytearray(sound.data)
        [at] = [place for one, place in sound.headers if one == name]
        central = data.rfind(b"PK\1\2", 0, data.rfind(name.encode()))
        data[at + 14 : at + 18] = data[central + 16 : central + 20] = bytes(4)
        [fault] = looked_at(bytes(data)).faults
        assert fault.file == name


def test_a_directory_that_points_beyond_the_file_is_borne():
    name, extra = b"bundle.json", pack("<HHQ", 1, 8, 2**64 - 1)
    fields = (20, 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF)
    central = b"PK\1\2" + pack("<HHHHHHIIIHHHHHII", *fields) + name + extra
    looked_at(central + b"PK\5\6" + pack("<HHHHIIH", 0, 0, 1, 1, len(central), 0, 0))


async def test_footage_that_no_head_is_over_is_not_called_intact(room, tmp_path, capsys):
    room.stage.device().push(30).end()
    room.turns()
    await room.office.index.add(room.stage.sealed)
    path = await room.bundle(tmp_path / "one.zip", await room.passage())
    (tmp_path / "key").write_text(room.office.notary.heads.signer.key + "\n")
    assert main([str(path), "--key", str(tmp_path / "key")]) == 1
    assert capsys.readouterr().out.startswith("AS IT WAS SENT, BUT NOT ALL PROVEN")
    assert main([str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["intact"], told["proven"], told["trusted"]) == (False, False, None)


async def test_time_without_footage_is_told_and_footage_of_another_time_is_a_fault(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    passage, hour = await room.passage(), 3_600_000_000_000
    longer = replace(passage, end_utc_ns=passage.start_utc_ns + hour)
    for name, asked in (("a", longer), ("b", replace(longer, references=()))):
        report = verify(await room.bundle(tmp_path / f"{name}.zip", asked))
        assert report.faults == []
        [missing] = report.missing
        assert (missing.why, missing.to_ns) == ("no footage", longer.end_utc_ns)
    parts = {one.name: b"".join(one.chunks()) for one in (await room.gather(longer)).parts}
    told = json.loads(parts["evidence/1/evidence.json"])
    [[began, ended]] = told["no_footage"]
    for said in ([], [[began, ended - 1_800 * 10**9]]):
        parts["evidence/1/evidence.json"] = canonical(told | {"no_footage": said})
        heads = room.office.notary.heads
        facts = BundleFacts("2026-12-01T00:00:00.000Z", "user:x", "node1", "x", [{"number": 1}])
        files = [Part.of(name, "original", data) for name, data in parts.items()]
        write_bundle(tmp_path / "d.zip", files, facts, heads.signer)
        [fault] = verify(tmp_path / "d.zip").faults
        assert "time without footage" in fault.words
    moved = replace(passage, start_utc_ns=passage.start_utc_ns - hour // 2, end_utc_ns=passage.end_utc_ns - hour // 2)
    report = verify(await room.bundle(tmp_path / "c.zip", moved))
    assert "is not of the interval" in report.faults[0].words


async def test_a_bundle_or_a_part_of_it_is_no_file_of_keys(sound, tmp_path):
    for name in ("bundle.json", "bundle.sig"):
        (tmp_path / "part").write_bytes(sound.files[name])
        with pytest.raises(KeysUnreadable, match="prove nothing"):
            read_keys(tmp_path / "part")
    with pytest.raises(KeysUnreadable, match="prove nothing"):
        read_keys(tmp_path / "sound.zip")

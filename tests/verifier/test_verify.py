"""What the verifier says of bundles: intact, altered and where, signed by whom; and that no bytes bring it down."""

import json
import random
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import GapCause
from storage.heads import public_pem
from tests.tamper.bundles import forge, looked_at
from verifier import Unreadable, packed, verify
from verifier.command import main
from verifier.journal import CAUSES
from verifier.keys import KeysUnreadable, read_keys


def test_every_cause_of_a_gap_has_the_word_of_the_house():
    assert {number: word.lower().replace(" ", "_") for number, word in CAUSES.items()} == {
        cause.value: cause.name.lower() for cause in GapCause
    }


async def test_without_a_key_it_says_which_key_signed_and_that_it_must_be_compared(sound, capsys, tmp_path):
    assert main([str(tmp_path / "sound.zip")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("WHOLE, BUT NOT CHECKED WHO SIGNED IT")
    assert f"Signed by {sound.key}." in said
    assert "Compare this key" in said


async def test_the_key_may_come_as_it_is_printed_or_in_pem(sound, tmp_path):
    for text in (f"{sound.key}\n", public_pem(sound.key)):
        (tmp_path / "key.txt").write_text(text)
        assert read_keys(tmp_path / "key.txt") == {sound.key: None}
        assert main([str(tmp_path / "sound.zip"), "--key", str(tmp_path / "key.txt")]) == 0


async def test_a_bundle_by_a_forger_is_whole_and_not_signed_by_our_key(sound, tmp_path):
    data = forge(tmp_path / "forged.zip", sound.files)
    assert looked_at(data).intact
    report = looked_at(data, {sound.key})
    assert report.key_known is False
    [fault] = report.faults
    assert "no key that you gave vouches" in fault.words


async def test_a_changed_picture_is_named_with_its_file_its_byte_and_its_second(sound, tmp_path, capsys):
    [name] = [one for one in sound.files if one.endswith(".mp4")]
    start, end = sound.places[name]
    at = start + (end - start) // 2
    data = bytearray(sound.data)
    data[at] ^= 1
    (tmp_path / "altered.zip").write_bytes(data)
    assert main([str(tmp_path / "altered.zip"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["intact"]
    [deep] = [fault for fault in told["faults"] if fault["from_ns"]]
    assert deep["file"] == name
    assert deep["at_byte"] <= at - start < deep["at_byte"] + 1_000
    assert told["first_ns"] == deep["from_ns"]
    assert main([str(tmp_path / "altered.zip")]) == 1
    assert "The first footage concerned: 2026-" in capsys.readouterr().out


async def test_a_file_that_is_taken_out_is_missing_and_one_that_is_put_in_is_named(sound, tmp_path):
    [journal] = [one for one in sound.files if one.endswith(".journal")]
    fewer = {name: data for name, data in sound.files.items() if name != journal}
    report = looked_at(forge(tmp_path / "fewer.zip", fewer))
    assert any(fault.file == journal and "missing" in fault.words for fault in report.faults)
    with ZipFile(path := tmp_path / "more.zip", "w") as archive:
        for name, data in {**sound.files, "custody/note.txt": b"x"}.items():
            archive.writestr(name, data)
    assert any("added" in fault.words and fault.file == "custody/note.txt" for fault in verify(path).faults)


def test_what_is_no_bundle_is_not_readable(tmp_path, capsys):
    (tmp_path / "x.zip").write_bytes(b"not a zip at all")
    assert main([str(tmp_path / "x.zip")]) == 2
    assert main([str(tmp_path / "nowhere.zip")]) == 2
    assert main([str(tmp_path), "--json"]) == 2
    assert "NOT READABLE" in capsys.readouterr().out
    (tmp_path / "empty.key").write_text("# nothing")
    with pytest.raises(KeysUnreadable, match="no key in it"):
        read_keys(tmp_path / "empty.key")


# Hostile bundles


def zipped(files):
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    "files",
    [
        {"../../etc/passwd": b"x"},
        {"/etc/passwd": b"x"},
        {"evidence/1/../../x": b"x"},
        {"C:\\windows\\x": b"x"},
        {"bundle.json": b"[" * 200_000},
        {"bundle.json": b'{"a":' * 100_000},
        {"bundle.json": b"9" * 100_000},
        {"bundle.json": b'{"format":"mingjing bundle v1","made":1,"files":{},"items":[],"key":""}'},
        {"evidence/1/evidence.json": b'{"a":' * 100_000},
        {"evidence/99999/evidence.json": b"\xff\xfe"},
        {"custody/entries.jsonl": b"\n" * 10_000, "custody/proofs.jsonl": b"\n", "custody/heads.jsonl": b"\n"},
    ],
)
def test_hostile_files_are_borne(files):
    report = looked_at(zipped(files))
    assert isinstance(report, Unreadable) or not report.intact


def test_a_zip_that_says_it_is_huge_is_not_believed():
    data = bytearray(zipped({"README.txt": b"x" * 100}))
    at = data.index(b"PK\1\2")
    data[at + 20 : at + 28] = b"\xfe\xff\xff\xff" * 2
    report = looked_at(bytes(data))
    assert not report.intact
    deflated = BytesIO()
    with ZipFile(deflated, "w", 8) as archive:
        archive.writestr("bundle.json", b"0" * 50_000_000)
    assert not looked_at(deflated.getvalue()).intact


@given(st.binary(max_size=2_000))
def test_any_bytes_give_a_report_or_are_not_readable(data):
    report = looked_at(data)
    assert isinstance(report, Unreadable) or not report.intact


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_a_bundle_changed_in_many_places_is_borne(sound, seed):
    chance, data = random.Random(seed), bytearray(sound.data)
    for _ in range(chance.randint(1, 20)):
        at = chance.randrange(len(data))
        data[at : at + chance.randint(0, 8)] = chance.randbytes(chance.randint(0, 8))
    report = looked_at(bytes(data))
    assert isinstance(report, Unreadable) or not report.intact or bytes(data) == sound.data
    if not isinstance(report, Unreadable):
        assert all(isinstance(line, str) for line in report.lines())
        json.dumps(report.facts())


# verify.pyz


def test_it_is_made_the_same_wherever_it_is_made():
    assert packed() == packed()
    names = ZipFile(BytesIO(packed())).namelist()
    assert names == sorted(names)
    assert "verifier/ed25519.py" in names


async def test_it_runs_with_nothing_installed_and_nothing_at_home(sound, tmp_path):
    """As on a computer that has Python and nothing else: isolated, without site-packages, without a home."""
    (tmp_path / "verify.pyz").write_bytes(sound.files["verify.pyz"])
    (tmp_path / "key.txt").write_text(sound.key)
    (home := tmp_path / "home").mkdir()

    def run(*arguments):
        command = [sys.executable, "-I", "-S", "verify.pyz", *arguments]
        return subprocess.run(command, cwd=tmp_path, env={"HOME": str(home)}, capture_output=True, text=True)

    done = run("sound.zip", "--key", "key.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert "INTACT" in done.stdout
    (tmp_path / "cut.zip").write_bytes(sound.data[:-1_000])
    assert run("cut.zip").returncode == 1
    (tmp_path / "no.zip").write_bytes(b"")
    assert run("no.zip").returncode == 2
    assert list(home.iterdir()) == []


def test_it_imports_nothing_but_the_standard_library():
    for source in Path(__file__).parents[2].joinpath("verifier").glob("*.py"):
        for line in source.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and len(words) > 1 and line == line.lstrip():
                room = words[1].partition(".")[0]
                assert room == "verifier" or room in sys.stdlib_module_names, (source.name, line)

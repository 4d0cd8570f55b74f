"""Leaves and heads on disk, the key that signs, and what a kill at any step leaves of them."""

import errno
import json
import os
import signal
import stat
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from storage.heads import EMPTY_ROOT, HeadKeyMissing, NotCanonical, parse_head, parse_leaf, public_pem
from storage.heads.head import NO_HEAD
from tests.storage.faulty_disk import RefusingDisk, in_a_child, quick_folder
from tests.storage.heads.cabinet import Cabinet, files_in, lines_in


def heads_of(cabinet):
    return [parse_head(line[:-1]) for line in lines_in(cabinet.folder / "signed")]


# What a head is


def test_a_head_names_the_tree_its_key_and_the_head_before(cabinet):
    cabinet.enter(3)
    first = cabinet.heads.sign()
    cabinet.record()
    second = cabinet.heads.sign()
    assert heads_of(cabinet) == [first, second]
    assert (first.number, first.size, first.ledger, first.node, first.previous) == (1, 3, 3, "node-1", NO_HEAD)
    assert (second.number, second.size) == (2, 4)
    assert second.previous == sha256(first.line()).digest()
    assert second.is_signed_by(second.key)
    assert first.root not in (EMPTY_ROOT, second.root)


def test_a_signature_is_checked_by_anybody_with_the_public_key_and_the_line(cabinet):
    cabinet.enter()
    value = json.loads(cabinet.heads.sign().line())
    [(key, signature)] = value.pop("signatures").items()
    message = b"mingjing head v1\n" + json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    load_pem_public_key(public_pem(key).encode()).verify(bytes.fromhex(signature), message)


def test_nothing_new_needs_no_head(cabinet):
    assert cabinet.heads.sign() is None
    cabinet.enter()
    assert cabinet.heads.sign() is not None
    assert cabinet.heads.sign() is None
    assert cabinet.prove().heads == 1


def test_the_tree_goes_on_over_restarts(cabinet):
    for _ in range(5):
        cabinet.enter(7)
        cabinet.heads.sign()
        cabinet.enter(2)  # leaves that no head speaks for yet
        cabinet.reopen()
        assert cabinet.heads.ledger == cabinet.entries
    cabinet.heads.sign()
    report = cabinet.prove()
    assert (report.heads, report.leaves, report.first_broken) == (6, 45, None)


def test_with_no_head_at_all_the_leaves_are_signed_by_the_next_start(cabinet):
    cabinet.enter(4)
    cabinet.reopen()
    assert cabinet.heads.sign().size == 4
    assert cabinet.prove().intact


def test_files_are_for_their_owner_alone(cabinet):
    cabinet.enter()
    cabinet.heads.sign()
    assert stat.S_IMODE(cabinet.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(cabinet.folder.stat().st_mode) == 0o700


def test_a_new_file_begins_when_one_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.heads.heads.LEAVES_A_FILE", 4)
    monkeypatch.setattr("storage.heads.heads.HEADS_A_FILE", 2)
    cabinet = Cabinet(tmp_path)
    for _ in range(5):
        cabinet.enter(3)
        cabinet.heads.sign()
        cabinet.reopen()
    assert [path.stem for path in files_in(cabinet.folder / "signed")] == [
        "000000000001",
        "000000000003",
        "000000000005",
    ]
    assert len(files_in(cabinet.folder / "leaves")) == 3
    assert cabinet.prove().intact


def test_a_clock_that_is_set_back_stops_no_head(cabinet):
    cabinet.enter()
    first = cabinet.heads.sign()
    cabinet.clock.utc -= 3_600_000_000_000
    cabinet.enter()
    second = cabinet.heads.sign()
    assert second.at < first.at
    assert cabinet.prove().intact


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"number": 0}, {"number": True}, {"size": -1}, {"size": "3"}, {"root": "00"}, {"root": "G" * 64},
        {"edge": "x"}, {"edge": [1]}, {"key": "ed25519"}, {"key": "ed25519:XY"}, {"node": "../x"}, {"at": "yesterday"},
        {"signatures": []}, {"signatures": {"a:00": "0"}}, {"signatures": {"a:00": "AB"}}, {"previous": None},
        {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_is_no_head_is_refused(cabinet, change):
    cabinet.enter()
    value = json.loads(cabinet.heads.sign().line()) | change
    with pytest.raises(NotCanonical):
        parse_head(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"kind": "x"}, {"path": "../../etc/passwd"}, {"path": "2026-01-01/../dev/x.mp4"}, {"records": 0},
        {"records": 1.0}, {"chain": "00"}, {"stream": "x"}, {"until": "2026"}, {"ended": 1}, {"sequence": -1}, {"z": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_is_no_leaf_is_refused(cabinet, change):
    value = json.loads(cabinet.record().line()) | change
    with pytest.raises(NotCanonical):
        parse_leaf(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"nonsense", b"[" * 100_000, b'{"kind":"entry"}', b"\xff" * 10, b"7" * 5_000]
)
def test_noise_is_neither_leaf_nor_head(line):
    for parse in (parse_leaf, parse_head):
        with pytest.raises(NotCanonical):
            parse(line)


# The key


def test_a_new_key_is_vouched_for_by_the_one_before_and_old_heads_still_verify(cabinet):
    for _ in range(3):
        cabinet.enter()
        cabinet.heads.sign()
        before = cabinet.heads.statistics().key
        head = cabinet.heads.rotate()
        assert head.key != before
        assert head.is_signed_by(before)
        assert head.is_signed_by(head.key)
        cabinet.reopen()
        assert cabinet.heads.statistics().key == head.key
    report = cabinet.prove()
    assert report.intact
    assert [use.vouched for use in report.keys] == [False, True, True, True]
    assert not cabinet.key.with_name("heads.key.next").exists()
    assert stat.S_IMODE(cabinet.key.stat().st_mode) == 0o600


@pytest.mark.parametrize("loss", ["gone", "noise", "another"])
def test_a_lost_key_is_never_replaced_silently(cabinet, loss):
    cabinet.enter()
    cabinet.heads.sign()
    kept = cabinet.key.read_bytes()
    cabinet.key.unlink()
    if loss == "noise":
        cabinet.key.write_bytes(b"-----BEGIN NOTHING-----")
    if loss == "another":
        other = Cabinet(cabinet.root / "other")
        cabinet.key.write_bytes(other.key.read_bytes())
    cabinet.reopen()
    cabinet.enter()  # leaves are added all the same
    with pytest.raises(HeadKeyMissing, match="rotate-key --lost"):
        cabinet.heads.sign()
    with pytest.raises(HeadKeyMissing):
        cabinet.heads.rotate()
    assert cabinet.heads.statistics().key is None
    cabinet.key.write_bytes(kept)
    cabinet.reopen()
    assert cabinet.heads.sign().size == 2
    assert cabinet.prove().intact


def test_for_a_lost_key_there_is_a_new_one_and_everybody_can_see_that_nobody_vouches_for_it(cabinet):
    cabinet.enter()
    cabinet.heads.sign()
    with pytest.raises(ValueError, match="not lost"):
        cabinet.heads.rotate(lost=True)
    cabinet.key.unlink()
    cabinet.reopen()
    cabinet.enter()
    cabinet.heads.rotate(lost=True)
    cabinet.reopen()
    cabinet.enter()
    cabinet.heads.sign()
    report = cabinet.prove()
    assert (report.intact, report.heads) == (True, 3)
    assert [(use.from_head, use.vouched) for use in report.keys] == [(1, False), (2, False)]


def test_a_rotation_that_the_disk_refuses_leaves_the_key_as_it_was(tmp_path):
    cabinet = Cabinet(tmp_path, disk=(disk := RefusingDisk()))
    cabinet.enter()
    cabinet.heads.sign()
    before = cabinet.heads.statistics().key
    disk.refuse = {"sync_file": OSError(errno.EIO, "Input/output error")}
    with pytest.raises(OSError, match="Input/output"):
        cabinet.heads.rotate()
    disk.refuse = {}
    cabinet.enter()
    assert cabinet.heads.sign().key == before
    cabinet.reopen()
    assert cabinet.heads.statistics().key == before
    assert cabinet.prove().intact


# Faults of the disk


@pytest.mark.parametrize("refused", ["append", "sync_file"])
@pytest.mark.parametrize("what", ["leaves", "heads"])
def test_what_the_disk_refuses_counts_as_nothing_and_comes_with_the_next(tmp_path, what, refused):
    cabinet = Cabinet(tmp_path, disk=(disk := RefusingDisk()))
    cabinet.enter(3)
    cabinet.heads.sign()
    cabinet.enter(2)
    disk.refuse = {refused: OSError(errno.ENOSPC, "No space left on device")}
    with pytest.raises(OSError, match="No space"):
        cabinet.enter() if what == "leaves" else cabinet.heads.sign()
    if what == "leaves":
        cabinet.entries -= 1
    disk.refuse = {}
    cabinet.enter()
    assert cabinet.heads.sign().size == 6
    cabinet.reopen()
    report = cabinet.prove()
    assert (report.heads, report.leaves, report.first_broken) == (2, 6, None)


@pytest.mark.parametrize("folder", ["leaves", "signed"])
@pytest.mark.parametrize("torn", [b'{"at":"2026-', b"\x00" * 40, b"{}\n", b"\xff\n\xff"], ids=repr)
def test_a_torn_tail_is_cut_kept_and_told(cabinet, folder, torn):
    cabinet.enter(3)
    cabinet.heads.sign()
    [path] = files_in(cabinet.folder / folder)
    with path.open("ab") as file:
        file.write(torn)
    cabinet.reopen()
    [cut] = cabinet.heads.repairs
    assert (cut.file, cut.size_bytes) == (path.name, len(torn))
    assert (path.parent / cut.kept_in).read_bytes() == torn
    cabinet.enter()
    cabinet.heads.sign()
    assert cabinet.prove().intact
    assert cabinet.reopen().repairs == ()


def test_leaves_that_were_signed_are_never_cut_even_when_they_are_damaged(cabinet):
    cabinet.enter(3)
    cabinet.heads.sign()
    [path] = files_in(cabinet.folder / "leaves")
    path.write_bytes(path.read_bytes()[:-20])
    cabinet.reopen()
    assert cabinet.heads.repairs == ()
    cabinet.enter()
    head = cabinet.heads.sign()  # goes on from the edge that the head carries
    assert head.size == 4
    broken = cabinet.prove().first_broken
    assert (broken.head, broken.leaf) == (1, 2)


def test_leaves_that_are_gone_stop_nobody_and_are_named(cabinet):
    cabinet.enter(3)
    cabinet.heads.sign()
    for path in files_in(cabinet.folder / "leaves"):
        path.unlink()
    cabinet.reopen()
    cabinet.enter()
    assert cabinet.heads.sign().size == 4
    broken = cabinet.prove().first_broken
    assert (broken.head, broken.leaf, broken.reason) == (1, 0, "leaf 0 is missing")


def test_the_next_start_goes_on_behind_a_head_that_was_damaged(cabinet):
    for _ in range(3):
        cabinet.enter(2)
        cabinet.heads.sign()
    [path] = files_in(cabinet.folder / "signed")
    lines = path.read_bytes().splitlines(keepends=True)
    value = json.loads(lines[2])
    value["root"] = value["root"][::-1]
    lines[2] = json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    cabinet.reopen()
    cabinet.enter()
    assert cabinet.heads.sign().number == 4
    broken = cabinet.prove().first_broken
    assert (broken.head, broken.line) == (3, 3)


# Killed at every step

_STEPS = ("write", "writev", "fsync", "fdatasync", "ftruncate", "link", "unlink", "rename", "replace", "open")


def doomed_at(step):
    """From now on this process is killed at its so-many-th call to the disk."""
    count = 0

    def counted(call):
        def each(*arguments, **named):
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return each

    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))


def test_killed_between_any_two_steps_nothing_that_was_told_is_lost(tmp_path):
    with quick_folder(tmp_path) as quick:
        for step in range(1, 400):
            root = quick / str(step)

            def script(tell, root=root, step=step):
                doomed_at(step)
                cabinet = Cabinet(root)
                cabinet.enter(2)
                tell("2 0")
                cabinet.heads.sign()
                tell("2 1")
                cabinet.enter(3)
                tell("5 1")
                cabinet.heads.rotate()
                tell("5 2")
                cabinet.reopen()
                cabinet.enter()
                tell("6 2")
                cabinet.heads.sign()
                tell("6 3")

            root.mkdir()
            told, finished = in_a_child(script)
            leaves, heads = map(int, (told[-1] if told else "0 0").split())
            cabinet = Cabinet(root)
            assert cabinet.heads.size >= leaves
            assert cabinet.heads.heads >= heads
            cabinet.entries = cabinet.heads.size
            cabinet.enter()
            assert cabinet.heads.sign() is not None  # there is a key, and it is the right one
            report = cabinet.prove()
            assert report.first_broken is None, step
            assert report.leaves == cabinet.entries
            assert all(use.vouched for use in report.keys[1:])
            assert not cabinet.key.with_name("heads.key.next").exists()
            cabinet.heads.close()
            if finished:
                assert step > 30  # else the sweep has swept nothing
                return
    pytest.fail("no clean run")

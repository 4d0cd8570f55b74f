"""Following the ledger from afar: each entry once, none that may yet be taken back."""

import random

from storage.ledger import LedgerTail, entry_digests
from storage.ledger.entry import GENESIS, Draft, seal


def write(folder, files):
    """A chain over files of so many entries each; the entries."""
    folder.mkdir(exist_ok=True)
    previous, entries = GENESIS, []
    for count in files:
        lines = []
        for _ in range(count):
            entry, line = seal(Draft(0, "cli:0", "unit.create", "x", {}), len(entries) + 1, previous)
            entries.append(entry)
            lines.append(line + b"\n")
            previous = entry.digest
        (folder / f"{len(entries) - count + 1:012d}.jsonl").write_bytes(b"".join(lines))
    return entries


def test_every_entry_comes_once_over_all_files_however_much_is_asked_for_at_once(tmp_path):
    entries = write(tmp_path, [4, 1, 7])
    for seed in range(20):
        tail, draw, found = LedgerTail(tmp_path), random.Random(seed), []
        while len(found) < len(entries):
            found += tail.read(len(found), min(len(entries), len(found) + draw.randint(0, 5)), draw.randint(1, 4))
        assert found == entries
        assert tail.read(len(entries), len(entries), 5) == []


def test_what_was_read_and_not_used_is_read_again(tmp_path):
    entries = write(tmp_path, [3, 3])
    tail = LedgerTail(tmp_path)
    assert tail.read(0, 6, 4) == tail.read(0, 6, 4) == entries[:4]
    assert tail.read(2, 6, 9) == entries[2:]
    assert LedgerTail(tmp_path).read(5, 6, 9) == entries[5:]


def test_nothing_behind_the_newest_durable_entry_is_given(tmp_path):
    entries = write(tmp_path, [5])
    tail = LedgerTail(tmp_path)
    assert tail.read(0, 3, 9) == entries[:3]
    [path] = tmp_path.iterdir()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]) + b'{"torn')
    assert tail.read(3, 3, 9) == []
    write(tmp_path, [5])  # the lines that were taken back come otherwise, in the same place
    assert tail.read(3, 5, 9) == entries[3:]


def test_a_broken_line_is_passed_over(tmp_path):
    entries = write(tmp_path, [5])
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b'"n":3', b'"n"=3'))
    assert LedgerTail(tmp_path).read(0, 5, 9) == entries[:2] + entries[3:]
    assert [n for n, _ in entry_digests(tmp_path, 5)] == [1, 2, 4, 5]
    assert dict(entry_digests(tmp_path, 4))[4] == entries[3].digest

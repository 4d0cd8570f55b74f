"""Whoever changes a journal, the ledger, a leaf or a head is found, and the place is named."""

import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.heads import RightEdge, SecondCopy, leaf_hash, parse_head, parse_leaf, proof
from storage.heads.head import line_digest
from storage.heads.signer import Ed25519Signer
from storage.journal import BODY, RECORD_SIZE, chain_of, close, parse
from storage.segment_reader import read_sealed
from tests.storage.heads.cabinet import entry_digest, files_in, lines_in


@pytest.fixture
def filled(cabinet):
    """Three heads: entries and two streams."""
    cabinet.enter(5)
    cabinet.first = cabinet.record()
    cabinet.heads.sign()
    cabinet.second = cabinet.record(20, device="dev2")
    cabinet.enter(3)
    cabinet.heads.sign()
    cabinet.enter()
    cabinet.heads.sign()
    assert cabinet.prove().intact
    return cabinet


def only_file(folder):
    [path] = files_in(folder)
    return path


def made_anew(journal, number):
    """The journal with one record changed, and every chain value and CRC after it made anew: it is true by itself."""
    data = journal.read_bytes()
    records = [data[at : at + RECORD_SIZE] for at in range(0, len(data), RECORD_SIZE)]
    chain, written = bytes(32), []
    for at, record in enumerate(records):
        fields = parse(record)
        body = record[: BODY.size] if at != number else BODY.pack(*fields._replace(placed_utc_ns=1)[:-1])
        written.append(close(body, chain))
        chain = chain_of(written[-1])
    journal.write_bytes(b"".join(written))


def test_a_journal_that_was_made_anew_with_all_its_hashes_is_named(filled):
    made_anew(filled.journal(filled.second), 4)
    assert read_sealed(filled.store.media / filled.second.path) is not None  # nothing in it contradicts itself
    broken = filled.prove().first_broken
    assert (broken.head, broken.leaf, broken.subject) == (2, 6, f"stream {filled.second.stream}")
    assert broken.file == f"media/{filled.second.path}"
    assert "changed up to record" in broken.reason


def test_a_journal_that_ends_too_soon_is_named(filled):
    journal = filled.journal(filled.first)
    journal.write_bytes(journal.read_bytes()[:-RECORD_SIZE])
    broken = filled.prove().first_broken
    assert (broken.head, broken.leaf) == (1, 5)
    assert "missing or damaged" in broken.reason


def test_footage_that_was_deleted_is_counted_and_no_difference(filled):
    filled.store.remove(filled.store.media / filled.first.path)
    report = filled.prove()
    assert (report.intact, report.gone) == (True, 1)


def test_an_entry_that_was_changed_or_removed_is_named(filled):
    entries = [(n, entry_digest(n)) for n in range(1, 10)]
    changed = [(n, digest if n != 7 else bytes(32)) for n, digest in entries]
    broken = filled.prove(entries=changed).first_broken
    assert (broken.head, broken.subject, broken.reason) == (2, "entry 7", "the ledger has it with another digest")
    broken = filled.prove(entries=[entry for entry in entries if entry[0] != 2]).first_broken
    assert (broken.head, broken.leaf, broken.subject) == (1, 1, "entry 2")
    broken = filled.prove(entries=entries[:8]).first_broken
    assert (broken.head, broken.subject, broken.reason) == (3, "entry 9", "the ledger has no such entry")


def test_a_leaf_that_was_changed_along_with_the_journal_contradicts_the_head(filled):
    made_anew(filled.journal(filled.first), 4)
    sealed = read_sealed(filled.store.media / filled.first.path)
    path = only_file(filled.folder / "leaves")
    path.write_bytes(path.read_bytes().replace(filled.first.chain.hex().encode(), sealed.digest.hex().encode()))
    broken = filled.prove().first_broken
    assert (broken.head, broken.leaf) == (1, None)
    assert broken.reason == "the leaves 0 to 5 are not those that were signed"


def test_everything_made_anew_with_another_key_is_seen_by_who_knows_the_key_or_has_a_copy(filled, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    original = only_file(filled.folder / "signed")
    (copy / original.name).write_bytes(original.read_bytes())
    known = filled.heads.statistics().key
    made_anew(filled.journal(filled.first), 4)
    sealed = read_sealed(filled.store.media / filled.first.path)
    leaves = only_file(filled.folder / "leaves")
    leaves.write_bytes(leaves.read_bytes().replace(filled.first.chain.hex().encode(), sealed.digest.hex().encode()))
    forger, edge, previous, lines = Ed25519Signer(Ed25519PrivateKey.generate()), RightEdge(), bytes(32), []
    hashes = [leaf_hash(line[:-1]) for line in lines_in(filled.folder / "leaves")]
    for line in original.read_bytes().splitlines():
        value = json.loads(line)
        edge.extend(hashes[edge.size : value["size"]])
        value |= {"root": edge.root().hex(), "edge": [peak.hex() for peak in edge.peaks], "previous": previous.hex()}
        value |= {"key": forger.key, "signatures": {}}
        head = parse_head(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
        head = head.with_signatures({forger.key: forger.sign(head.signed())})
        lines.append(head.line() + b"\n")
        previous = line_digest(head.line())
    original.write_bytes(b"".join(lines))
    report = filled.prove()
    assert report.intact  # by itself it is
    assert [use.key for use in report.keys] != [known]
    broken = filled.prove(copy=copy).first_broken
    assert (broken.head, broken.file) == (0, str(copy))
    assert "line 1, is not what" in broken.reason


@pytest.mark.parametrize("removed", [0, 1, 2])
def test_a_head_that_was_removed_is_missed(filled, removed):
    path = only_file(filled.folder / "signed")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:removed] + lines[removed + 1 :]))
    assert filled.prove().first_broken.head == removed + 1


def test_heads_removed_from_the_end_before_a_start_are_missed_by_the_second_copy_alone(filled, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    path = only_file(filled.folder / "signed")
    (copy / path.name).write_bytes(path.read_bytes())
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    filled.reopen()
    assert filled.prove().intact
    broken = filled.prove(copy=copy).first_broken
    assert "has heads that are not here" in broken.reason


def test_a_second_copy_that_lags_is_no_difference(filled, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    path = only_file(filled.folder / "signed")
    (copy / path.name).write_bytes(path.read_bytes()[:-100])
    assert filled.prove(copy=copy).intact
    assert filled.prove(copy=tmp_path / "not mounted").intact


def test_a_head_that_is_signed_and_copied_while_the_copy_is_compared_is_no_difference(filled, tmp_path, monkeypatch):
    copy = SecondCopy(filled.folder / "signed", tmp_path, "copy")
    copy.catch_up(*filled.heads.durable_heads)
    looked = proof.sizes_of

    def looked_and_a_minute_later(folder):
        sizes = looked(folder)
        filled.enter()
        filled.heads.sign()
        copy.catch_up(*filled.heads.durable_heads)
        return sizes

    monkeypatch.setattr(proof, "sizes_of", looked_and_a_minute_later)
    assert filled.prove(copy=tmp_path / "copy").first_broken is None


@pytest.mark.parametrize("folder", ["leaves", "signed"])
@pytest.mark.parametrize("seed", range(60))
def test_every_flipped_bit_is_found_and_the_head_named(filled, folder, seed):
    path = only_file(filled.folder / folder)
    data, bit = bytearray(path.read_bytes()), random.Random(seed)
    at = bit.randrange(len(data))
    data[at] ^= 1 << bit.randrange(8)
    before = bytes(path.read_bytes()[:at]).count(b"\n")
    path.write_bytes(data)
    broken = filled.prove().first_broken
    assert broken is not None
    if folder == "signed":
        assert broken.head == before + 1
    else:
        assert broken.head == (1 if before < 6 else 2 if before < 10 else 3)


@pytest.mark.parametrize("folder", ["leaves", "signed"])
def test_lines_that_were_swapped_doubled_or_inserted_are_found(filled, folder):
    path = only_file(filled.folder / folder)
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in ([lines[1], lines[0], *lines[2:]], [lines[0], *lines], [*lines[:2], b"{}\n", *lines[2:]]):
        path.write_bytes(b"".join(changed))
        assert filled.prove().first_broken is not None


def test_a_new_key_that_the_one_before_did_not_sign_for_truly_is_found(filled):
    filled.heads.rotate()
    filled.enter()
    filled.heads.sign()
    path = only_file(filled.folder / "signed")
    lines = path.read_bytes().splitlines(keepends=True)
    head = parse_head(lines[3][:-1])
    first = parse_head(lines[0][:-1]).key
    false = head.with_signatures(dict(head.signatures) | {first: bytes(64)})
    path.write_bytes(b"".join([*lines[:3], false.line() + b"\n", *lines[4:]]))
    assert filled.prove().first_broken.reason == "the signature of the key before is not true"
    without = head.with_signatures({head.key: head.signatures[head.key]})
    path.write_bytes(b"".join([*lines[:3], without.line() + b"\n", *lines[4:]]))
    broken = filled.prove().first_broken  # the head after it names the line as it was
    assert (broken.head, broken.reason) == (5, "the head before is not the one it names")


def test_leaves_come_back_as_they_were_written(filled):
    assert parse_leaf(filled.first.line()) == filled.first
    assert filled.first.segment == filled.journal(filled.first).stem

"""The ledger's own entries in custody/: each against its leaf, each leaf against a signed head.

Not here: what the entries say. They are this server's word, and the heads show that it has not changed since.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from verifier import canonical
from verifier.archive import Archive
from verifier.heads import Head, HeadReader, read_entry_leaf
from verifier.report import Report, Wrong
from verifier.tree import leaf_hash, root_by

ENTRIES, PROOFS, HEADS = "custody/entries.jsonl", "custody/proofs.jsonl", "custody/heads.jsonl"
LINES_MAX_BYTES = 64 << 20
LINES_MAX = 50_000
_LINE_MAX_BYTES = 1 << 16
_FIELDS = {"head", "index", "leaf", "n", "proof"}


@dataclass(frozen=True, slots=True)
class Custody:
    """Entries that are proven, and the heads that their proofs lead to; none where the bundle has none."""

    heads: list[Head] = field(default_factory=list)
    entries: list[dict[str, object]] = field(default_factory=list)


def check_custody(archive: Archive, reader: HeadReader, report: Report) -> Custody:
    if ENTRIES not in archive.files and PROOFS not in archive.files:
        return Custody()
    for name in (ENTRIES, PROOFS, HEADS):
        if name not in archive.files:
            report.fault(name, "it is missing")
            return Custody()
    name = HEADS
    try:
        heads_data = archive.whole(HEADS, LINES_MAX_BYTES)
        heads = reader.read(heads_data[:LINES_MAX_BYTES]) if heads_data else []
        name = ENTRIES
        entries = _lines(archive.whole(ENTRIES, LINES_MAX_BYTES))
        name = PROOFS
        proofs = _lines(archive.whole(PROOFS, LINES_MAX_BYTES))
        if len(proofs) != len(entries):
            raise Wrong(f"there are {len(proofs)} proofs of {len(entries)} entries")
        by_number = {head.number: head for head in heads}
        proven = []
        for place, (entry, proof) in enumerate(zip(entries, proofs, strict=True), 1):
            try:
                proven.append(_prove(entry, proof, by_number))
            except Wrong as error:
                raise Wrong(f"line {place}: {error}") from None
    except Wrong as error:
        report.fault(name, str(error))
        return Custody()
    return Custody(heads, proven)


def _lines(data: bytes) -> list[bytes]:
    if not data:
        return []
    if len(data) > LINES_MAX_BYTES or not data.endswith(b"\n"):
        raise Wrong("too long, or its last line does not end")
    lines = data[:-1].split(b"\n")
    if len(lines) > LINES_MAX:
        raise Wrong(f"more than {LINES_MAX} lines")
    return lines


def _prove(entry: bytes, proof: bytes, heads: dict[int, Head]) -> dict[str, object]:
    value = canonical.read(proof, _LINE_MAX_BYTES)
    if value.keys() != _FIELDS:
        raise Wrong("no proof of a kind that is known here")
    told = canonical.read(entry, _LINE_MAX_BYTES)
    try:
        line = canonical.text(value, "leaf").encode()
    except ValueError:
        raise Wrong("its leaf is no text") from None
    n, digest = read_entry_leaf(line)
    if told.get("n") != n or value["n"] != n:
        raise Wrong("its leaf is of another entry")
    if sha256(entry).digest() != digest:
        raise Wrong(f"entry {n} was altered: its SHA-256 is not the one in its leaf")
    head = heads.get(canonical.number(value, "head"))
    path = [canonical.digest(one, "proof") for one in canonical.things(value, "proof")]
    if head is None or root_by(leaf_hash(line), canonical.number(value, "index"), head.size, path) != head.root:
        raise Wrong("its leaf is not in the tree of the head that it names")
    return told

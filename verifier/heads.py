"""Signed heads and leaves: docs/reference/heads.md, and which keys may be trusted because others vouch for them.

A key's first head is signed by the key before as well: who trusts that one, trusts the new one. A head names the one
before it by its hash: who trusts a head, trusts that line, but not whatever else the key of that line signs.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from verifier import canonical
from verifier.ed25519 import verifies
from verifier.report import Wrong
from verifier.tree import root_of_edge

HEAD_MAX_BYTES = 16_384
LEAF_MAX_BYTES = 1_024
HEADS_MAX = 20_000  # in one bundle: some for each segment, and two for each change of a key
SIGNATURES_MAX = 4

_CONTEXT = b"mingjing head v1\n"
_FIELDS = {"at", "edge", "key", "ledger", "node", "number", "previous", "root", "signatures", "size", "v"}
_KEY = re.compile(r"ed25519:([0-9a-f]{64})")
_STREAM_LEAF = {"chain", "ended", "kind", "path", "records", "sequence", "stream", "until", "v"}
_ENTRY_LEAF = {"digest", "kind", "n", "v"}


@dataclass(frozen=True, slots=True)
class Head:
    """`vouching` are the keys whose signature over it is true; `key`, its own, is always among them."""

    number: int
    size: int
    root: bytes
    at: str
    key: str
    previous: bytes
    vouching: frozenset[str]
    line_hash: bytes


@dataclass(frozen=True, slots=True)
class StreamLeaf:
    path: str
    stream: str
    records: int
    sequence: int
    chain: bytes


class HeadReader:
    """Reads the files of heads of one bundle. A line that stands in many of them is looked at once."""

    def __init__(self) -> None:
        self._heads: dict[bytes, Head] = {}
        self._by_number: dict[int, Head] = {}

    def read(self, data: bytes) -> list[Head]:
        """Raises Wrong: a line is no head, not true in itself, or other than another head of its number."""
        if not data.endswith(b"\n"):
            raise Wrong("its last line does not end")
        heads = []
        for place, line in enumerate(data[:-1].split(b"\n"), 1):
            try:
                heads.append(self._head(line))
            except Wrong as error:
                raise Wrong(f"line {place}: {error}") from None
        for one, other in pairwise(heads):
            if one.number >= other.number:
                raise Wrong("its heads are not in order")
            if one.size > other.size:
                raise Wrong(f"head {other.number} is over fewer leaves than head {one.number}")
        return heads

    def _head(self, line: bytes) -> Head:
        known = self._heads.get(line)
        if known is not None:
            return known
        if len(self._heads) == HEADS_MAX:
            raise Wrong(f"more than {HEADS_MAX} heads in all")
        head = self._heads[line] = read_head(line)
        if self._by_number.setdefault(head.number, head) is not head:
            raise Wrong(f"there are two heads of number {head.number}: two histories were signed")
        return head


def read_head(line: bytes) -> Head:
    value = canonical.read(line, HEAD_MAX_BYTES)
    if value.keys() != _FIELDS or value["v"] != 1:
        raise Wrong("no head of a version that is known here")
    size, root = canonical.number(value, "size"), canonical.digest(value["root"], "root")
    edge = [canonical.digest(peak, "edge") for peak in canonical.things(value, "edge")]
    if len(edge) != size.bit_count() or root_of_edge(edge) != root:
        raise Wrong("its edge does not lead to its root")
    key, signatures = canonical.text(value, "key"), canonical.thing(value["signatures"], "signatures")
    if len(signatures) > SIGNATURES_MAX:
        raise Wrong(f"more than {SIGNATURES_MAX} signatures")
    signed = _CONTEXT + canonical.written({name: one for name, one in value.items() if name != "signatures"})
    vouching = frozenset(name for name, signature in signatures.items() if is_signed(name, signed, signature))
    if key not in vouching:
        raise Wrong("its signature is not true")
    if vouching != signatures.keys():
        raise Wrong("a signature of it is not true")
    return Head(
        number=canonical.number(value, "number"),
        size=size,
        root=root,
        at=canonical.text(value, "at"),
        key=key,
        previous=canonical.digest(value["previous"], "previous"),
        vouching=vouching,
        line_hash=sha256(line).digest(),
    )


def is_signed(key: str, message: bytes, signature: object) -> bool:
    named = _KEY.fullmatch(key)
    if named is None or not isinstance(signature, str) or re.fullmatch(r"[0-9a-f]{128}", signature) is None:
        return False
    return verifies(bytes.fromhex(named[1]), message, bytes.fromhex(signature))


def trusted_keys(known: Collection[str], heads: Iterable[Head]) -> set[str]:
    """These keys, and those that they vouch for: only forward, so that a key that was replaced signs nothing new."""
    trusted, heads = set(known), list(heads)
    grows = True
    while grows:
        before = len(trusted)
        trusted |= {head.key for head in heads if head.vouching & trusted}
        grows = len(trusted) > before
    return trusted


def believed_heads(trusted: Collection[str], heads: Iterable[Head]) -> set[bytes]:
    """Hashes of the lines that may be believed: signed by such a key before it handed over to another, or named as
    `previous` by one that may. An older head of a replaced key is not among them, for its thief can make one as well.
    """
    heads = list(heads)
    until: dict[str, int] = {}
    for head in heads:
        if head.vouching & set(trusted):
            for key in head.vouching - {head.key}:
                until[key] = min(until.get(key, head.number), head.number)
    by_hash = {head.line_hash: head for head in heads}
    open_ = [head for head in heads if head.key in trusted and head.number < until.get(head.key, 1 << 63)]
    believed: set[bytes] = set()
    while open_:
        head = open_.pop()
        believed.add(head.line_hash)
        earlier = by_hash.get(head.previous)
        if earlier is not None and earlier.line_hash not in believed and earlier.number < head.number:
            open_.append(earlier)
    return believed


def read_stream_leaf(line: bytes) -> StreamLeaf:
    """Raises Wrong."""
    value = canonical.read(line, LEAF_MAX_BYTES)
    if value.keys() != _STREAM_LEAF or value["kind"] != "stream" or value["v"] != 1:
        raise Wrong("no leaf of a stream")
    return StreamLeaf(
        path=canonical.text(value, "path"),
        stream=canonical.text(value, "stream"),
        records=canonical.number(value, "records"),
        sequence=canonical.number(value, "sequence"),
        chain=canonical.digest(value["chain"], "chain"),
    )


def read_entry_leaf(line: bytes) -> tuple[int, bytes]:
    """Number and digest. Raises Wrong."""
    value = canonical.read(line, LEAF_MAX_BYTES)
    if value.keys() != _ENTRY_LEAF or value["kind"] != "entry" or value["v"] != 1:
        raise Wrong("no leaf of an entry")
    return canonical.number(value, "n"), canonical.digest(value["digest"], "digest")

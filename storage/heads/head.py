"""A signed head: what the tree was at a moment, in one line of canonical JSON.

    {"at":"2026-11-24T04:23:00.012Z","edge":["…"],"key":"ed25519:…","ledger":17,"node":"node-1","number":3,
     "previous":"…","root":"…","signatures":{"ed25519:…":"…"},"size":412,"v":1}

Signed is SIGNED_CONTEXT and the line without `signatures`. The `edge` is the tree's right edge: the root follows from
it, and with it alone the next start goes on, whatever became of the leaves. `previous` is the SHA-256 of the line of
the head before, so heads cannot be taken out.

A new key's first head is signed by the key before as well. Not here: files (heads), private keys (key_ring).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from storage.heads.canonical import NotCanonical, count, decode, digest, encode, moment, text
from storage.heads.signer import SCHEMES, Scheme, verifies
from storage.heads.tree import RightEdge

VERSION = 1
NO_HEAD = bytes(32)  # `previous` of the first
SIGNED_CONTEXT = b"mingjing head v1\n"  # so that no signature over something else is one over a head
LINE_MAX_BYTES = 16_384  # an edge of 62 hashes is 4 KiB, and two signatures of any algorithm follow it
SIGNATURES_MAX = 4

_KEYS = frozenset({"at", "edge", "key", "ledger", "node", "number", "previous", "root", "signatures", "size", "v"})
_KEY = re.compile(r"[a-z0-9-]{1,32}:[0-9a-f]{2,512}")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Head:
    """The tree's size and root at a moment, and who says so."""

    number: int  # 1, 2, 3 …: never skipped
    size: int  # leaves
    root: bytes
    edge: tuple[bytes, ...]
    ledger: int  # entries of the ledger up to this number are leaves
    at: str  # by this server's wall clock. Order is by `number`: the clock may be set
    node: str
    key: str
    previous: bytes
    signatures: Mapping[str, bytes]

    def signed(self) -> bytes:
        """What signatures are over."""
        return SIGNED_CONTEXT + encode(self._fields())

    def line(self) -> bytes:
        signatures = {key: signature.hex() for key, signature in self.signatures.items()}
        return encode(self._fields() | {"signatures": signatures})

    def with_signatures(self, signatures: Mapping[str, bytes]) -> "Head":
        return replace(self, signatures=signatures)

    def is_signed_by(self, key: str, schemes: Mapping[str, Scheme] = SCHEMES) -> bool:
        signature = self.signatures.get(key)
        return signature is not None and verifies(key, self.signed(), signature, schemes)

    def right_edge(self) -> RightEdge:
        """Raises ValueError: the edge is not one of that size and root."""
        edge = RightEdge(self.size, self.edge)
        if edge.root() != self.root:
            raise ValueError("its edge does not lead to its root")
        return edge

    def _fields(self) -> dict[str, object]:
        return {
            "at": self.at,
            "edge": [peak.hex() for peak in self.edge],
            "key": self.key,
            "ledger": self.ledger,
            "node": self.node,
            "number": self.number,
            "previous": self.previous.hex(),
            "root": self.root.hex(),
            "size": self.size,
            "v": VERSION,
        }


def parse_head(line: bytes) -> Head:
    """Raises NotCanonical: these bytes are no head. Nothing is checked that takes the tree or a key."""
    value = decode(line, _KEYS, LINE_MAX_BYTES)
    edge, signatures, key, node = value["edge"], value["signatures"], text(value["key"]), text(value["node"])
    if value["v"] != VERSION:
        raise NotCanonical(f"unknown version {value['v']!r}")
    if not isinstance(edge, list) or not isinstance(signatures, dict) or len(signatures) > SIGNATURES_MAX:
        raise NotCanonical("a field of the wrong type")
    if not all(_KEY.fullmatch(name) for name in (key, *signatures)) or _NODE.fullmatch(node) is None:
        raise NotCanonical("a name that cannot be")
    return Head(
        number=count(value["number"], least=1),
        size=count(value["size"]),
        root=digest(value["root"]),
        edge=tuple(digest(peak) for peak in edge),
        ledger=count(value["ledger"]),
        at=moment(value["at"]),
        node=node,
        key=key,
        previous=digest(value["previous"]),
        signatures={name: _signature(shown) for name, shown in signatures.items()},
    )


def is_head(line: bytes) -> bool:
    try:
        parse_head(line)
    except NotCanonical:
        return False
    return True


def line_digest(line: bytes) -> bytes:
    """What the head after this line names as `previous`."""
    return sha256(line).digest()


def _signature(value: object) -> bytes:
    shown = text(value)
    try:
        found = bytes.fromhex(shown)
    except ValueError:
        raise NotCanonical("a signature that does not parse") from None
    if found.hex() != shown:
        raise NotCanonical("a signature that does not parse")
    return found

"""The log of the test vectors: three heads of two keys, always the same bytes.

`python -m tests.storage.heads.vector_log` writes it, when the format changes.
"""

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.heads import Ed25519, EntryLeaf, Heads, StreamLeaf, leaf_hash, parse_head
from tests.storage.footage import StoppedClock
from tests.storage.heads.cabinet import lines_in

VECTORS = Path(__file__).parents[2] / "vectors" / "heads"
STREAM, SEGMENT = "01K5P000000000000000000001", "01K5P000000000000000000002"


class KnownKeys(Ed25519):
    """The first key is 32 bytes of 1, the second of 2: whoever uses them proves nothing."""

    def __init__(self) -> None:
        self._made = 0

    def new_key(self) -> bytes:
        self._made += 1
        return Ed25519PrivateKey.from_private_bytes(bytes([self._made]) * 32).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def stream_leaf(records: int, *, ended: bool = False) -> StreamLeaf:
    return StreamLeaf(
        path=f"2026-09-21/dev1/main/{SEGMENT}.mp4",
        stream=STREAM,
        records=records,
        sequence=records - 2,
        until="2026-09-21T14:14:20.000Z",
        chain=bytes([records]) * 32,
        ended=ended,
    )


def write_log(root: Path) -> None:
    """Leaves and heads below `root`."""
    clock = StoppedClock()
    heads = Heads.open(root / "log", root / "heads.key", node="node-1", clock=clock, scheme=KnownKeys())
    heads.add([EntryLeaf(1, b"\x01" * 32), EntryLeaf(2, b"\x02" * 32), stream_leaf(12)])
    heads.sign()
    clock.pass_s(60)
    heads.add([stream_leaf(40), EntryLeaf(3, b"\x03" * 32)])
    heads.rotate()
    clock.pass_s(60)
    heads.add([stream_leaf(41, ended=True), EntryLeaf(4, b"\x04" * 32)])
    heads.sign()
    heads.close()


def described(root: Path) -> dict[str, object]:
    """What the files say, for a reader that is being written."""
    heads = [parse_head(line[:-1]) for line in lines_in(root / "log" / "signed")]
    return {
        "leaf_hashes": [leaf_hash(line[:-1]).hex() for line in lines_in(root / "log" / "leaves")],
        "heads": [
            {
                "number": head.number,
                "size": head.size,
                "root": head.root.hex(),
                "signed": head.signed().decode(),
                "signatures": {key: signature.hex() for key, signature in head.signatures.items()},
            }
            for head in heads
        ],
    }


if __name__ == "__main__":
    write_log(VECTORS)
    (VECTORS / "heads.key").unlink()
    (VECTORS / "log.json").write_text(json.dumps(described(VECTORS), indent=1) + "\n")

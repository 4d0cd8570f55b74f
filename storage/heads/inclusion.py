"""A leaf, the first head over it, and the proof that leads from one to the other: what a bundle carries.

Made from that head, the one before it, and the leaves in between, a few hundred: the edge of the head before stands for
all older leaves. So a proof costs the same in a tree of a thousand leaves and of a hundred million.

Not here: which leaf belongs to what footage. Everything blocks.
"""

from dataclasses import dataclass
from pathlib import Path

from storage.heads.head import Head, parse_head
from storage.heads.heads import LEAVES, SIGNED
from storage.heads.line_log import log_paths, read_lines
from storage.heads.tree import RightEdge, includes, inclusion_proof, leaf_hash, nodes_since


class NoProof(Exception):
    """There is no true way from this leaf to a head; the message says why."""


class NoHeadYet(NoProof):
    """The leaf is newer than all heads."""


@dataclass(frozen=True, slots=True)
class LeafProof:
    """`includes(leaf_hash(line), index, head.size, head.root, proof)` is true."""

    index: int
    line: bytes  # of the leaf, without its line feed
    head: Head
    proof: tuple[bytes, ...]


def prove_leaf(folder: Path, index: int) -> LeafProof:
    """The proof of leaf `index` in the first head over it.

    Raises:
        NoHeadYet: so it is.
        NoProof: leaves and heads contradict each other.
    """
    before, head = _heads_around(folder / SIGNED, index)
    try:
        edge = RightEdge() if before is None else before.right_edge()
    except ValueError as error:
        raise NoProof(f"head {before.number if before else 0}: {error}") from None
    lines = list(read_lines(folder / LEAVES, edge.size, head.size))
    if [line.number for line in lines] != list(range(edge.size, head.size)):
        raise NoProof(f"leaves between {edge.size} and {head.size} are missing")
    hashes = [leaf_hash(line.data) for line in lines]
    at = index - edge.size
    proof = tuple(inclusion_proof(nodes_since(edge, hashes), index, head.size))
    if not includes(hashes[at], index, head.size, head.root, proof):
        raise NoProof(f"the leaves {edge.size} to {head.size - 1} are not those that head {head.number} speaks for")
    return LeafProof(index, lines[at].data, head, proof)


def _heads_around(folder: Path, index: int) -> tuple[Head | None, Head]:
    """The last head that is not over this leaf, and the first that is."""
    paths = log_paths(folder)
    low, high = 0, len(paths)
    while low < high:  # the last file whose first head is not over it
        middle = (low + high) // 2
        if _first_size(folder, paths[middle]) <= index:
            low = middle + 1
        else:
            high = middle
    before: Head | None = None
    start = int(paths[max(0, low - 1)].stem) if paths else 0
    for line in read_lines(folder, start, start + (1 << 62)):
        head = _parsed(line.data)
        if head.size > index:
            return before, head
        before = head
    raise NoHeadYet(f"no head is over leaf {index} yet")


def _first_size(folder: Path, path: Path) -> int:
    first = int(path.stem)
    return next((_parsed(line.data).size for line in read_lines(folder, first, first + 1)), 0)


def _parsed(line: bytes) -> Head:
    try:
        return parse_head(line)
    except ValueError as error:
        raise NoProof(f"a damaged head: {error}") from None

"""The Merkle tree of RFC 6962: whether a leaf is in it, and what its right edge folds to. Written from section 2.1."""

from collections.abc import Sequence
from hashlib import sha256

PATH_MAX = 62  # of a tree of 2^62 leaves


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def root_by(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Where this path leads from the hash of leaf `index` in a tree of `size`; None: no path of such a leaf.

    The recursion of 2.1.1 from the root down: the tree is split at the largest power of two below its size, and the
    last hash of the path is the half in which the leaf is not.
    """
    if not 0 <= index < size or len(path) > PATH_MAX:
        return None
    turns = []
    while size > 1:
        left = 1 << ((size - 1).bit_length() - 1)
        if index < left:
            turns.append(False)
            size = left
        else:
            turns.append(True)
            index, size = index - left, size - left
    if len(turns) != len(path):
        return None
    reached = leaf
    for other, from_right in zip(path, reversed(turns), strict=True):
        reached = sha256(b"\x01" + (other + reached if from_right else reached + other)).digest()
    return reached


def root_of_edge(edge: Sequence[bytes]) -> bytes:
    """Perfect subtrees, the largest first, folded from the right."""
    if not edge:
        return sha256(b"").digest()
    reached = edge[-1]
    for peak in reversed(edge[:-1]):
        reached = sha256(b"\x01" + peak + reached).digest()
    return reached

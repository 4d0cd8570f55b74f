"""The Merkle tree of RFC 6962, section 2.1, over SHA-256: roots, proofs, and their checking.

    leaf = SHA-256(0x00 ‖ data)        node = SHA-256(0x01 ‖ left ‖ right)

A tree of n leaves is split at the largest power of two below n. The *edge* of a tree is the list of its perfect
subtrees, the largest first, one for each bit of n that is set: with it alone the tree grows, a leaf at a time, and
its root is known. Proofs are made from hashes of perfect subtrees, which whoever keeps them hands in.

Sans-IO, and it imports hashlib alone. It stands beside the files of heads and not in `media`, for what it proves are
the lines of a ledger and the records of a journal, and these are of this room; whoever checks a proof without a store
needs those formats as well, and finds them here.

Limits: a tree of 2^62 leaves. A proof has at most 62 hashes; one that is longer is refused before it is hashed.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_SIZE = 32
PROOF_MAX = 62
EMPTY_ROOT = sha256(b"").digest()  # of a tree without leaves

_LEAF, _NODE = b"\x00", b"\x01"

# The hash of the perfect subtree over leaves [index·2^level, (index + 1)·2^level).
Nodes = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


class RightEdge:
    """A tree that only grows: its size and its perfect subtrees. A leaf costs two hashes, counted over many."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Raises ValueError: a tree of this size has another number of perfect subtrees."""
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_SIZE for peak in peaks):
            raise ValueError(f"not the edge of a tree of {size} leaves")
        self.size = size
        self._peaks = list(peaks)

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The perfect subtrees, the largest first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def copy(self) -> "RightEdge":
        return RightEdge(self.size, self._peaks)


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """The subtrees of a tree whose leaf hashes are all in memory: for bundles, tests and small trees."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def nodes_since(edge: RightEdge, leaves: Iterable[bytes]) -> Nodes:
    """The subtrees that an older tree's edge and the leaf hashes since make up: enough to prove each of these leaves in
    the tree that they lead to. KeyError: a subtree of the older tree that is none of its perfect ones.
    """
    known: dict[tuple[int, int], bytes] = {}
    size, beyond = edge.size, 0
    for peak in edge.peaks:
        level = (size - beyond).bit_length() - 1
        known[level, beyond >> level] = peak
        beyond += 1 << level
    for leaf in leaves:
        level, index, node = 0, size, leaf
        known[level, index] = node
        while index & 1:
            node = node_hash(known[level, index - 1], node)
            level, index = level + 1, index >> 1
            known[level, index] = node
        size += 1
    return lambda level, index: known[level, index]


def root_of(nodes: Nodes, size: int) -> bytes:
    """The root that the tree had when it had `size` leaves."""
    return _subtree(nodes, 0, size) if size else EMPTY_ROOT


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """What leads from leaf `index` to the root of the first `size` leaves, from the bottom up (2.1.1).

    Raises:
        IndexError: that tree has no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} among {size}")
    proof = []
    first, beyond = 0, size
    while beyond - first > 1:
        middle = first + _split(beyond - first)
        if index < middle:
            proof.append(_subtree(nodes, middle, beyond))
            beyond = middle
        else:
            proof.append(_subtree(nodes, first, middle))
            first = middle
    return proof[::-1]


def consistency_proof(nodes: Nodes, old_size: int, new_size: int) -> list[bytes]:
    """What shows that the first `old_size` leaves of the newer tree are those of the older one (2.1.2).

    Nothing is needed for trees of the same size, or where the older one is empty.

    Raises:
        IndexError: the newer tree is smaller.
    """
    if not 0 <= old_size <= new_size:
        raise IndexError(f"a tree of {new_size} leaves has had no {old_size}")
    if old_size in (0, new_size):
        return []
    proof = []
    first, beyond, whole = 0, new_size, True
    while old_size != beyond:
        middle = first + _split(beyond - first)
        if old_size <= middle:
            proof.append(_subtree(nodes, middle, beyond))
            beyond = middle
        else:
            proof.append(_subtree(nodes, first, middle))
            first, whole = middle, False
    if not whole:  # else it is the older tree itself, whose root the reader has
        proof.append(_subtree(nodes, first, beyond))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof leads from this leaf hash, at this place, to the root (RFC 9162, 2.1.3.2).

    `size` belongs to the root: believe both only from a signed head.
    """
    if not 0 <= index < size or not _are_hashes((leaf, root), proof):
        return False
    place, last, reached = index, size - 1, leaf
    for node in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            reached = node_hash(node, reached)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            reached = node_hash(reached, node)
        place, last = place >> 1, last >> 1
    return last == 0 and reached == root


def is_consistent(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the newer tree begins with the older one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= new_size or not _are_hashes((old_root, new_root), proof):
        return False
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if old_size == new_size:
        return not proof and old_root == new_root
    nodes = list(proof)
    if old_size & (old_size - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node_hash(node, older), node_hash(node, newer)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            newer = node_hash(newer, node)
        place, last = place >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


def _subtree(nodes: Nodes, first: int, beyond: int) -> bytes:
    """The hash over leaves [first, beyond), a subtree of the recursion: its parts lie where `nodes` has them."""
    hashes = []
    while first < beyond:
        level = (beyond - first).bit_length() - 1
        hashes.append(nodes(level, first >> level))
        first += 1 << level
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _are_hashes(given: Iterable[bytes], proof: Sequence[bytes]) -> bool:
    return len(proof) <= PROOF_MAX and all(len(one) == HASH_SIZE for one in (*given, *proof))

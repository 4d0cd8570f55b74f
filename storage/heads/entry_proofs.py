"""Proofs for many entries of the ledger at once: which leaf is each one's, and the way from it to the first head over
it.

Heads say up to which entry they speak, so the head of an entry is found by halving, in the files and then in one of
them; its leaves are read once, for however many entries it has. Everything blocks."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

from storage.heads.canonical import NotCanonical
from storage.heads.head import Head, parse_head
from storage.heads.heads import LEAVES, SIGNED
from storage.heads.inclusion import LeafProof, NoProof
from storage.heads.leaf import EntryLeaf, parse_leaf
from storage.heads.line_log import log_paths, read_lines
from storage.heads.tree import RightEdge, includes, inclusion_proof, leaf_hash, nodes_since


def prove_entries(folder: Path, numbers: Iterable[int]) -> Iterator[tuple[int, LeafProof]]:
    """The number of each entry and its proof, in their order.

    Raises:
        NoProof: no head is over one of them yet, or leaves and heads contradict each other.
    """
    wanted = sorted(set(numbers))
    heads = _HeadFiles(folder / SIGNED)
    at = 0
    while at < len(wanted):
        before, head = heads.around(wanted[at])
        together = [n for n in wanted[at:] if n <= head.ledger]
        yield from _prove(folder, before, head, together)
        at += len(together)


class _HeadFiles:
    """The signed heads, of which one file at a time is in memory."""

    def __init__(self, folder: Path) -> None:
        self._paths = log_paths(folder)
        self._folder = folder
        self._firsts: dict[Path, int] = {}
        self._loaded: tuple[Path, list[bytes]] | None = None

    def around(self, n: int) -> tuple[Head | None, Head]:
        """The last head that does not speak for entry `n`, and the first that does."""
        place = bisect_left(self._paths, n, key=self._first)  # the first file that begins behind the head before
        if place == 0:
            if self._paths and self._first(self._paths[0]) >= n:
                return None, _parsed(self._lines(self._paths[0])[0])
            raise NoProof(f"no head is over entry {n} yet")
        lines = self._lines(self._paths[place - 1])
        index = bisect_left(lines, n, key=lambda line: _parsed(line).ledger)
        before = _parsed(lines[index - 1])
        if index < len(lines):
            return before, _parsed(lines[index])
        if place < len(self._paths):
            return before, _parsed(self._lines(self._paths[place])[0])
        raise NoProof(f"no head is over entry {n} yet")

    def _first(self, path: Path) -> int:
        """Up to which entry the first head of a file speaks."""
        if path not in self._firsts:
            number = int(path.stem)
            line = next(iter(read_lines(self._folder, number, number + 1)), None)
            self._firsts[path] = 0 if line is None else _parsed(line.data).ledger
        return self._firsts[path]

    def _lines(self, path: Path) -> list[bytes]:
        if self._loaded is None or self._loaded[0] != path:
            first = int(path.stem)
            following = [int(other.stem) for other in self._paths if int(other.stem) > first]
            end = following[0] if following else first + (1 << 62)
            self._loaded = (path, [line.data for line in read_lines(self._folder, first, end)])
        return self._loaded[1]


def _prove(folder: Path, before: Head | None, head: Head, numbers: list[int]) -> Iterator[tuple[int, LeafProof]]:
    try:
        edge = RightEdge() if before is None else before.right_edge()
    except ValueError as error:
        raise NoProof(f"head {before.number if before else 0}: {error}") from None
    lines = list(read_lines(folder / LEAVES, edge.size, head.size))
    if [line.number for line in lines] != list(range(edge.size, head.size)):
        raise NoProof(f"leaves between {edge.size} and {head.size} are missing")
    hashes = [leaf_hash(line.data) for line in lines]
    nodes = nodes_since(edge, hashes)
    places = _entries_in([line.data for line in lines])
    for n in numbers:
        if n not in places:
            raise NoProof(f"entry {n} has no leaf under head {head.number}")
        at = places[n]
        index = edge.size + at
        proof = tuple(inclusion_proof(nodes, index, head.size))
        if not includes(hashes[at], index, head.size, head.root, proof):
            raise NoProof(f"the leaves {edge.size} to {head.size - 1} are not those that head {head.number} speaks for")
        yield n, LeafProof(index, lines[at].data, head, proof)


def _entries_in(lines: list[bytes]) -> dict[int, int]:
    """The place of the first leaf of each entry."""
    found: dict[int, int] = {}
    for place, line in enumerate(lines):
        try:
            leaf = parse_leaf(line)
        except NotCanonical:
            continue
        if isinstance(leaf, EntryLeaf):
            found.setdefault(leaf.n, place)
    return found


def _parsed(line: bytes) -> Head:
    try:
        return parse_head(line)
    except NotCanonical as error:
        raise NoProof(f"a damaged head: {error}") from None

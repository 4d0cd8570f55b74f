"""Since when segments have leaves of their own: what ended before there were heads has none. Blocks."""

from pathlib import Path

from storage.heads.canonical import NotCanonical
from storage.heads.heads import LEAVES
from storage.heads.leaf import EntryLeaf, StreamLeaf, parse_leaf
from storage.heads.line_log import read_lines


def signed_since(folder: Path) -> str:
    """The greatest id among the segments of the first round that had any: each that was made later becomes a leaf when
    it ends, and of the others nobody knows. Empty: there was no such round yet.

    An old ledger stands before it, so this reads a million lines in a second; ask once.
    """
    greatest, seen = "", set[str]()
    for line in read_lines(folder / LEAVES, 0, 1 << 62):
        if not seen and b'"kind":"stream"' not in line.data:
            continue
        try:
            leaf = parse_leaf(line.data)
        except NotCanonical:
            continue
        if isinstance(leaf, EntryLeaf) or leaf.segment in seen:
            break  # the next round
        assert isinstance(leaf, StreamLeaf)
        seen.add(leaf.segment)
        greatest = max(greatest, leaf.segment)
    return greatest

"""Which leaf speaks for footage: the first of its segment in the tree that goes far enough.

A leaf is written after the records it speaks of, and the head over it after that. So the search begins at the last head
that is certainly older than the footage, found by halving, and reads a few thousand leaves from there; among a hundred
million it costs some ten milliseconds. Where a clock was set by more than `CLOCK_MARGIN_NS` the leaf is not found so,
and all leaves are read once, for all that are wanted.

Limit: if a clock that was set back by more than a day made a later leaf look like the first, that one is taken. It
proves the same.

Not here: proofs (inclusion). Everything blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.heads.canonical import NotCanonical
from storage.heads.head import Head, parse_head
from storage.heads.heads import LEAVES, SIGNED
from storage.heads.leaf import StreamLeaf, parse_leaf
from storage.heads.line_log import log_paths

CLOCK_MARGIN_NS = 600 * 1_000_000_000  # between the clock of records and that of heads, which waits when it is set back
FILES_NEAR = 3  # of leaves: beyond, a segment that ended has been a leaf for hours


@dataclass(frozen=True, slots=True)
class WantedLeaf:
    """So many records of a segment, the last of which was received then."""

    segment: str
    records: int
    received_utc_ns: int


def first_leaves(folder: Path, wanted: Sequence[WantedLeaf]) -> dict[str, int]:
    """The index of the leaf of each segment; those that have none are left out. `folder` is that of the heads."""
    found: dict[str, int] = {}
    for one in wanted:
        start = _leaves_before(folder / SIGNED, one.received_utc_ns - CLOCK_MARGIN_NS)
        found |= _scan(folder / LEAVES, start, {one.segment: one.records}, FILES_NEAR)
    if rest := {one.segment: one.records for one in wanted if one.segment not in found}:
        found |= _scan(folder / LEAVES, 0, rest, None)
    return found


def _leaves_before(folder: Path, utc_ns: int) -> int:
    """How many leaves the last head has that was signed before this time; 0: none was."""
    paths = log_paths(folder)
    low, high = 0, len(paths)
    while low < high:  # the files whose first head was
        middle = (low + high) // 2
        with paths[middle].open("rb") as file:
            head = _head(file.readline())
        if head is not None and _signed_ns(head) < utc_ns:
            low = middle + 1
        else:
            high = middle
    if not low:
        return 0
    lines = paths[low - 1].read_bytes().split(b"\n")
    low, high, size = 0, len(lines), 0
    while low < high:
        middle = (low + high) // 2
        head = _head(lines[middle])
        if head is not None and _signed_ns(head) < utc_ns:
            low, size = middle + 1, head.size
        else:
            high = middle
    return size


def _scan(folder: Path, start: int, wanted: Mapping[str, int], files_max: int | None) -> dict[str, int]:
    paths = log_paths(folder)
    first = max((n for n, path in enumerate(paths) if int(path.stem) <= start), default=0)
    found: dict[str, int] = {}
    for path in paths[first : None if files_max is None else first + files_max]:
        data = path.read_bytes()
        for segment, records in wanted.items():
            if segment not in found and (place := _place(data, segment, records, start - int(path.stem))) is not None:
                found[segment] = int(path.stem) + place
        if len(found) == len(wanted):
            break
    return found


def _place(data: bytes, segment: str, records: int, least: int) -> int | None:
    """The line of the first such leaf in a file, from `least` on."""
    name = f'/{segment}.mp4"'.encode()
    at = data.find(name)
    while at >= 0:
        begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        if end < 0:
            return None  # it is being written
        try:
            leaf = parse_leaf(data[begin:end])
        except NotCanonical:
            leaf = None
        if isinstance(leaf, StreamLeaf) and leaf.segment == segment and leaf.records >= records:
            place = data.count(b"\n", 0, begin)
            if place >= least:
                return place
        at = data.find(name, end)
    return None


def _head(line: bytes) -> Head | None:
    try:
        return parse_head(line.rstrip(b"\n"))
    except NotCanonical:
        return None


def _signed_ns(head: Head) -> int:
    return int(datetime.fromisoformat(head.at).timestamp() * 1_000_000_000)

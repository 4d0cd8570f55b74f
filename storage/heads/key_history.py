"""Which keys have signed, from which head on, and whether the key before vouched for each: read from the heads.

A key is used for one run of heads and never again. So only the first head of each file is looked at, and all heads of
those files in which the key changed: a year of heads costs some milliseconds. Nothing is proven here (proof).

Everything blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.heads.canonical import NotCanonical
from storage.heads.head import Head, parse_head
from storage.heads.heads import FIRST_HEAD, SIGNED
from storage.heads.line_log import log_paths, read_lines


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The first head of a key, and the last of the key before; None: it is the first of all."""

    before: Head | None
    head: Head

    @property
    def vouched(self) -> bool:
        return self.before is not None and self.head.is_signed_by(self.before.key)


def key_changes(folder: Path) -> list[KeyChange]:
    """In their order, the first key of all among them. Heads that are damaged are passed over: `verify` names them."""
    signed = folder / SIGNED
    starts = [int(path.stem) for path in log_paths(signed)]
    firsts = [next(_heads(signed, start, start + 1), None) for start in starts]
    changes: list[KeyChange] = []
    last: Head | None = None
    for at, start in enumerate(starts):
        end = starts[at + 1] if at + 1 < len(starts) else 1 << 62
        following = firsts[at + 1] if at + 1 < len(starts) else None
        same = last is not None and following is not None and following.key == last.key
        if same and (first := firsts[at]) is not None and last is not None and first.key == last.key:
            continue
        for head in _heads(signed, max(start - 1, FIRST_HEAD), end):
            if last is None or (head.number > last.number and head.key != last.key):
                changes.append(KeyChange(last, head))
            if last is None or head.number > last.number:
                last = head
    return changes


def _heads(folder: Path, first: int, end: int) -> Iterator[Head]:
    for line in read_lines(folder, first, end):
        try:
            yield parse_head(line.data)
        except NotCanonical:
            continue

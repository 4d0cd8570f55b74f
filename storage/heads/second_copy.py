"""The heads in a second place: another disk, another machine's share, something that is written once.

Whoever owns this machine can make journals, ledger and heads anew; what was signed before and lies elsewhere is out of
their reach.
A copy is a folder `<second place>/<node>` with the same files of heads. Only heads: they say what the leaves were.

The copy may be behind, and is brought up when the place is there again. It is never changed but at its end: a copy
that says otherwise than the original stays as it is, for that is what it is for.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from storage.disk import Disk, SystemDisk, append_fully
from storage.heads.line_log import log_paths

BLOCK_BYTES = 1 << 20


class CopyDiffersError(Exception):
    """The second copy and the original contradict each other; the message says where."""


class SecondCopy:
    """Used by one thread at a time; its calls block, as long as the place does."""

    def __init__(self, original: Path, place: Path, node: str, disk: Disk | None = None) -> None:
        self._original = original
        self._place = place
        self.folder = place / node
        self._disk = disk or SystemDisk()
        self._same: dict[str, int] = {}  # files, and how much of them was compared or copied

    def catch_up(self, newest: str, durable_bytes: int) -> None:
        """Copy what is missing, up to what is durable of the newest file.

        Raises:
            CopyDiffersError: nothing was copied.
            OSError: the place refuses; the next time goes on where this one stopped.
        """
        if not newest:
            return
        if not self._place.is_dir():  # a share that is not mounted must not become a folder of this disk
            raise FileNotFoundError(2, "the folder is not there: is it mounted?", str(self._place))
        self.folder.mkdir(mode=0o700, exist_ok=True)
        sizes = {path.name: path.stat().st_size for path in log_paths(self._original) if path.name < newest}
        sizes[newest] = durable_bytes
        for words in differences(self._original, self.folder, sizes_of(self.folder), sizes, self._same):
            raise CopyDiffersError(words)
        for name, size in sizes.items():
            if self._same.get(name) != size:
                self._copy(name, size)
                self._same[name] = size

    def _copy(self, name: str, size: int) -> None:
        target = self.folder / name
        new = not target.exists()
        descriptor = self._disk.create(str(target)) if new else self._disk.open_existing(str(target))
        self._same.pop(name, None)  # if this fails the file is compared again
        try:
            with (self._original / name).open("rb") as source:
                source.seek(target.stat().st_size)
                left = size - source.tell()
                while left > 0 and (block := source.read(min(left, BLOCK_BYTES))):
                    append_fully(self._disk, descriptor, (block,))
                    left -= len(block)
            self._disk.sync_file(descriptor)
        finally:
            self._disk.close(descriptor)
        if new:
            self._disk.sync_directory(str(self.folder))
            self._disk.sync_directory(str(self._place))


def differences(
    original: Path, copy: Path, copied: dict[str, int], sizes: dict[str, int], known: dict[str, int] | None = None
) -> Iterator[str]:
    """Where the copy is not the beginning of the original; `known` parts are the same.

    `copied` are the sizes of the copy's files, asked for before `sizes` of the original's: both grow meanwhile.
    """
    known = known or {}
    for name, size in copied.items():
        path = copy / name
        if path.name not in sizes:
            yield f"{path} is not among the heads here: they were removed, or the store was put back from an older copy"
        elif size > sizes[path.name]:
            yield f"{path} has heads that are not here: they were removed, or the store was put back from an older copy"
        elif size != known.get(name) and (at := _first_difference(original / path.name, path)) is not None:
            yield f"{path}, line {at}, is not what {original / path.name} has there"


def _first_difference(original: Path, copy: Path) -> int | None:
    """The line, from 1, in which the copy departs from the original, as far as it goes."""
    with original.open("rb") as one, copy.open("rb") as other:
        for number, line in enumerate(other, start=1):
            if not (one.readline() or b"").startswith(line):
                return number
    return None


def sizes_of(folder: Path) -> dict[str, int]:
    return {path.name: os.stat(path).st_size for path in log_paths(folder)}

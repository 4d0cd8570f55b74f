"""Append-only files of numbered lines: leaves in one folder, heads in another.

`<number of the first line, 12 digits>.jsonl`. The number of a line is that of its file's first and its place in the
file; so a line in the middle that is damaged moves no other. Everything here blocks. Not here: what is in a line.

Invariants: lines are durable when `append` returns; after it failed the next one first cuts off what may be there of
them, and after a failed sync it begins a new file (rule R7).
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.disk import Disk, append_fully
from storage.key_file import sync_folder

_SUFFIX = ".jsonl"
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class CutTail:
    """The end of a write that a crash interrupted: cut off at start, and kept in `kept_in` beside the file."""

    file: str
    offset: int
    size_bytes: int
    kept_in: str


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line as it stands in its file, without the line feed."""

    number: int
    file: str
    place: int  # in the file, from 1
    data: bytes
    complete: bool  # its line feed is there


class LineLog:
    """The end of such a folder. Used by one thread at a time."""

    def __init__(self, folder: Path, *, is_whole: Callable[[bytes], bool], lines_max: int, disk: Disk) -> None:
        self.folder = folder
        self._is_whole = is_whole
        self._lines_max = lines_max
        self._disk = disk
        self._descriptor = -1
        self._path = folder
        self._first = 0  # number of the open file's first line
        self._durable_bytes = 0
        self._unsure = False  # the file may be longer than what is durable
        self._spent = True  # nothing more is written into the open file
        self.end = 0  # number of the next line

    @property
    def durable(self) -> tuple[str, int]:
        """The newest file's name, and how much of it is durable; an empty name when there is none."""
        return ("", 0) if self._descriptor < 0 else (self._path.name, self._durable_bytes)

    def open(self, settled: int, first: int = 0) -> CutTail | None:
        """Find the end; cut what a crash left half written. Lines before number `settled` once were whole and stay as
        they are: if they are damaged or gone, others have to say so, and numbering goes on behind them.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = log_paths(self.folder)
        self.end = max(first, settled)
        cut = None
        if paths:
            self._path, self._first = paths[-1], int(paths[-1].stem)
            data = self._path.read_bytes()
            whole = self._true_end(data, settled)
            self._descriptor = self._disk.open_existing(str(self._path))
            if whole < len(data):
                cut = CutTail(self._path.name, whole, len(data) - whole, _keep(self._path, whole, data[whole:]))
                self._disk.truncate(self._descriptor, whole)
            self._disk.sync_file(self._descriptor)  # it may have been in memory only when the process before died
            self._durable_bytes = whole
            torn_but_settled = whole > 0 and data[whole - 1] != 0x0A
            end = self._first + data.count(b"\n", 0, whole) + torn_but_settled
            self.end = max(self.end, end)
            self._spent = torn_but_settled or end < self.end
        sync_folder(self.folder)
        return cut

    def append(self, lines: Sequence[bytes]) -> None:
        """Write these lines and sync once.

        Raises:
            OSError: none of them is in the log.
        """
        self.cut_back()
        if self._descriptor < 0 or self._spent or self.end - self._first >= self._lines_max:
            self._begin_file()
        self._unsure = True
        block = b"".join(line + b"\n" for line in lines)
        append_fully(self._disk, self._descriptor, (block,))
        try:
            self._disk.sync_file(self._descriptor)
        except OSError:
            self._spent = True  # never retry and trust
            raise
        self._durable_bytes += len(block)
        self._unsure = False
        self.end += len(lines)

    def cut_back(self) -> None:
        """Take away what a failed append may have left.

        Raises:
            OSError: it may still be there.
        """
        if self._unsure:
            self._disk.truncate(self._descriptor, self._durable_bytes)
            self._disk.sync_file(self._descriptor)
            self._unsure = False

    def close(self) -> None:
        if self._descriptor >= 0:
            self._disk.close(self._descriptor)
            self._descriptor = -1

    def _true_end(self, data: bytes, settled: int) -> int:
        """Where the last whole line ends. A broken one that has whole ones behind it is no torn write."""
        whole = len(data)
        while whole:
            start = data.rfind(b"\n", 0, whole - 1) + 1
            line = data[start:whole]
            if line.endswith(b"\n") and self._is_whole(line[:-1]):
                break
            if self._first + data.count(b"\n", 0, start) < settled:
                break
            whole = start
        return whole

    def _begin_file(self) -> None:
        path = self.folder / f"{self.end:0{_DIGITS}d}{_SUFFIX}"
        if self._descriptor >= 0:
            self.close()
            if self._durable_bytes == 0 and self._path == path:
                self._disk.unlink(str(path))  # an empty one whose sync failed has the name
        descriptor = self._disk.create(str(path))
        try:
            self._disk.sync_directory(str(self.folder))
        except OSError:
            self._disk.close(descriptor)
            self._disk.unlink(str(path))  # or the next attempt would find its name taken
            raise
        self._descriptor, self._path, self._first = descriptor, path, self.end
        self._durable_bytes, self._spent = 0, False


def log_paths(folder: Path) -> list[Path]:
    """The files in the order of their lines."""
    return sorted(path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def read_lines(folder: Path, first: int, end: int) -> Iterator[NumberedLine]:
    """The lines with numbers from `first` up to before `end`, as the files have them; some may be missing."""
    paths = log_paths(folder)
    starts = [int(path.stem) for path in paths]
    for index, path in enumerate(paths):
        if index + 1 < len(paths) and starts[index + 1] <= first:
            continue
        with path.open("rb") as file:
            for place, line in enumerate(file):
                number = starts[index] + place
                if number >= end:
                    return
                if number >= first:
                    yield NumberedLine(number, path.name, place + 1, line.removesuffix(b"\n"), line.endswith(b"\n"))


def _keep(path: Path, offset: int, torn: bytes) -> str:
    """Put the torn bytes into a file of their own, durably, before they are cut off."""
    kept = path.with_name(f"{path.name}.{offset}.{hashlib.sha256(torn).hexdigest()[:8]}.torn")
    with kept.open("wb") as file:
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
    return kept.name

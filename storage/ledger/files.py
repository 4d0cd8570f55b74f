"""The files of the ledger: opened, repaired at the end, appended to, rotated, read.

`DATA_DIR/ledger/<number of the first entry>.jsonl`. Everything here blocks and runs in the
ledger's own thread. What should not be here: the database, and judgement about what is broken
(proof.py).
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.ledger.entry import GENESIS, BrokenLineError, Entry, parse_line

# A file is read whole at start, to find its true end; at this size that takes some 0.2 s.
FILE_MAX_BYTES = 16 * 1024 * 1024

_SUFFIX = ".jsonl"
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class CutTail:
    """What was cut off the last file at start: the end of a write that a crash interrupted.

    Nothing is thrown away: the bytes are kept in `kept_in`, beside the file."""

    file: str
    offset: int
    size_bytes: int
    kept_in: str


@dataclass(frozen=True, slots=True)
class Line:
    """A raw line and where it stands, for whoever judges it."""

    file: str
    number: int  # from 1
    data: bytes  # without the line feed
    complete: bool  # its line feed is there


@dataclass(frozen=True, slots=True)
class Disk:
    """The lowest seam: what a test makes fail."""

    write: Callable[[int, bytes], int] = os.write
    sync: Callable[[int], None] = os.fsync


class LedgerFiles:
    """The append-only end of the ledger. `head_n` and `head_digest` are those of the last durable entry."""

    def __init__(self, directory: Path, *, file_max_bytes: int = FILE_MAX_BYTES, disk: Disk | None = None) -> None:
        self._directory = directory
        self._file_max_bytes = file_max_bytes
        self._disk = disk or Disk()
        self._fd = -1
        self._durable_bytes = 0
        self._unsure = False  # the file may be longer than what is durable
        self._poisoned = False  # a sync failed: what the kernel holds of this file is not to be trusted
        self._path = directory
        self.head_n = 0
        self.head_digest = GENESIS

    def open(self) -> CutTail | None:
        """Find the end of the chain and make it durable; cut what a crash left half written."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        cut = None
        for path in reversed(ledger_paths(self._directory)):
            whole, torn, last = _true_end(path)
            if self._fd < 0:
                self._fd = os.open(path, os.O_WRONLY | os.O_APPEND)
                self._path = path
                if torn:
                    cut = CutTail(path.name, whole, len(torn), _keep(path, whole, torn))
                    os.ftruncate(self._fd, whole)
                self._disk.sync(self._fd)  # it may have been in memory only when the process before died
                self._durable_bytes = whole
            if last is not None:
                self.head_n, self.head_digest = last.n, last.digest
                break
        _sync_directory(self._directory)
        return cut

    def append(self, lines: list[bytes], last: Entry) -> None:
        """Write these lines, of which `last` is the last, and sync once.

        Raises:
            OSError: none of them is in the ledger; the next append first cuts off what may be there of them.
        """
        first_n = last.n - len(lines) + 1
        if self._unsure:
            os.ftruncate(self._fd, self._durable_bytes)
            os.fsync(self._fd)
            self._unsure = False
        if self._needs_new_file(first_n):
            self._begin_file(first_n)
        self._unsure = True
        block = memoryview(b"".join(line + b"\n" for line in lines))
        written = 0
        while written < len(block):
            written += self._disk.write(self._fd, block[written:].tobytes())
        try:
            self._disk.sync(self._fd)
        except OSError:
            self._poisoned = True  # rule R7: never retry and trust
            raise
        self._durable_bytes += len(block)
        self._unsure = False
        self.head_n, self.head_digest = last.n, last.digest

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def skip_to(self, n: int) -> None:
        """Number the next entry n + 1: entries up to n existed once, and a number is never given twice."""
        self.head_n = n

    def _needs_new_file(self, first_n: int) -> bool:
        if self._fd < 0 or self._poisoned:
            return True
        if self._durable_bytes == 0:
            return first_number(self._path.name) != first_n
        return self._durable_bytes >= self._file_max_bytes

    def _begin_file(self, first_n: int) -> None:
        if self._fd >= 0:
            if self._durable_bytes == 0:
                self._path.unlink(missing_ok=True)
            self.close()
        path = self._directory / f"{first_n:0{_DIGITS}d}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)  # or the next attempt would find its name taken
            raise
        self._fd, self._path, self._durable_bytes, self._poisoned = descriptor, path, 0, False


def ledger_paths(directory: Path) -> list[Path]:
    """The ledger's files in the order of their entries."""
    return sorted(path for path in directory.glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def first_number(file: str) -> int:
    """The number of the entry that a file begins with, by its name."""
    return int(file.removesuffix(_SUFFIX))


def read_lines(directory: Path, from_n: int = 1) -> Iterator[Line]:
    """All lines of the files that can hold entry `from_n` or a later one."""
    paths = ledger_paths(directory)
    starts = [first_number(path.name) for path in paths]
    for index, path in enumerate(paths):
        if index + 1 < len(paths) and starts[index + 1] <= from_n:
            continue
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield Line(path.name, number, line.removesuffix(b"\n"), line.endswith(b"\n"))


def copy_files(directory: Path, target: Path, last_n: int) -> None:
    """Copy the ledger up to entry `last_n` into a new folder, and sync it. Lines go over as they are."""
    target.mkdir(mode=0o700)
    for path in ledger_paths(directory):
        if first_number(path.name) > last_n:
            break
        descriptor = os.open(target / path.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with path.open("rb") as source, os.fdopen(descriptor, "wb") as copy:
            for line in source:
                copy.write(line)
                if _number_of(line) == last_n:
                    break
            copy.flush()
            os.fsync(copy.fileno())
    _sync_directory(target)


def _number_of(line: bytes) -> int | None:
    try:
        return parse_line(line.removesuffix(b"\n"))[0].n
    except BrokenLineError:
        return None  # broken lines are copied too: they are evidence


def _true_end(path: Path) -> tuple[int, bytes, Entry | None]:
    """Where the file's last entry ends, what stands behind it, and that entry.

    A line that does not parse but has true entries behind it is no torn write: it stays, for the
    proof to name.
    """
    data = path.read_bytes()
    whole, last = len(data), None
    while whole and last is None:
        start = data.rfind(b"\n", 0, whole - 1) + 1
        line = data[start:whole]
        try:
            if not line.endswith(b"\n"):
                raise BrokenLineError("no line feed")
            last, _ = parse_line(line[:-1])
        except BrokenLineError:
            whole = start
    return whole, data[whole:], last


def _keep(path: Path, offset: int, torn: bytes) -> str:
    """Put the torn bytes into a file of their own, durably, before they are cut off."""
    kept = path.with_name(f"{path.name}.{offset}.{hashlib.sha256(torn).hexdigest()[:8]}.torn")
    with kept.open("wb") as file:
        file.write(torn)
        file.flush()
        os.fsync(file.fileno())
    return kept.name


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

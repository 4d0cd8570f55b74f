"""The lowest seam to the file system: the few calls with which footage is made durable.

Everything that writes, syncs, renames or removes a segment file goes through a `Disk`, so that a
test can kill the process, fail or shorten any single call. Reading is not here: a reader that
dies harms nobody.

All methods raise OSError and nothing else, and none of them retries.
"""

import ctypes
import os
from collections.abc import Sequence
from typing import Protocol

IOV_MAX = 1024  # pieces one writev may take (POSIX promises 16, Linux has 1024)


class Disk(Protocol):
    def create(self, path: str) -> int:
        """A new file, opened for appending. FileExistsError when the name is taken."""

    def open_existing(self, path: str) -> int:
        """A file that exists, opened for appending."""

    def open_directory(self, path: str) -> int:
        """A descriptor that names the file system of `path` for `sync_filesystem`."""

    def make_directory(self, path: str) -> None: ...

    def make_link(self, target: str, path: str) -> None:
        """A symbolic link: one system call, no content to sync."""

    def append(self, descriptor: int, pieces: Sequence[bytes]) -> int:
        """One writev of at most IOV_MAX pieces; answers how many bytes were taken."""

    def truncate(self, descriptor: int, size_bytes: int) -> None: ...

    def sync_file(self, descriptor: int) -> None: ...

    def sync_filesystem(self, descriptor: int) -> None: ...

    def sync_directory(self, path: str) -> None: ...

    def rename(self, path: str, to: str) -> None: ...

    def unlink(self, path: str) -> None: ...

    def close(self, descriptor: int) -> None: ...


class SystemDisk:
    """The real one."""

    def __init__(self) -> None:
        # Python has no syncfs. Since Linux 5.8 it reports write-back errors that happened after
        # the descriptor was opened, so the descriptor must be a long-lived one.
        self._syncfs = ctypes.CDLL(None, use_errno=True).syncfs

    def create(self, path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def open_existing(self, path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def open_directory(self, path: str) -> int:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def make_directory(self, path: str) -> None:
        os.mkdir(path, 0o750)

    def make_link(self, target: str, path: str) -> None:
        os.symlink(target, path)

    def append(self, descriptor: int, pieces: Sequence[bytes]) -> int:
        return os.writev(descriptor, pieces)

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        os.ftruncate(descriptor, size_bytes)

    def sync_file(self, descriptor: int) -> None:
        os.fdatasync(descriptor)  # the size of a grown file is data to it; times are not

    def sync_filesystem(self, descriptor: int) -> None:
        if self._syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"syncfs: {os.strerror(number)}")

    def sync_directory(self, path: str) -> None:
        descriptor = self.open_directory(path)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, path: str, to: str) -> None:
        os.rename(path, to)

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)


def append_fully(disk: Disk, descriptor: int, pieces: Sequence[bytes]) -> None:
    """Append all pieces, over as many calls as the kernel wants.

    Raises:
        OSError: some of the bytes may be in the file; where they end nobody knows without asking.
    """
    for start in range(0, len(pieces), IOV_MAX):
        batch = pieces[start : start + IOV_MAX]
        missing = sum(map(len, batch)) - disk.append(descriptor, batch)
        if missing:  # a signal, a quota, a disk about to be full
            rest = b"".join(batch)[-missing:]
            while rest:
                rest = rest[disk.append(descriptor, (rest,)) :]

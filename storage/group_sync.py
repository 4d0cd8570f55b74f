"""Making many open segments durable at once.

Two ways, one protocol: fdatasync on each file, or one syncfs for the file system that holds them
all. Measured on an SSD with 200 open files and 38 MB/s (docs/design/storage.md): one syncfs costs a
third of the time and of the CPU; on a file system shared with a heavy neighbour fdatasync may wait
for less of his data. Choose by the medium.

Not here: when to sync, and what a failure means for a segment (R7, recorder.archiver).
"""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from storage.disk import Disk


class GroupSync(Protocol):
    def __call__(self, descriptors: Sequence[int], folders: Collection[str]) -> Mapping[int, OSError]:
        """Make the names in these folders and everything written to these files so far durable.

        Answers the files for which it failed: all of them if a folder did.
        A descriptor that failed must never be synced again and trusted: the kernel reports an
        error once and may have dropped the data (R7).
        """

    def close(self) -> None: ...


class FdatasyncEach:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def __call__(self, descriptors: Sequence[int], folders: Collection[str]) -> Mapping[int, OSError]:
        failed: dict[int, OSError] = {}
        try:
            for folder in folders:
                self._disk.sync_directory(folder)
        except OSError as error:
            return dict.fromkeys(descriptors, error)
        for descriptor in descriptors:
            try:
                self._disk.sync_file(descriptor)
            except OSError as error:
                failed[descriptor] = error
        return failed

    def close(self) -> None:
        pass


class SyncfsOnce:
    """All files must be on the file system of `folder`. A failure is a failure of every one of them."""

    def __init__(self, disk: Disk, folder: str | os.PathLike[str]) -> None:
        self._disk = disk
        self._folder = disk.open_directory(os.fspath(folder))  # long-lived: see Disk.sync_filesystem

    def __call__(self, descriptors: Sequence[int], folders: Collection[str]) -> Mapping[int, OSError]:
        try:  # folders are on the same file system: one call for everything
            self._disk.sync_filesystem(self._folder)
        except OSError as error:
            return dict.fromkeys(descriptors, error)
        return {}

    def close(self) -> None:
        self._disk.close(self._folder)

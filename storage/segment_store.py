"""The media folder: which files there are, who may write them, how they come and go.

    DATA_DIR/lock                                       one process
    DATA_DIR/media/<yyyy-mm-dd>/<device>/<channel>/     <ULID>.mp4  <ULID>.journal
    DATA_DIR/media/open/<ULID>                          symbolic link to a segment that has no row yet
    DATA_DIR/media/originals/                           files that devices recorded themselves (originals)
    DATA_DIR/media/quarantine/                          files that nothing vouches for
    DATA_DIR/thumbnails/                                small pictures, which go with their segment (thumbnail_shelf)

A link in `open` is made before the segment and removed after its row is written, so a start looks
at what was in flight and not at millions of files.

Not here: what is in the files (segment_writer, segment_reader), what to keep (recorder.ring).
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from storage.clock import Clock
from storage.disk import Disk, SystemDisk
from storage.originals import ORIGINALS, OriginalStore
from storage.segment import CUT_SUFFIX, JOURNAL_SUFFIX, MEDIA_SUFFIX, SegmentHeader, journal_beside
from storage.segment_writer import SegmentWriter
from storage.thumbnail_shelf import ThumbnailShelf

OPEN = "open"
QUARANTINE = "quarantine"
_NOT_DAYS = frozenset({OPEN, ORIGINALS, QUARANTINE})


class StoreLockedError(Exception):
    """Another process has this store open: only one may write it."""


class StoreLock:
    """Held by the one process that writes the store; the kernel lets go when it dies."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise StoreLockedError(
                f"{path.parent} is in use by another mingjing process; stop it, or choose another --data-dir"
            ) from error

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


class SegmentStore:
    """The media folder under `root` (DATA_DIR). Its calls block on the disk: never in the event loop."""

    def __init__(self, root: str | os.PathLike[str], clock: Clock, *, disk: Disk | None = None) -> None:
        self.root = Path(root)
        self.media = self.root / "media"
        self.clock = clock
        self.disk = disk or SystemDisk()
        self.originals = OriginalStore(self.media, self.disk)
        self.thumbnails = ThumbnailShelf(self.root)
        self._folders = threading.Lock()  # a folder is not removed while a segment is being made in it

    def lock(self) -> StoreLock:
        """Take the store, or raise StoreLockedError at once. Makes the folders that are missing."""
        self.root.mkdir(mode=0o750, parents=True, exist_ok=True)
        lock = StoreLock(self.root / "lock")
        try:
            for folder in (self.media, self.media / OPEN, self.media / QUARANTINE):
                for changed in self._make_folder(folder):
                    self.disk.sync_directory(changed)
        except BaseException:
            lock.release()
            raise
        return lock

    def create(self, header: SegmentHeader, init: bytes, clock_rates: Mapping[int, int]) -> SegmentWriter:
        """Make the files of a segment and write its header.

        `init` is the file header made with `header.identity()`; `clock_rates` are those of its
        tracks. The names become durable with the writer's first sync (`folders_to_sync`), before
        which nothing is promised: 200 streams that begin at once wait for one sync, not for a
        thousand.

        Raises:
            OSError: the disk refused; what was made of the segment is removed again.
        """
        path = self.media / header.path
        made: list[Path] = []
        descriptors: list[int] = []
        try:
            with self._folders:
                folders = self._make_folder(path.parent)
                link = self.media / OPEN / header.segment
                self.disk.make_link(f"../{header.path}", str(link))
                made.append(link)
                for file in (path, Path(journal_beside(str(path)))):
                    descriptors.append(self.disk.create(str(file)))
                    made.append(file)
            writer = SegmentWriter(
                self.disk,
                self.clock,
                header=header,
                media_path=str(path),
                media=descriptors[0],
                journal=descriptors[1],
                folders=(str(link.parent), *folders, str(path.parent)),
                clock_rates=clock_rates,
            )
            writer.begin(init)
        except OSError:
            for descriptor in descriptors:
                self.disk.close(descriptor)
            for file in reversed(made):  # the link last: while it stands, a start would find the rest
                with contextlib.suppress(OSError):
                    self.disk.unlink(str(file))
            raise
        return writer

    def unsettled(self) -> list[Path]:
        """Segment files that were made but not yet settled, oldest first; some may not exist."""
        found: list[Path] = []
        for link in sorted(os.scandir(self.media / OPEN), key=lambda entry: entry.name):
            with contextlib.suppress(FileNotFoundError):  # settled since, where segments come and go meanwhile
                found.append(self.media / os.readlink(link.path).removeprefix("../"))
        return found

    def is_unsettled(self, segment: str) -> bool:
        """Whether it may still be open, or lack its row."""
        return os.path.lexists(self.media / OPEN / segment)

    def settle(self, segment: str) -> None:
        """The segment has its row, or is gone. Forgetting this is harmless: the row is written again."""
        with contextlib.suppress(FileNotFoundError):
            self.disk.unlink(str(self.media / OPEN / segment))

    def segments(self) -> Iterator[Path]:
        """Every segment file in the store, day by day."""
        for folder, files in self._walk():
            for file in sorted(files):
                if file.endswith(MEDIA_SUFFIX):
                    yield Path(folder, file)

    def counts(self) -> Iterator[tuple[tuple[str, str, str], int]]:
        """Each folder of a day, device and channel, and how many segment files are in it; no path is made for each
        of ten million, and whoever counts may stop after any folder.
        """
        for folder, files in self._walk():
            count = sum(file.endswith(MEDIA_SUFFIX) for file in files)
            place = Path(folder).relative_to(self.media).parts
            if count and len(place) == 3:  # what lies elsewhere is a stray
                yield (place[0], place[1], place[2]), count

    def places(self) -> Iterator[tuple[str, str, str]]:
        """Each folder of a day, device and channel, the newest day first; what is in it is not looked at."""
        for day in reversed(self._days()):
            for device in _folders(self.media / day):
                for channel in _folders(self.media / day / device):
                    yield day, device, channel

    def _days(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.media) if entry.name not in _NOT_DAYS)

    def _walk(self) -> Iterator[tuple[str, list[str]]]:
        """Each folder of a day, and the names in it."""
        for day in self._days():
            for folder, folders, files in os.walk(self.media / day):
                folders.sort()
                yield folder, files

    def strays(self) -> Iterator[Path]:
        """Files that are no part of any segment: a journal without its file, or something foreign."""
        for folder, files in self._walk():
            stems = {file.removesuffix(MEDIA_SUFFIX) for file in files if file.endswith(MEDIA_SUFFIX)}
            for file in sorted(files):
                if file.split(".")[0] not in stems or not file.endswith(_SUFFIXES):
                    yield Path(folder, file)

    def quarantined(self) -> Iterator[Path]:
        """What waits for a person's eye."""
        yield from sorted((self.media / QUARANTINE).iterdir())

    def relative(self, path: Path) -> str:
        """How rows name a segment file."""
        return path.relative_to(self.media).as_posix()

    def set_aside(self, path: Path) -> Path:
        """Move everything of a segment, or a stray file, into quarantine; where its main file is now (R6)."""
        quarantine = self.media / QUARANTINE
        for file in self._files_of(path):
            self.disk.rename(str(file), str(quarantine / file.name))
        self.disk.sync_directory(str(quarantine))
        self.disk.sync_directory(str(path.parent))
        self.settle(path.stem)
        self.thumbnails.remove(path.stem)
        return quarantine / path.name

    def remove(self, path: Path) -> None:
        """Delete everything of a segment, durably, and the thumbnails of it.

        Only the ring may, after its row is garbage, and whoever made a segment and recorded nothing in it.
        """
        for file in self._files_of(path):
            self.disk.unlink(str(file))
        with contextlib.suppress(FileNotFoundError):
            self.disk.sync_directory(str(path.parent))
        self.thumbnails.remove(path.stem)
        self._remove_empty_folders(path.parent)

    def _files_of(self, path: Path) -> list[Path]:
        if path.suffix != MEDIA_SUFFIX:
            return [path]
        names = [path, Path(journal_beside(str(path)))]
        names += [Path(f"{name}{CUT_SUFFIX}") for name in names]
        return [name for name in names if name.exists()]

    def _make_folder(self, folder: Path) -> list[str]:
        """The folders that were changed by making it, to be synced from the outermost on."""
        if folder.is_dir():
            return []
        changed = self._make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            self.disk.make_directory(str(folder))
        return [*changed, str(folder.parent)]

    def _remove_empty_folders(self, folder: Path) -> None:
        with self._folders:
            while folder != self.media:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    pass
                except OSError:
                    return  # not empty
                folder = folder.parent


_SUFFIXES = tuple(f"{suffix}{cut}" for suffix in (MEDIA_SUFFIX, JOURNAL_SUFFIX) for cut in ("", CUT_SUFFIX))


def _folders(of: Path) -> list[str]:
    """The names of those in it; none where it is no folder."""
    try:
        return sorted(entry.name for entry in os.scandir(of) if entry.is_dir())
    except NotADirectoryError:
        return []  # a stray file among the days

"""Small pictures of footage on disk, for who looks for a moment: made anew whenever one is missing.

    DATA_DIR/thumbnails/<segment>/<sequence>.jpg    of the key picture with this number

They are no evidence and in no backup, no row and no journal tells of them, and nothing is synced for them. They go with
their segment: `SegmentStore.remove` and `set_aside` take both, whoever deletes. Together they hold at most
`BYTES_MAX`; the least recently used go first, by what this process has seen used, and by age before that.

Its calls block on the disk: never in the event loop. Not here: how they are made (workers), of which picture
(recorder).
"""

import contextlib
import os
import shutil
from collections import OrderedDict
from pathlib import Path
from threading import Lock

THUMBNAILS = "thumbnails"
BYTES_MAX = 256 << 20  # 60,000 of them: what fifty people look through in a week
BLOCK_BYTES = 4_096  # a file takes whole blocks
_SUFFIX = ".jpg"


class ThumbnailShelf:
    """The folder under `root` (DATA_DIR). It may be used from several threads."""

    def __init__(self, root: Path, *, bytes_max: int = BYTES_MAX) -> None:
        self.folder = root / THUMBNAILS
        self._bytes_max = bytes_max
        self._lock = Lock()
        self._known: OrderedDict[tuple[str, int], int] | None = None  # bytes on disk; the least recently used first
        self._bytes = 0

    def get(self, segment: str, sequence: int) -> bytes | None:
        try:
            data = self._path(segment, sequence).read_bytes()
        except OSError:
            return None  # whatever the reason: it is made again
        with self._lock:
            known = self._all()
            if (segment, sequence) in known:
                known.move_to_end((segment, sequence))
        return data

    def put(self, segment: str, sequence: int, data: bytes, footage: Path) -> None:
        """Keep it while its `footage` is there. A disk that is full or ill is no fault: then it is not kept."""
        path = self._path(segment, sequence)
        with self._lock, contextlib.suppress(OSError):
            known = self._all()
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
            self._forget((segment, sequence))
            known[segment, sequence] = _blocks(len(data))
            self._bytes += known[segment, sequence]
            while self._bytes > self._bytes_max and known:
                self._unlink(next(iter(known)))
        if not footage.exists():  # it went meanwhile, and whoever removed it may have been here before
            self.remove(segment)

    def remove(self, segment: str) -> None:
        """All of a segment."""
        shutil.rmtree(self.folder / segment, ignore_errors=True)
        with self._lock:
            if self._known is not None:
                for key in [key for key in self._known if key[0] == segment]:
                    self._forget(key)

    def _path(self, segment: str, sequence: int) -> Path:
        return self.folder / segment / f"{sequence}{_SUFFIX}"

    def _all(self) -> OrderedDict[tuple[str, int], int]:
        if self._known is None:
            found = sorted(_listed(self.folder))
            self._known = OrderedDict((key, size) for _, key, size in found)
            self._bytes = sum(self._known.values())
        return self._known

    def _forget(self, key: tuple[str, int]) -> None:
        assert self._known is not None
        self._bytes -= self._known.pop(key, 0)

    def _unlink(self, key: tuple[str, int]) -> None:
        self._forget(key)
        path = self._path(*key)
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # if it was the last one


def _listed(folder: Path) -> list[tuple[int, tuple[str, int], int]]:
    """When it was made, which it is, what it takes."""
    found = []
    for directory, _, files in os.walk(folder):
        segment = os.path.basename(directory)
        for name in files:
            number = name.removesuffix(_SUFFIX)
            if not (number.isdigit() and name.endswith(_SUFFIX)):
                continue
            with contextlib.suppress(FileNotFoundError):
                facts = os.stat(os.path.join(directory, name))
                found.append((facts.st_mtime_ns, (segment, int(number)), _blocks(facts.st_size)))
    return found


def _blocks(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES

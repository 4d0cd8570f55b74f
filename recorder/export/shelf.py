"""Where finished bundles rest until they expire: DATA_DIR/exports, one file each, and what room there is for more.

Not here: which of them are to stay (exports). Everything blocks.

Invariant: a file under its own name is whole. What is being written has `.part` behind it, and goes at the next start.
"""

import os
import re
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from recorder.disk_watch import DiskSpace, disk_space

WORKING = "making-"  # folders in which parts are made on the way begin so
_OURS = re.compile(rf"[0-9A-HJKMNP-TV-Z]{{26}}\.zip(?:\.part)?|{WORKING}[a-z0-9_]+")


class Shelf:
    def __init__(self, folder: Path, keep_free: float = 0.0, space: Callable[[Path], DiskSpace] = disk_space) -> None:
        """`keep_free` is the part of the disk that no export takes: recording needs it."""
        self.folder = folder
        self._keep_free = keep_free
        self._space = space

    def open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path_of(self, export_id: str) -> Path:
        return self.folder / f"{export_id}.zip"

    def size_of(self, export_id: str) -> int | None:
        """None: the file is not there."""
        try:
            return self.path_of(export_id).stat().st_size
        except OSError:
            return None

    def room_bytes(self) -> int:
        """How much may still be written."""
        space = self._space(self.folder)
        return max(0, space.free_bytes - round(self._keep_free * space.total_bytes))

    def remove(self, export_id: str) -> None:
        """The bundle, and what was begun of it."""
        path = self.path_of(export_id)
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.part").unlink(missing_ok=True)
        self._sync()

    def sweep(self, keep: Collection[str]) -> int:
        """Remove what belongs to none of these: half a bundle, or one that expired while the server went. How many."""
        wanted = {self.path_of(export_id).name for export_id in keep}
        found = [path for path in self.folder.iterdir() if _OURS.fullmatch(path.name) and path.name not in wanted]
        for path in found:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if found:
            self._sync()
        return len(found)

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

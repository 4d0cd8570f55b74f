"""The export that is being made: how far it is, whether it is still wanted, and how it failed.

Told and asked from the thread that writes as well as from the loop: each field is one value.
"""

import errno
import threading
from pathlib import Path

from recorder.export.export import Phase


class Cancelled(Exception):
    """It is not wanted any more: whoever makes it stops, and leaves nothing behind."""


class ExportFailed(Exception):
    """It cannot be made: a sentence for whoever ordered it, and what to do."""

    def __init__(self, words: str, fix: str) -> None:
        super().__init__(words)
        self.fix = fix


class Running:
    """`done` of `total` of a phase, in bytes where bytes are written, else in passages; a total of 0: nobody knows."""

    def __init__(self, export: str, path: Path, since_utc_ns: int) -> None:
        self.export = export
        self.path = path
        self.since_utc_ns = since_utc_ns
        self.progress: tuple[Phase, int, int] = (Phase.SIGNING, 0, 0)
        self._cancelled = threading.Event()

    def tell(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """
        Raises:
            Cancelled: nobody wants it any more.
        """
        self.progress = (phase, done, total)
        if self._cancelled.is_set():
            raise Cancelled

    def cancel(self) -> None:
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()


def words_of(error: Exception) -> ExportFailed:
    """What an error of the disk or of footage means to whoever ordered it."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExportFailed("The disk is full.", "Cancel packages that nobody needs any more, and order it again.")
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    fix = "Tell the system admin: `mingjing store check` names what is damaged. Order the other clips without it."
    return ExportFailed(f"Footage of it cannot be read: {why}.", fix)

"""The key that signs heads, in a file of its own, and how another takes its place.

    DATA_DIR/heads.key         the private key, mode 0600; made at the first start
    DATA_DIR/heads.key.next    its successor, from before its first head is signed until it has taken the place

A server that is killed in between finds what to do in its newest head: a successor that has signed one takes the
place, one that has not goes away. A new key is made by itself only where no head was ever signed: otherwise a lost file
would go unnoticed, and everything signed before would hang in the air.
"""

import contextlib
import os
import shutil
from pathlib import Path

from storage.heads.signer import DEFAULT_SCHEME, Scheme, Signer
from storage.key_file import make_key_file, read_key_file, sync_folder

HEADS_KEY_FILE = "heads.key"


class HeadKeyMissing(Exception):
    """Nothing can be signed. The message says why and what to do."""


class KeyRing:
    """One key, or the reason why there is none. Its calls block."""

    def __init__(self, path: Path, scheme: Scheme = DEFAULT_SCHEME) -> None:
        self._path = path
        self._next = path.with_name(path.name + ".next")
        self._scheme = scheme
        self._signer: Signer | None = None
        self.why_missing = ""

    @property
    def signer(self) -> Signer:
        """Raises HeadKeyMissing."""
        if self._signer is None:
            raise HeadKeyMissing(self.why_missing)
        return self._signer

    @property
    def has_key(self) -> bool:
        return self._signer is not None

    def open(self, signed_last: str | None) -> None:
        """Read the key. `signed_last` names the key of the newest head; None: there are no heads, and a key is made.

        Raises:
            OSError: the disk refuses.
        """
        self._finish_change(signed_last)
        if signed_last is None and not self._path.exists():
            make_key_file(self._path, self._scheme.new_key())
        self._signer, self.why_missing = None, ""
        try:
            signer = self._scheme.signer(read_key_file(self._path))
        except FileNotFoundError:
            self.why_missing = f"{self._path} is missing, with which the heads so far were signed: {_WHAT_TO_DO}"
        except ValueError as error:
            self.why_missing = f"{self._path} holds no key ({error}): {_WHAT_TO_DO}"
        else:
            if signed_last in (None, signer.key):
                self._signer = signer
            else:
                self.why_missing = f"{self._path} holds another key than the newest head was signed with: {_WHAT_TO_DO}"

    def begin_change(self) -> Signer:
        """Make the successor, durably. It counts from its first head on; then `end_change`.

        If that head cannot be written the file stays: the head may yet be found after a crash, and then its key is.
        """
        self._next.unlink(missing_ok=True)
        private = self._scheme.new_key()
        make_key_file(self._next, private)
        return self._scheme.signer(private)

    def end_change(self, successor: Signer) -> None:
        """A head by the successor is durable: it takes the place, and the key before is gone."""
        os.replace(self._next, self._path)
        sync_folder(self._path.parent)
        self._signer, self.why_missing = successor, ""

    def copy_to(self, folder: Path) -> None:
        """With its mode; nothing where it is missing."""
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(self._path, folder)

    def _finish_change(self, signed_last: str | None) -> None:
        try:
            successor = self._scheme.signer(read_key_file(self._next))
        except FileNotFoundError:
            return
        except ValueError:
            successor = None
        if successor is not None and successor.key == signed_last:
            os.replace(self._next, self._path)
            sync_folder(self._path.parent)
        else:
            self._next.unlink()


_WHAT_TO_DO = (
    "put the key back from a backup and start anew, or have a new one made by `mingjing audit rotate-key --lost`,"
    " for which the old one cannot vouch"
)

"""A file that holds a key: its owner's alone, whole or not there at all.

Not here: what the key is for (secret_box, heads).
"""

import os
from pathlib import Path

KEY_FILE_MAX_BYTES = 16_384  # a private key in PEM has some hundred bytes


def make_key_file(path: Path, content: bytes) -> None:
    """The whole file or none, also when the power goes: written aside, synced, then given its name.

    Raises:
        FileExistsError: there is one; it is as it was.
        OSError: the disk refused.
    """
    if path.exists():
        raise FileExistsError(path)
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(aside, path)  # unlike a rename it never replaces a key
    finally:
        aside.unlink()
    sync_folder(path.parent)


def read_key_file(path: Path) -> bytes:
    """Its content; one that others could read, as after a restore by hand, is closed to them.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
        return file.read(KEY_FILE_MAX_BYTES)


def sync_folder(folder: Path) -> None:
    """Make the names in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
